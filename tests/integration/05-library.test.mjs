// 05-library - the functions in Redis, called as the bridge and as backends call them: positions, logs, what a read
// tells about completeness, and the recorder's compare-and-append. Everything else depends on these.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { areIncreasing, comparePositions, numbers } from '../lib/position.mjs';
import { Resp } from '../lib/resp.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

// A Redis that has the library and no data, and no bridge that is running.
async function library(scene, env) {
  const { redis, bridge } = await scene.start(env);
  await bridge.stop();
  await redis.call('FLUSHALL');
  redis.fn = (name, ...args) => redis.call('FCALL', `bridge_v2_${name}`, 1, 'bridge:position', ...args);
  redis.read = async (after, limit, ...names) => {
    const [newest, genesis, until, more, floors, entries] = await redis.fn('read', after, limit, 1 << 18, ...names);
    return {
      newest,
      genesis,
      until,
      more: more === '1',
      floors: numbers(0, floors.length / 5 - 1).map((i) => {
        const [has, oldest, trimmed, expired, missed] = floors.slice(5 * i, 5 * i + 5);
        return { has: has === '1', oldest, trimmed, expired, missed };
      }),
      entries: entries.map(([id, channel, previous, event, from, data]) => ({ id, channel, previous, event, from, data })),
    };
  };
  return redis;
}

const fieldsOf = ([, list]) => Object.fromEntries(numbers(0, list.length / 2 - 1).map((i) => [list[2 * i], list[2 * i + 1]]));

// Two publishers in the same millisecond, and a clock that is set back: ids must never repeat or decrease, or a browser
// would skip a message.
story('positions strictly increase, within a millisecond and when the clock is set back', async (scene) => {
  const redis = await library(scene);
  const many = await Promise.all(numbers(1, 500).map((i) => redis.record(`public:${i % 7}`, `m${i}`)));
  assert.ok(areIncreasing(many), 'positions over several channels');
  const future = Date.now() + 3_600_000;
  await redis.call('SET', 'bridge:position', `${future}-7`);
  assert.equal(await redis.record('public:a', 'x'), `${future}-8`);
  assert.equal(await redis.record('public:b', 'x'), `${future}-9`);
  assert.equal(await redis.call('GET', 'bridge:position'), `${future}-9`);
});

// In a deploy two releases run side by side, and each loads the library. The previous one calls functions without keys.
story('a call without keys does the same as one that declares the key of the default prefix', async (scene) => {
  const redis = await library(scene);
  const keyless = (name, ...args) => redis.call('FCALL', `bridge_v2_${name}`, 0, ...args);
  const first = await keyless('publish', 'public:a', 'one', '', '', '');
  const second = await redis.fn('publish', 'public:a', 'two', '', '', '');
  assert.ok(comparePositions(first, second) < 0);
  const read = ['read', '0-0', 10, 1 << 18, 'ppublic:*'];
  assert.deepEqual(await keyless(...read), await redis.fn(...read));
  assert.equal(await keyless('beat', 'w'), await redis.fn('beat', 'w'));
  assert.deepEqual((await redis.call('KEYS', '*')).sort(), 
    ['bridge:channels', 'bridge:channels:since', 'bridge:genesis', 'bridge:log:public:a', 'bridge:position']);
});

story('the declared key selects the prefix: the configured one, or that with a hash tag; any other key is refused', async (scene) => {
  const redis = await library(scene);
  const at = (key, name, ...args) => redis.call('FCALL', `bridge_v2_${name}`, 1, key, ...args);
  const record = (key, data) => at(key, 'publish', 'public:a', data, '', '', '');
  await record('bridge:{7}:position', 'of a shard');
  await record('bridge:position', 'ours');
  assert.deepEqual((await redis.call('KEYS', 'bridge:{7}:*')).sort(),
    ['channels', 'channels:since', 'genesis', 'log:public:a', 'position'].map((name) => `bridge:{7}:${name}`));
  const [, , , , , entries] = await at('bridge:{7}:position', 'read', '0-0', 10, 1 << 18, 'ppublic:*');
  assert.deepEqual(entries.map(([, , , , , data]) => data), ['of a shard']);
  for (const key of ['bridge:genesis', 'position', 'other:position', 'bridge:{}:position', 'bridge:x:position', 'bridge:{7}:x:position']) {
    await assert.rejects(record(key, 'x'), /^Error: BADKEY/, key);
  }
  await assert.rejects(redis.record('bridge:{7}:log:public:a', 'x'), /BADCHANNEL.*internal/);
  assert.equal(await redis.call('XLEN', 'bridge:log:public:a'), 1);
});

// What an operator sees with redis-cli.
story('an entry in the log has its payload, its predecessor and its event; the log expires after BRIDGE_HISTORY_TTL', async (scene) => {
  const redis = await library(scene, { BRIDGE_HISTORY_TTL: '90s' });
  const first = await redis.record('public:a', 'one');
  await redis.record('public:b', 'other');
  const second = await redis.record('public:a', 'two', 'tick');
  const log = await redis.call('XRANGE', 'bridge:log:public:a', '-', '+');
  assert.deepEqual(log.map(([id]) => id), [first, second]);
  assert.deepEqual(fieldsOf(log[0]), { d: 'one', p: '0-0' });
  assert.deepEqual(fieldsOf(log[1]), { d: 'two', p: first, e: 'tick' });
  const left = await redis.call('PTTL', 'bridge:log:public:a');
  assert.ok(left > 80_000 && left <= 90_000, `${left} ms left`);
  const [ms, seq] = second.split('-').map(Number);
  assert.equal(Number(await redis.call('ZSCORE', 'bridge:channels', 'public:a')), ms + seq / 4096);
});

// A backend's mistake gets a clear error, and must not become a message that nobody can receive.
story('bridge_publish refuses invalid channels, internal names, payloads that are too large and invalid events', async (scene) => {
  const redis = await library(scene, { BRIDGE_MAX_PAYLOAD: '1k' });
  const refused = (promise, pattern) => assert.rejects(promise, ({ message }) => pattern.test(message));
  await refused(redis.record('', 'x'), /^BADCHANNEL/);
  await refused(redis.record('a'.repeat(257), 'x'), /^BADCHANNEL/);
  await refused(redis.record('a\nb', 'x'), /^BADCHANNEL/);
  await refused(redis.record(Buffer.from([0x61, 0xff]), 'x'), /^BADCHANNEL/);
  await refused(redis.record('bridge:log:public:a', 'x'), /^BADCHANNEL.*internal/);
  await refused(redis.record('public:a', 'x'.repeat(1025)), /^TOOBIG/);
  await refused(redis.record('public:a', 'x', 'a\nb'), /^BADEVENT/);
  await refused(redis.call('FCALL', 'bridge_publish', 1, 'public:a'), /usage/);
  assert.match(await redis.record('a'.repeat(256), 'x'.repeat(1024)), /^\d+-\d+$/);
  assert.match(await redis.record('ünï:😀', ''), /^\d+-\d+$/);
  assert.deepEqual((await redis.call('KEYS', 'bridge:log:*')).length, 2);
});

// What the library accepts and the bridge refuses would be recorded and never delivered.
story('channel and event names are valid exactly if the shared table says so', async (scene) => {
  const redis = await library(scene);
  const rows = readFileSync(new URL('../names.txt', import.meta.url), 'utf8').match(/^(?:good|bad) .*$/gm);
  assert.ok(rows.length > 20);
  for (const row of rows) {
    const [verdict, hex] = row.split(/ +/);
    const name = Buffer.from(hex.replace('-', ''), 'hex');
    const accepts = (...args) => redis.record(...args).then(() => true, ({ message }) => assert.match(message, /^BAD(CHANNEL|EVENT)/));
    assert.equal((await accepts(name, 'x')) ?? false, verdict === 'good', row);
    if (name.length > 0) assert.equal((await accepts('public:a', 'x', name)) ?? false, verdict === 'good', `as an event: ${row}`);
  }
});

// Someone stored something else at the key of a log. This one key must not keep the recorder from all later messages.
story('a key of another type in the place of a log is replaced', async (scene) => {
  const redis = await library(scene);
  await redis.call('SET', 'bridge:log:public:a', 'an accident');
  const id = await redis.record('public:a', 'x');
  assert.deepEqual((await redis.call('XRANGE', 'bridge:log:public:a', '-', '+')).map(([one]) => one), [id]);
});

// A WebSocket client repeats a publish after a reconnect.
story('a publish that repeats its key is recorded once per user and channel, and is answered with the first position', async (scene) => {
  const redis = await library(scene);
  const publish = (channel, from, key) => redis.fn('publish', channel, 'x', '', from, key);
  const first = await publish('public:a', 'ann', 'k1');
  assert.equal(await publish('public:a', 'ann', 'k1'), first);
  assert.notEqual(await publish('public:a', 'bob', 'k1'), first);
  assert.notEqual(await publish('public:a', 'ann', 'k2'), first);
  assert.notEqual(await publish('public:b', 'ann', 'k1'), first);
  assert.notEqual(await publish('public:a', 'ann', ''), await publish('public:a', 'ann', ''));
  assert.equal(await redis.call('XLEN', 'bridge:log:public:a'), 5);
  const [key] = await redis.call('KEYS', 'bridge:key:*');
  const left = await redis.call('PTTL', key);
  assert.ok(left > 110_000 && left <= 120_000, `${left} ms left`);
});

// When a browser comes back, it must be possible to tell whether something that it has missed is gone.
story('read returns pages in order over channels and patterns, with what is needed to detect gaps', async (scene) => {
  const redis = await library(scene);
  const ids = [];
  for (const i of numbers(1, 30)) ids.push(await redis.record(`chat:${i % 3}`, `m${i}`));
  await redis.record('other', 'x');

  let page = await redis.read(ids[4], 10, 'cchat:0', 'cchat:1', 'cchat:2');
  assert.deepEqual(page.entries.map(({ id }) => id), ids.slice(5, 15));
  assert.equal(page.until, ids[14]);
  assert.ok(page.more);
  page = await redis.read(ids[4], 100, 'pchat:[0-2]');
  assert.deepEqual(page.entries.map(({ data }) => data), numbers(6, 30).map((i) => `m${i}`));
  assert.ok(!page.more);
  assert.equal(page.until, page.newest);
  assert.deepEqual(page.floors.map(({ has, oldest }) => ({ has, oldest })), [{ has: true, oldest: ids[0] }]);
  page = await redis.read('0-0', 100, 'cchat:1', 'pchat:1', 'cnone');
  assert.equal(page.entries.length, 10, 'the entries of a channel that is named twice come once');
  assert.deepEqual(page.floors.map(({ has }) => has), [true, true, false]);

  const log = await redis.call('XRANGE', 'bridge:log:chat:1', '-', '+');
  await redis.call('XTRIM', 'bridge:log:chat:1', 'MAXLEN', 4);
  page = await redis.read('0-0', 100, 'cchat:1');
  assert.equal(page.floors[0].oldest, log[6][0]);
  assert.equal(page.floors[0].trimmed, log[5][0]);
  assert.equal(page.floors[0].missed, log[5][0], 'entries are known to have been');
});

// Without a limit in bytes, one browser that is far behind would delay all others that share the connection to Redis.
story('a page stops at its byte limit, but never before its first entry', async (scene) => {
  const redis = await library(scene);
  for (const i of numbers(1, 20)) await redis.record('public:a', `${i}`.padEnd(60_000, '.'));
  const page = await redis.read('0-0', 100, 'cpublic:a');
  assert.equal(page.entries.length, 4);
  assert.ok(page.more);
  assert.equal(page.until, page.entries[3].id);
  const [, , , , , entries] = await redis.fn('read', '0-0', 100, 10, 'cpublic:a');
  assert.equal(entries.length, 1);
});

story('the library matches patterns as PSUBSCRIBE does', async (scene) => {
  const redis = await library(scene);
  const names = ['a', 'ab', 'abc', 'a-c', 'a]c', 'a*c', 'a%c', 'a.c', 'x^y', 'ä', '[a]', 'a\\c', 'aXc', 'b'];
  for (const name of names) await redis.record(name, name);
  const globs = ['*', 'a?c', 'a*', 'a[b-]c', 'a[^b]c', 'a\\*c', 'a[\\]]c', '[a-b]', '[b-a]', 'a.c', 'a%c', '*c', '??', 'x[^]y',
    'a[*]c', '\\[a\\]', 'a\\\\c', '[^a]*', 'a[a-zA-Z]c', 'a[]c', 'x^y', '[ab]'];
  for (const glob of globs) {
    const expected = [];
    for (const name of names) {
      await redis.call('SET', `match:${name}`, '');
    }
    for (const key of await redis.call('KEYS', `match:${glob}`)) expected.push(key.slice('match:'.length));
    const page = await redis.read('0-0', 100, `p${glob}`);
    assert.deepEqual(page.entries.map(({ channel }) => channel).sort(), expected.sort(), glob);
  }
});

story('newest returns the position after which the newest entries come', async (scene) => {
  const redis = await library(scene);
  const ids = [];
  for (const i of numbers(1, 9)) ids.push(await redis.record(`chat:${i % 2}`, `m${i}`));
  const after = await redis.fn('newest', 3, 'pchat:*');
  assert.ok(comparePositions(after, ids[5]) >= 0 && comparePositions(after, ids[6]) < 0);
  const all = await redis.fn('newest', 100, 'cchat:0', 'cchat:1');
  assert.equal(all, '0-0');
  assert.equal((await redis.read(all, 100, 'pchat:*')).entries.length, 9);
  assert.equal(await redis.fn('newest', 10, 'pchat:*'), '0-0', 'there are not as many: all that are kept');
  assert.equal(await redis.fn('newest', 3, 'cnone'), '0-0');
});

// If the data was flushed or lost, every browser with an older cursor must be notified.
story('after a flush the genesis (where the keyspace begins) is later than every older cursor', async (scene) => {
  const redis = await library(scene);
  const before = await redis.record('public:a', 'x');
  await waitFor(() => Date.now() > Number(before.split('-')[0]), { what: 'the next millisecond' });
  await redis.call('FLUSHALL');
  const page = await redis.read(before, 10, 'cpublic:a');
  assert.ok(comparePositions(page.genesis, before) > 0);
  assert.ok(comparePositions(await redis.record('public:a', 'y'), page.genesis) > 0);
});

// A log that expired leaves no trace of its own, so the first entry of the next log tells what may have expired.
story('a new log tells up to where entries may have expired before it', async (scene) => {
  const redis = await library(scene, { BRIDGE_HISTORY_TTL: '1s' });
  const first = await redis.record('public:a', 'x');
  await waitFor(async () => (await redis.call('EXISTS', 'bridge:log:public:a')) === 0, { what: 'the log to expire' });
  const absent = (await redis.read(first, 10, 'cpublic:a')).floors[0];
  assert.equal(absent.has, false);
  assert.equal(absent.expired, first, 'nothing is newer than the newest position');
  assert.equal(absent.missed, first);
  await redis.record('public:b', 'y');
  await waitFor(async () => (await redis.call('EXISTS', 'bridge:log:public:b')) === 0, { what: 'the log to expire' });
  await redis.fn('beat', 'w');
  const indexed = async () => (await redis.call('ZRANGE', 'bridge:channels', 0, -1)).filter((name) => name);
  assert.deepEqual(await indexed(), ['public:a', 'public:b'], 'channels are remembered after their logs have expired');
  await redis.call('ZINCRBY', 'bridge:channels', -3_600_000, 'public:b');
  await redis.fn('beat', 'w');
  assert.deepEqual(await indexed(), ['public:a'], 'the beat removes channels whose logs expired an hour ago');
  await redis.record('public:a', 'z');
  const page = await redis.read(first, 10, 'cpublic:a');
  assert.ok(comparePositions(page.floors[0].trimmed, first) > 0, 'an older cursor may have missed something');
  assert.ok(comparePositions(page.floors[0].trimmed, page.entries[0].id) < 0);
});

// After an outage, a process asks Redis about an entry that it knows. If Redis has lost it, older cursors may have
// missed something.
story('an entry that Redis no longer has is a loss, unless it was trimmed', async (scene) => {
  const redis = await library(scene, { BRIDGE_HISTORY_LENGTH: '1' });
  const lost = () => redis.call('GET', 'bridge:lost');
  const first = await redis.record('public:a', 'one');
  const second = await redis.record('public:b', 'two');
  await redis.fn('witness', first, 'public:a');
  await redis.fn('witness', second, '');
  assert.equal(await lost(), null);
  for (let i = 0; i < 300; i++) await redis.record('public:a', `${i}`);
  await redis.fn('witness', first, 'public:a');
  assert.equal(await lost(), null, 'a trimmed entry is not lost');

  await redis.call('XDEL', 'bridge:log:public:b', second);
  await redis.fn('witness', second, 'public:b');
  assert.equal(await lost(), null, 'a log that was deleted or evicted is in the index: whoever resumes there is told of it');
  await redis.call('ZREM', 'bridge:channels', 'public:b'); // a crash takes both
  await redis.fn('witness', second, 'public:b');
  assert.ok(comparePositions(await lost(), second) > 0, 'it is later than all cursors from before the loss was noticed');
  const noticed = await lost();
  await redis.fn('witness', second, 'public:b');
  assert.equal(await lost(), noticed, 'a loss is reported once');
  const ahead = `${Number(second.split('-')[0]) + 60_000}-7`;
  await redis.fn('witness', ahead, '');
  assert.ok(comparePositions(await lost(), ahead) > 0);
  assert.ok(comparePositions(await redis.record('public:b', 'next'), ahead) > 0, 'no position is used twice');
});

// A node of the recorder's protocol (one pub/sub connection of a recorder), as Redis sees it: it is gone if it is not
// subscribed to its own channel. `control` has what it received on the channel bridge:control.
async function node(scene, redis, name, { lease = 60_000, filter = 1, synced = false } = {}) {
  const control = [], own = [];
  const ear = scene.own(await Resp.connect(redis.port));
  await ear.listen((channel, payload) => (channel === 'bridge:control' ? control : own).push(payload.split(' ')), {
    channels: [`bridge:node:${name}`, 'bridge:control', ...(synced ? ['bridge:synced'] : [])],
  });
  return {
    control,
    numbered: () => waitFor(() => own.find(([, number]) => number)?.[1], { what: 'heard and a number' }),
    attend: async (claim, era = 0, number = 0, heard = 0) => {
      const [role, ...now] = await redis.fn('attend', name, lease, filter, claim, era, number, heard);
      return { role, era: now[0], last: now[1] };
    },
    role: async (...claim) => (await redis.fn('attend', name, lease, filter, ...claim, ...[0, 0].slice(claim.length - 1)))[0],
    leave: (force) => redis.fn('leave', name, force ? 1 : 0),
    heard: (word) => waitFor(() => control.find(([first]) => first === word), { what: `the word ${word}` }),
    die: () => ear.close(),
  };
}

// A Redis in which the node `ann` holds the seat (the lease that decides which recorder is active) in a first era.
async function holder(scene, options) {
  const redis = await library(scene);
  const ann = await node(scene, redis, 'ann', options);
  const { role, era } = await ann.attend('joining');
  assert.equal(role, 'holder');
  return { redis, ann, era };
}

// Each plain message is recorded once, no matter which recorder sends it, how often and in which order.
story('record takes only the next ordinals of the current era', async (scene) => {
  const { redis, era } = await holder(scene);
  assert.deepEqual(await redis.fn('record', 1, 1, 'public:a', 'x'), ['STALE', '0']);
  assert.deepEqual(await redis.fn('record', era, 1, 'public:a', 'm1', 'public:b', 'm2'), ['OK', '2']);
  assert.deepEqual(await redis.fn('record', era, 1, 'public:a', 'm1'), ['OK', '2']);
  assert.deepEqual(await redis.fn('record', era, 2, 'public:b', 'm2', 'public:a', 'm3'), ['OK', '3']);
  assert.deepEqual(await redis.fn('record', era, 5, 'public:a', 'm5'), ['HOLE', '3']);
  assert.deepEqual(await redis.fn('record', Number(era) + 1, 4, 'public:a', 'm4'), ['STALE', '0']);
  assert.deepEqual((await redis.read('0-0', 10, 'ppublic:*')).entries.map(({ data }) => data), ['m1', 'm2', 'm3']);
});

story('record can skip a range of ordinals, even if a part of it is already recorded', async (scene) => {
  const { redis, era } = await holder(scene);
  assert.deepEqual(await redis.fn('record', era, 1, 'public:a', 'm1', '', '3', 'public:a', 'm5'), ['OK', '5']);
  assert.deepEqual(await redis.fn('record', era, 3, '', '4', 'public:a', 'm7'), ['OK', '7']);
  assert.deepEqual((await redis.read('0-0', 10, 'ppublic:*')).entries.map(({ data }) => data), ['m1', 'm5', 'm7']);
});

story('entries of one batch name their predecessors like entries that are recorded one by one', async (scene) => {
  const { redis, era } = await holder(scene);
  await redis.fn('record', era, 1, 'public:a', 'm1', 'public:b', 'm2', 'public:a', 'm3', 'public:a', 'm4');
  const { entries } = await redis.read('0-0', 10, 'cpublic:a');
  assert.deepEqual(entries.map(({ previous }) => previous), ['0-0', entries[0].id, entries[1].id]);
  const next = await redis.record('public:b', 'm5');
  assert.ok(comparePositions(entries[2].id, next) < 0);
  assert.equal(await redis.call('GET', 'bridge:position'), next);
});

// A log that can't be appended to, because its newest id is far ahead, must not block all others.
story('a log whose newest id is ahead of all positions is replaced', async (scene) => {
  const { redis, era } = await holder(scene);
  await redis.call('XADD', 'bridge:log:public:a', '99999999999999-0', 'd', 'from another life');
  assert.deepEqual(await redis.fn('record', era, 1, 'public:b', 'm1', 'public:a', 'm2'), ['OK', '2']);
  assert.deepEqual((await redis.read('0-0', 10, 'ppublic:*')).entries.map(({ data }) => data), ['m1', 'm2']);
});

story('one node holds the seat, one stands by, others wait; a member takes the seat when its holder leaves', async (scene) => {
  const { redis, ann, era } = await holder(scene);
  const [bob, eve] = [await node(scene, redis, 'bob'), await node(scene, redis, 'eve')];
  assert.equal(await bob.role('waiting'), 'standby');
  assert.equal(await eve.role('waiting'), 'waiting');
  assert.equal(await ann.leave(), 'coming', 'bob is about to become a member');
  assert.equal(await bob.role('synced', era, 1), 'standby');
  await redis.fn('record', era, 1, 'public:a', 'm1');
  assert.equal(await ann.role('synced', era, 2), 'holder');

  assert.equal(await ann.leave(), 'left', 'bob has every message that is not recorded yet');
  await eve.heard('vacant');
  assert.deepEqual(await bob.attend('synced', era, 1), { role: 'holder', era, last: '1' });
  assert.equal(await eve.role('waiting'), 'standby');
  assert.equal(await bob.leave(), 'coming');
  assert.equal(await bob.leave(true), 'left');
});

story('the seat is free at once if its holder disconnects, and when the lease expires if its holder hangs', async (scene) => {
  const { redis, ann, era } = await holder(scene);
  const bob = await node(scene, redis, 'bob', { lease: 300 });
  assert.equal(await bob.role('synced', era, 1), 'standby');
  ann.die();
  await waitFor(async () => (await bob.role('synced', era, 1)) === 'holder', { what: 'bob to hold the seat' });

  const eve = await node(scene, redis, 'eve');
  assert.equal(await eve.role('synced', era, 1), 'standby');
  await waitFor(async () => (await eve.role('synced', era, 1)) === 'holder', { what: 'the lease of bob to expire' });
  assert.equal(await bob.role('synced', era, 1), 'standby', 'bob is still a member, and its place is still valid');
  assert.deepEqual(await redis.fn('attend', 'ann', 60_000, 1, 'synced', era, 1), ['gone', era, '0']);
});

// Nothing that was recorded may be recorded again in a new era. A joining node has queued all messages since its place in
// the order of messages, so Redis checks that the last recorded ordinal is still the one that was current there.
story('a new era is opened only if no member is left and nothing was recorded since the place of the joining node', async (scene) => {
  const { redis, ann, era } = await holder(scene);
  const bob = await node(scene, redis, 'bob');
  assert.equal(await bob.role('joining', era, 0), 'standby', 'ann is a member');
  await redis.fn('record', era, 1, 'public:a', 'm1');
  ann.die();
  await waitFor(async () => (await bob.role('joining', era, 0)) === 'anew', { what: 'ann to be gone' });
  const opened = await bob.attend('joining', era, 1);
  assert.equal(opened.role, 'holder');
  assert.ok(Number(opened.era) > Number(era));
  assert.deepEqual((await bob.heard('era')).slice(0, 3), ['era', opened.era, 'bob']);
  assert.deepEqual(await redis.fn('record', era, 2, 'public:a', 'late'), ['STALE', '0']);
});

// FLUSHALL: the nodes that have every message that is not recorded yet are known by what they subscribe to. A node that joins
// leaves the new era to them, or what they have queued would be lost.
story('after FLUSHALL a synced node opens the new era, once it has received what was announced before', async (scene) => {
  const redis = await library(scene);
  const [ann, bob] = [await node(scene, redis, 'ann', { synced: true }), await node(scene, redis, 'bob')];
  const { era } = await ann.attend('joining');
  await redis.fn('record', era, 1, 'public:a', 'm1');
  await redis.call('FLUSHALL');
  assert.deepEqual(await bob.attend('joining'), { role: 'standby', era: '0', last: '0' });
  assert.deepEqual(await ann.attend('synced', era, 2), { role: 'standby', era: '0', last: '0' });
  assert.deepEqual(await ann.attend('synced', era, 2, 1), { role: 'standby', era: '0', last: '0' }, 'a number of long ago');
  const opened = await ann.attend('synced', era, 2, await ann.numbered());
  assert.equal(opened.role, 'holder');
  assert.notEqual(opened.era, era);
});

story('after FLUSHALL a synced node that hangs is not waited for longer than a member', async (scene) => {
  const redis = await library(scene);
  await node(scene, redis, 'ann', { synced: true });
  const bob = await node(scene, redis, 'bob', { lease: 200 });
  assert.equal(await bob.role('joining'), 'standby');
  await waitFor(async () => (await bob.role('joining')) === 'holder', { what: 'bob to open an era' });
});

story('after FLUSHALL a joining node drops what it has queued before, as it may have been recorded', async (scene) => {
  const { redis, ann, era } = await holder(scene);
  const bob = await node(scene, redis, 'bob');
  await redis.fn('record', era, 1, 'public:a', 'm1');
  ann.die();
  await redis.call('FLUSHALL');
  await waitFor(async () => (await bob.role('joining', era, 0)) === 'anew', { what: 'ann to be gone' });
  assert.equal(await bob.role('joining', 0, 0), 'holder');
});

story('a node that lacks messages of the era is not a member, but may open the next era', async (scene) => {
  const { redis, ann, era } = await holder(scene);
  const bob = await node(scene, redis, 'bob');
  assert.equal(await bob.role('synced', era, 5), 'standby', 'messages 1 to 4 are not recorded, and bob does not have them');
  assert.equal(await ann.leave(), 'coming');
  ann.die();
  await waitFor(async () => (await bob.role('synced', era, 5)) === 'holder', { what: 'bob to open an era' });
  assert.notEqual(await redis.call('HGET', 'bridge:era', 'era'), era);
});

story('place is announced only for the current era, and sync announces the last recorded ordinal', async (scene) => {
  const { redis, ann, era } = await holder(scene);
  await redis.fn('record', era, 1, 'public:a', 'm1');
  await redis.fn('sync', 'bob', 7, 42);
  assert.deepEqual(await ann.heard('sync'), ['sync', 'bob', '7', '42', era, '1']);
  await redis.fn('place', Number(era) + 1, 'bob', 7, 1);
  await redis.fn('place', era, 'bob', 7, 1);
  assert.deepEqual(await ann.heard('place'), ['place', 'bob', '7', era, '1']);
});

story('a node with other channel settings does not stand by for the holder', async (scene) => {
  const { redis, ann, era } = await holder(scene);
  const bob = await node(scene, redis, 'bob', { filter: 2 });
  assert.equal(await bob.role('waiting'), 'waiting');
  assert.equal(await ann.role('synced', era, 1), 'holder');
  ann.die();
  await waitFor(async () => (await bob.role('waiting')) === 'standby', { what: 'bob to be the only node' });
});
