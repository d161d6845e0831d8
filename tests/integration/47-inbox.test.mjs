// 47-inbox - XADD bridge:inbox, the way in that needs no function and no running instance: each entry is recorded once,
// in order, as soon as an instance runs; one that can't be recorded is moved to another stream, with the reason.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { startBridge } from '../lib/bridge.mjs';
import { asRanges, assertSameList } from '../lib/lists.mjs';
import { numbers } from '../lib/position.mjs';
import { signal } from '../lib/program.mjs';
import { openPublisher } from '../lib/publisher.mjs';
import { placeOf, settled } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { paced, waitFor } from '../lib/wait.mjs';

const INBOX = 'bridge:inbox';
const REJECTED = 'bridge:inbox:rejected';
const ENV = { BRIDGE_HISTORY_LENGTH: '200000', BRIDGE_WORKERS: '1' };
const CHANNELS = numbers(1, 4).map((i) => `public:${i}`);

const xadd = (channel, data) => ['XADD', INBOX, '*', 'channel', channel, 'data', data];
const msOf = (position) => Number(position.split('-')[0]);

// Adds these payloads, in order, to the channels in turn; returns their ids. Adds them in batches to limit buffering.
async function addAll(redis, payloads) {
  const ids = [];
  for (let at = 0; at < payloads.length; at += 1_000) {
    const part = payloads.slice(at, at + 1_000);
    ids.push(...(await Promise.all(part.map((data, i) => redis.call(...xadd(CHANNELS[(at + i) % 4], data))))));
  }
  return ids;
}

// Waits until the inbox is empty, and checks that Redis has the id of the last entry that was taken from it.
async function expectEmpty(redis, lastId, { deadline = 20_000 } = {}) {
  const isEmpty = async () => (await redis.call('XLEN', INBOX)) === 0;
  await waitFor(isEmpty, { deadline, every: 20, what: 'the inbox to be empty' });
  assert.equal(await redis.call('GET', 'bridge:inbox:position'), lastId);
}

// Checks that the logs have exactly these payloads, in order.
async function expectLog(redis, payloads, channels = CHANNELS) {
  const found = (await redis.entries(channels)).map(({ data }) => data);
  const had = new Set(found);
  const isMissing = payloads.flatMap((data, i) => (had.has(data) ? [] : [i + 1]));
  assert.equal(asRanges(isMissing), '', `of ${payloads.length} entries are missing`);
  assertSameList(found, payloads, 'the log');
}

async function rejected(redis) {
  return (await redis.call('XRANGE', REJECTED, '-', '+')).map(([, list]) => {
    const pairs = list.flatMap((name, i) => (i % 2 ? [] : [[name, list[i + 1]]]));
    return Object.fromEntries(pairs);
  });
}

// A cron job that has nothing but redis-cli.
story('an entry from redis-cli XADD bridge:inbox reaches browsers and SUBSCRIBErs, once, with its event', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const backend = scene.own(await redis.cliSubscribe('public:news'));
  const stream = await scene.listen(bridges[0], 'public:news');
  const chat = await scene.speak(bridges[1], 'public:news');
  await redis.cli('XADD', INBOX, '*', 'channel', 'public:news', 'data', 'hello');
  const last = await redis.cli('XADD', INBOX, '*', 'event', 'paid', 'data', 'äö €', 'channel', 'public:news');
  await stream.received(2);
  await chat.received(2);
  await waitFor(() => backend.heard().length >= 2, { what: 'redis-cli SUBSCRIBE to receive both' });

  const entries = await redis.entries(['public:news']);
  assert.deepEqual(entries.map(({ data, event }) => [data, event]), [['hello', undefined], ['äö €', 'paid']]);
  assert.deepEqual(stream.messages.map(({ event, data }) => [event, data]), [['message', 'hello'], ['paid', 'äö €']]);
  assert.deepEqual(chat.messages, entries.map(({ id, data, event }) => ({
    type: 'message', channel: 'public:news', id, data, ...(event ? { event } : {}),
  })));
  assert.deepEqual(stream.messages.map(({ id }) => id), entries.map(({ id }) => id));
  assert.deepEqual(backend.heard(), ['hello', 'äö €']);
  await expectEmpty(redis, last);
  await redis.record('public:news', 'a fence: what comes after is not recorded again');
  await stream.received(3);
  assert.equal(await redis.logged(['public:news']), 3, 'the echo on the plain channel is not recorded again');
});

story('with BRIDGE_PREFIX=my-app: the inbox is my-app:inbox', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_PREFIX: 'my-app:' });
  const stream = await scene.listen(bridge, 'public:a');
  await redis.call('XADD', 'my-app:inbox', '*', 'channel', 'public:a', 'data', 'hello');
  await stream.received(1);
  assert.deepEqual(stream.payloads, ['hello']);
});

// The bridge is down for the night; the backend keeps publishing.
story('entries that were added while no instance was running are recorded: all, in order, none twice', async (scene) => {
  const redis = await scene.redis();
  const small = numbers(1, 6_000);
  const large = numbers(1, 50).map((i) => `${i} ${'.'.repeat(60_000)}`); // 3 MB: more than one call records
  const more = numbers(6_001, 6_500);
  const ids = await addAll(redis, [...small, ...large, ...more]);
  await scene.bridge({ redis, env: ENV });
  await scene.bridge({ redis, env: ENV });
  await expectEmpty(redis, ids.at(-1));
  await expectLog(redis, [...small, ...large, ...more]);
  assert.equal(await redis.call('EXISTS', REJECTED), 0);
});

// The recorder does not poll the inbox at intervals.
story('an entry is recorded within milliseconds, even if the bridge was idle', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  await settled(redis, bridges);
  const delays = [];
  await paced(10, 350, async (i) => {
    const id = await redis.call(...xadd('public:a', `${i}`));
    await waitFor(async () => (await redis.logged(['public:a'])) > i, { every: 5, what: `entry ${i}` });
    delays.push(msOf((await redis.call('XREVRANGE', 'bridge:log:public:a', '+', '-', 'COUNT', 1))[0][0]) - msOf(id));
  });
  scene.tell(`from XADD to the log, ms: ${delays.join(' ')}`);
  assert.ok(Math.max(...delays) < 400, `it took ${Math.max(...delays)} ms`);
  assert.ok(delays.filter((delay) => delay < 50).length >= 7, `it took ${delays.join(', ')} ms`);
});

// Bad entries: [what is wrong, what the reason must match, the fields].
const BAD = [
  ['no channel', /channel/, ['data', 'x']],
  ['no data', /data/, ['channel', 'public:a']],
  ['neither', /channel|data/, ['hello', 'world']],
  ['too large', /1025|1024|large|MAX_PAYLOAD/i, ['channel', 'public:a', 'data', 'x'.repeat(1025)]],
  ['an empty name', /channel/i, ['channel', '', 'data', 'x']],
  ['a name that is too long', /channel/i, ['channel', `public:${'a'.repeat(250)}`, 'data', 'x']],
  ['a name with a line break', /control/i, ['channel', 'public:a\nb', 'data', 'x']],
  ['a name that is not UTF-8', /UTF-8/i, ['channel', Buffer.from('public:\xff', 'latin1'), 'data', 'x']],
  ['not served', /served|BRIDGE_CHANNELS/i, ['channel', 'secret:a', 'data', 'x']],
  ['an internal name', /internal/i, ['channel', 'bridge:control', 'data', 'vacant']],
  ['another internal name', /internal/i, ['channel', 'bridge:live:public:a', 'data', 'x']],
  ['a reserved event', /event/i, ['channel', 'public:a', 'data', 'x', 'event', 'cursor']],
  ['another reserved event', /event/i, ['channel', 'public:a', 'data', 'x', 'event', 'gap']],
  ['an event with a line break', /event/i, ['channel', 'public:a', 'data', 'x', 'event', 'a\nid: 1']],
];

// One backend has a bug. Its entries are moved to where they can be inspected, and the entries behind them do not wait.
story('bad entries go to bridge:inbox:rejected with the reason, and never block those behind them', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, { ...ENV, BRIDGE_MAX_PAYLOAD: '1k' });
  const backend = scene.own(await redis.cliSubscribe('secret:a'));
  const good = [];
  const ids = [];
  for (const [i, [, , fields]] of BAD.entries()) {
    ids.push(await redis.call('XADD', INBOX, '*', ...fields));
    good.push(`good ${i}`);
    await redis.call(...xadd('public:a', good.at(-1)));
  }
  good.push('x'.repeat(1024), '');
  await redis.call(...xadd('public:a', good.at(-2)));
  const last = await redis.call('XADD', INBOX, '*', 'channel', 'public:a', 'data', '', 'event', '', 'more', 'ignored');
  await expectEmpty(redis, last);
  await expectLog(redis, good, ['public:a']);
  assert.deepEqual(await redis.call('KEYS', 'bridge:log:*'), ['bridge:log:public:a']);

  const aside = await rejected(redis);
  assert.deepEqual(aside.map(({ id }) => id), ids);
  for (const [i, [why, pattern, fields]] of BAD.entries()) {
    assert.match(aside[i].reason, pattern, why);
    for (let at = 0; at < fields.length; at += 2) {
      const [name, value] = [fields[at], String(fields[at + 1])];
      // A value that is too large may be truncated.
      const same = value.length > 1_000 ? aside[i][name].startsWith('xxx') : aside[i][name] === value;
      assert.ok(same, `${why}: ${name} is ${JSON.stringify(aside[i][name])}`);
    }
  }
  const told = bridges.map(({ log }) => log.match(/^.* inbox_rejected .*$/gm) ?? []).flat();
  assert.ok(told.length > 0, 'the rejections are logged');
  for (const line of told) assert.match(line, /^\S+ warn recorder\[\d+\] inbox_rejected .*why="[^"]+/);
  assert.deepEqual(backend.heard(), [], 'a channel that is not served receives nothing');
});

// The backend has had the bug for a week. Redis must not fill up.
story('about 1,000 rejected entries are kept at most', async (scene) => {
  const { redis } = await scene.start(ENV);
  const words = (i) => ['XADD', INBOX, '*', 'channel', 'public:a', ...(i % 3 ? ['payload', `${i}`] : ['data', `${i}`])];
  await Promise.all(numbers(0, 2_999).map((i) => redis.call(...words(Number(i)))));
  const last = await redis.call(...xadd('public:a', 'last'));
  await expectEmpty(redis, last);
  const kept = await redis.call('XLEN', REJECTED);
  assert.ok(kept >= 1_000 && kept <= 1_200, `${kept} are kept`);
  assert.equal((await rejected(redis)).at(-1).payload, '2999', 'the newest are kept');
  await expectLog(redis, [...numbers(0, 2_999).filter((i) => i % 3 === 0), 'last'], ['public:a']);
});

// A backend adds 5,000 entries a second, while instances or their recorders are killed one after the other.
story('kill -9 of the recorder that takes the inbox, again and again: all entries are recorded once, in order', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, ENV);
  const publisher = scene.own(await openPublisher(redis, CHANNELS, { command: xadd }));
  await publisher.sayDuring(async () => {
    for (let round = 1; round <= 6; round++) {
      const { holder } = await settled(redis, bridges);
      const before = await redis.logged(CHANNELS);
      await waitFor(async () => (await redis.logged(CHANNELS)) > before + 1_000, { what: 'entries of the inbox to be recorded' });
      if (round % 2) {
        signal(holder.pid, 'SIGKILL');
        continue;
      }
      signal(holder.bridge.pid, 'SIGKILL');
      await holder.bridge.kill();
      await holder.bridge.start();
    }
  });
  await expectEmpty(redis, publisher.answers.at(-1));
  await expectLog(redis, publisher.payloads());
  const delays = (await redis.entries(CHANNELS)).map(({ id }, i) => msOf(id) - msOf(publisher.answers[i]));
  const most = delays.reduce((a, b) => Math.max(a, b));
  scene.tell(`the largest delay from XADD to the log, of ${delays.length} entries: ${most} ms`);
}, { timeout: 90_000 });

// There is one instance, and it is killed while it works through a long inbox.
story('kill -9 of the only instance amid a long inbox: when it is restarted it continues where it was', async (scene) => {
  const redis = await scene.redis();
  const said = numbers(1, 20_000);
  const ids = await addAll(redis, said);
  const bridge = scene.own(await startBridge({ redis, env: ENV, ready: false }));
  for (const part of [2_000, 8_000]) {
    await waitFor(async () => (await redis.logged(CHANNELS)) > part, { every: 1, what: 'entries of the inbox to be recorded' });
    await bridge.kill();
    const left = await redis.call('XLEN', INBOX);
    assert.equal(await redis.logged(CHANNELS), said.length - left, 'what is recorded has left the inbox');
    await bridge.start({ ready: false });
  }
  await expectEmpty(redis, ids.at(-1));
  await expectLog(redis, said);
});

// Stops all recorders, so that entries wait in the inbox. Returns a function that lets the recorders continue.
async function hold(bridges) {
  const pids = await waitFor(() => {
    const places = bridges.map(placeOf);
    return places.every(({ state }) => state !== 'GONE') && places.map(({ pid }) => pid);
  }, { what: 'every recorder to run' });
  for (const pid of pids) signal(pid, 'SIGSTOP');
  return () => pids.forEach((pid) => signal(pid, 'SIGCONT'));
}

story('Redis is restarted or killed while entries wait: all are recorded once, in order', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, ENV, { appendonly: true });
  const said = [];
  let last;
  for (const end of ['stop', 'kill', 'stop', 'kill']) {
    await settled(redis, bridges);
    const part = numbers(said.length + 1, said.length + 2_000);
    said.push(...part);
    const release = await hold(bridges);
    try {
      last = (await addAll(redis, part)).at(-1);
    } finally {
      release();
    }
    const done = said.length - 2_000;
    await waitFor(async () => (await redis.logged(CHANNELS)) > done, { every: 1, what: 'entries of the inbox to be recorded' });
    await redis[end]();
    await redis.start();
    await expectEmpty(redis, last);
    await expectLog(redis, said);
  }
}, { timeout: 90_000 });

// Waits until recorders are connected to Redis; resolves to the client ids of their connections.
function recorderClients(redis) {
  const find = async () => {
    const lines = (await redis.call('CLIENT', 'LIST')).match(/^id=.* name=redis-bridge-recorder-/gm);
    return lines?.map((line) => line.match(/\d+/)[0]);
  };
  return waitFor(find, { what: 'a recorder to be connected' });
}

story('CLIENT KILL of the recorders\' connections while entries pour in: all are recorded once, in order', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, ENV);
  const publisher = scene.own(await openPublisher(redis, CHANNELS, { command: xadd }));
  const ends = async () => {
    for (let i = 0; i < 12; i++) {
      const before = await redis.logged(CHANNELS);
      const ids = await recorderClients(redis);
      for (const id of i % 3 ? [ids[i % ids.length]] : ids) await redis.call('CLIENT', 'KILL', 'ID', id);
      const isOn = async () => (await redis.logged(CHANNELS)) > before + 200;
      await waitFor(isOn, { deadline: 15_000, what: 'entries of the inbox to be recorded' });
    }
  };
  await publisher.sayDuring(ends);
  await expectEmpty(redis, publisher.answers.at(-1));
  await expectLog(redis, publisher.payloads());
  for (const bridge of bridges) await bridge.ready();
}, { timeout: 90_000 });

// An operator gives each Redis user no more rights than needed.
story('the Redis user of deploy/redis-acl.conf has all the rights that the bridge needs', async (scene) => {
  const redis = await scene.redis();
  const conf = await readFile(new URL('../../deploy/redis-acl.conf', import.meta.url), 'utf8');
  const rights = conf.match(/^user redis-bridge off (.*)$/m)[1].split(' ');
  await redis.call('ACL', 'SETUSER', 'redis-bridge', 'on', '>secret', ...rights);
  const url = redis.url.replace('//', '//redis-bridge:secret@');
  const bridges = [await scene.bridge({ redis: url, env: ENV }), await scene.bridge({ redis: url, env: ENV })];
  await redis.call(...xadd('public:a', 'inbox'));
  await redis.call(...xadd('secret:a', 'rejected'));
  const { holder } = await settled(redis, bridges);
  await redis.publish('public:a', 'plain');
  await waitFor(async () => (await redis.logged(['public:a'])) === 2, { what: 'both to be recorded' });
  await holder.bridge.stop();
  await redis.publish('public:a', 'after a handover');
  const last = await redis.call(...xadd('public:a', 'inbox again'));
  await expectEmpty(redis, last);
  await waitFor(async () => (await redis.logged(['public:a'])) === 4, { what: 'all four to be recorded' });
  assert.equal((await rejected(redis)).length, 1);
  for (const { log } of bridges) assert.doesNotMatch(log, /NOPERM/);
  const refused = await redis.call('ACL', 'LOG');
  assert.equal(JSON.stringify(refused), '[]', 'nothing was refused');
});

// A script runs SET bridge:inbox.
story('an inbox of the wrong type affects nothing else, and deleting it is enough to repair it', async (scene) => {
  const { redis, bridge } = await scene.start(ENV);
  const stream = await scene.listen(bridge, 'public:a');
  await redis.call('SET', INBOX, 'an accident');
  await waitFor(() => /WRONGTYPE/.test(bridge.log), { deadline: 15_000, what: 'the error to be logged' });
  await redis.publish('public:a', 'plain');
  await redis.record('public:a', 'durable');
  await stream.received(2);
  assert.deepEqual([...stream.payloads].sort(), ['durable', 'plain']);
  await bridge.ready();
  assert.equal(await redis.call('GET', INBOX), 'an accident', 'the bridge does not delete it');
  assert.ok(bridge.log.match(/WRONGTYPE/g).length <= 5, 'it is not logged again and again');

  await redis.call('DEL', INBOX);
  const last = await redis.call(...xadd('public:a', 'mended'));
  await stream.received(3);
  await expectEmpty(redis, last);

  await redis.call('FLUSHALL');
  await redis.call(...xadd('public:a', 'after a flush'));
  await stream.block(({ data }) => data === 'after a flush', { deadline: 15_000, what: 'the entry after a flush' });
});

// Mouse pointers on a canvas, through the inbox.
story('an entry for an ephemeral channel is delivered live and not logged', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, { BRIDGE_EPHEMERAL: 'public:game:*' });
  const stream = await scene.listen(bridges[0], 'public:game:1');
  const backend = scene.own(await redis.cliSubscribe('public:game:1'));
  await redis.call(...xadd('public:game:1', 'x=1'));
  const last = await redis.call(...xadd('public:game:1', 'x=2'));
  await stream.received(2);
  await expectEmpty(redis, last);
  assert.deepEqual(stream.payloads, ['x=1', 'x=2']);
  await waitFor(() => backend.heard().length >= 2, { what: 'redis-cli SUBSCRIBE to receive both' });
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:game:1'), 0);
});

story('plain messages and inbox entries on the same channels are all recorded once, each kind in order', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, ENV);
  await settled(redis, bridges);
  const plain = scene.own(await openPublisher(redis, CHANNELS, { each: 20 }));
  const sure = scene.own(await openPublisher(redis, CHANNELS, { each: 20, prefix: 'i', command: xadd }));
  await Promise.all([plain.say(2_000), sure.say(2_000)]);
  await expectEmpty(redis, sure.answers.at(-1));
  await waitFor(async () => (await redis.logged(CHANNELS)) >= 4_000, { what: 'all messages and entries to be recorded' });
  const found = (await redis.entries(CHANNELS)).map(({ data }) => data);
  assertSameList(found.filter((data) => plain.numberOf(data)), plain.payloads(), 'what was PUBLISHed');
  assertSameList(found.filter((data) => sure.numberOf(data)), sure.payloads(), 'what was added to the inbox');
  assert.equal(found.length, 4_000);
});
