// 35-gap - entries that can't be delivered any more are reported in band, as a gap with its reason; and nothing that
// can be delivered is ever reported as a gap.
import assert from 'node:assert/strict';
import { history } from '../lib/http.mjs';
import { POSITION, areIncreasing, comparePositions, numbers } from '../lib/position.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { startRedisProxy } from '../lib/redisproxy.mjs';
import { story } from '../lib/story.mjs';
import { paced, waitFor } from '../lib/wait.mjs';

const LOG = 'bridge:log:public:a';

// The oldest entry that Redis still has: { id, previous }.
async function oldest(redis, key = LOG) {
  const [[id, fields]] = await redis.call('XRANGE', key, '-', '+', 'COUNT', 1);
  return { id, previous: fields[fields.indexOf('p') + 1] };
}

async function keptIds(redis, key = LOG) {
  return (await redis.call('XRANGE', key, '-', '+')).map(([id]) => id);
}

// Resumes from this cursor over SSE, over WebSocket and with the eventsource package. Each must receive the expected
// gap, once and first, then the entries `ids`, and then what `say` publishes.
async function expectGap(scene, bridge, cursor, expected, ids, say) {
  const stream = await scene.sse(bridge, { channel: 'public:a', lastEventId: cursor });
  const chat = await scene.ws(bridge, { channel: 'public:a', parameters: { last_event_id: cursor } });
  const events = scene.eventSource(bridge, { channel: 'public:a', parameters: { last_event_id: cursor } });
  await stream.block(({ event }) => event === 'gap', { what: 'a gap over SSE' });
  await chat.frame(({ type }) => type === 'gap', { what: 'a gap over WebSocket' });
  await waitFor(() => events.gaps.length > 0, { what: 'a gap event of the eventsource package' });
  const live = await say('live');
  await stream.received(ids.length + 1);
  await chat.received(ids.length + 1);
  await events.received(ids.length + 1);

  assert.deepEqual(stream.gaps, [expected]);
  assert.deepEqual(events.gaps, [expected]);
  assert.equal(chat.gaps.length, 1);
  const { channel, after, oldest: first, reason } = chat.gaps[0];
  assert.deepEqual({ channel, after, oldest: first, reason }, expected);
  for (const one of [stream, chat]) assertSameList(one.messages.map(({ id }) => id), [...ids, live], 'the entries after the gap');
  assertSameList(events.messages.map(({ lastEventId }) => lastEventId), [...ids, live], 'the entries after the gap');

  const block = stream.blocks.find(({ event }) => event === 'gap');
  assert.deepEqual(block.fields.map(([name]) => name), ['event', 'data', 'id']);
  assert.match(block.id, POSITION);
  const firstMessage = stream.blocks.findIndex(({ event }) => event === 'message');
  assert.ok(stream.blocks.indexOf(block) < firstMessage, 'the gap comes before the entries after it');
}

// A browser slept for a week; only the newest entries are kept. The page receives `gap` and can reload its state.
story('the gap is "trimmed" if the log no longer has all entries after the cursor', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '10' });
  const cursor = await redis.record('public:a', 'seen');
  for (const data of numbers(1, 400)) await redis.record('public:a', `${data} ${'.'.repeat(100)}`);
  const ids = await keptIds(redis);
  assert.ok(ids.length >= 10 && ids.length < 400, `${ids.length} entries are kept`);
  const page = await history(bridge, 'public:a', { after: cursor, limit: 1 });
  assert.deepEqual(page.gaps, [{ channel: 'public:a', after: cursor, oldest: ids[0], reason: 'trimmed' }]);
  assert.equal(page.entries[0].id, ids[0]);
  await expectGap(
    scene, bridge, cursor,
    { channel: 'public:a', after: cursor, oldest: ids[0], reason: 'trimmed' },
    ids,
    (data) => redis.record('public:a', data),
  );
});

// The channel was silent for so long that its log has expired, and the cursor is older than its last entry.
story('the gap is "expired" if the log has expired', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '1s' });
  const cursor = await redis.record('public:a', 'seen');
  await redis.record('public:a', 'missed');
  await waitFor(async () => (await redis.call('EXISTS', LOG)) === 0, { what: 'the log to expire' });
  await expectGap(
    scene, bridge, cursor,
    { channel: 'public:a', after: cursor, oldest: null, reason: 'expired' },
    [],
    (data) => redis.record('public:a', data),
  );
});

// Redis was short of memory, or somebody cleaned up: the log is gone long before its time. Whoever has seen its last entry
// misses nothing, and everybody else is told, by whatever name they ask.
const vanish = {
  deleted: (redis) => redis.call('DEL', LOG),
  evicted: async (redis) => {
    await redis.call('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    await redis.call('CONFIG', 'SET', 'maxmemory', '1');
    await waitFor(async () => {
      await redis.call('SET', 'unrelated', 'a write that needs room').catch(() => {});
      return (await redis.call('EXISTS', LOG)) === 0;
    }, { what: 'the log to be evicted' });
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  },
};

for (const [how, make] of Object.entries(vanish))
  story(`the gap is "expired" if the log was ${how}`, async (scene) => {
    const { redis, bridge } = await scene.start();
    const cursor = await redis.record('public:a', 'seen');
    await redis.record('public:a', 'missed');
    const last = await redis.record('public:a', 'x'.repeat(60_000));
    for (let i = 0; i < 20; i++) await redis.record(`public:other:${i}`, 'x'.repeat(60_000));
    await make(redis);
    const gap = { after: cursor, oldest: null, reason: 'expired' };
    for (const channel of ['public:a', 'public:a*']) {
      assert.deepEqual((await history(bridge, channel, { after: cursor })).gaps, [{ channel, ...gap }]);
      assert.deepEqual((await history(bridge, channel, { after: last })).gaps, []);
      const stream = await scene.sse(bridge, { channel, lastEventId: cursor });
      await stream.block(({ event }) => event === 'gap');
      assert.deepEqual(stream.gaps, [{ channel, ...gap }]);
    }
    const next = await redis.record('public:a', 'after it');
    const client = await scene.ws(bridge, { channel: 'public:a', parameters: { last_event_id: cursor } });
    await client.received(1);
    assert.deepEqual(client.gaps.map(({ after, oldest }) => [after, oldest]), [[cursor, next]]);
    const complete = await scene.sse(bridge, { channel: 'public:a', lastEventId: last });
    await complete.received(1);
    assert.deepEqual([complete.payloads, complete.gaps], [['after it'], []]);
  });

// The log expired, and a new entry started a new one: it must still be known that entries before it are gone.
story('a new log does not hide that the one before it has expired', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '2s' });
  const cursor = await redis.record('public:a', 'seen');
  await redis.record('public:a', 'missed');
  await waitFor(async () => (await redis.call('EXISTS', LOG)) === 0, { what: 'the log to expire' });
  const id = await redis.record('public:a', 'new log');
  const stream = await scene.listen(bridge, 'public:a', { lastEventId: cursor });
  await stream.received(1);
  assert.deepEqual(stream.gaps, [{ channel: 'public:a', after: cursor, oldest: id, reason: 'trimmed' }]);
  assert.deepEqual(stream.messages.map((message) => message.id), [id]);
});

// Redis was flushed, or its data set was lost. Older cursors mean nothing any more.
story('the gap is "reset" if Redis was flushed', async (scene) => {
  const { redis, bridge } = await scene.start();
  const stays = await scene.listen(bridge, 'public:a');
  const cursor = await redis.record('public:a', 'seen');
  await redis.record('public:a', 'missed');
  await stays.received(2);
  await redis.call('FLUSHALL');
  const id = await redis.record('public:a', 'new world');
  await stays.received(3); // until then a worker may still deliver everything from memory, without a gap
  assert.ok(comparePositions(cursor, id) < 0);
  await expectGap(
    scene, bridge, cursor,
    { channel: 'public:a', after: cursor, oldest: id, reason: 'reset' },
    [id],
    (data) => redis.record('public:a', data),
  );
  await stays.received(4);
  assert.deepEqual(stays.payloads, ['seen', 'missed', 'new world', 'live'], 'a browser that stayed connected receives what follows');
  await bridge.ready();
});

// A failover has lost acknowledged writes, or the cursor comes from another system.
story('the gap is "ahead" if the cursor is newer than everything', async (scene) => {
  const { redis, bridge } = await scene.start();
  const ids = [];
  for (const data of numbers(1, 3)) ids.push(await redis.record('public:a', data));
  const cursor = '99999999999999-0';
  await expectGap(
    scene, bridge, cursor,
    { channel: 'public:a', after: cursor, oldest: ids[0], reason: 'ahead' },
    ids,
    (data) => redis.record('public:a', data),
  );
});

// Each channel gets its own gap. The entries that remain still come in one order, so that a connection that is cut
// halfway loses nothing, and an entry that two of the subscriptions match comes once.
for (const [why, begin] of [
  ['reset', async (redis, cursor) => (await redis.call('FLUSHALL'), cursor)],
  ['ahead', async () => '99999999999999-0'],
]) {
  story(`after a gap "${why}", several channels continue in the order of positions`, async (scene) => {
    const { redis, bridge } = await scene.start();
    const cursor = await begin(redis, await redis.record('other', 'seen'));
    const ids = [];
    for (const name of 'cbacab') ids.push(await redis.record(`public:${name}`, 'kept'));
    for (const channel of [['public:a', 'public:b', 'public:c'], ['public:b', 'public:*', 'public:c']]) {
      const stream = await scene.sse(bridge, { channel, lastEventId: cursor });
      const chat = await scene.ws(bridge, { channel, parameters: { last_event_id: cursor } });
      const live = await redis.record('public:a', 'live');
      for (const one of [stream, chat]) {
        await waitFor(() => one.messages.at(-1)?.id === live, { what: 'the entry that was published last' });
        assert.deepEqual(one.messages.map(({ id }) => id), [...ids, live]);
        assert.deepEqual([...new Set(one.gaps.map(({ reason }) => reason))], [why]);
      }
      ids.push(live);
    }
  });
}

// Redis loses everything while browsers are connected.
story('when Redis restarts empty, a connected browser continues in the order of positions', async (scene) => {
  const { redis, bridge } = await scene.start();
  const stream = await scene.listen(bridge, ['public:b', 'public:*', 'public:c']);
  await redis.record('public:c', 'seen');
  await stream.received(1);
  await redis.restart();
  const ids = [await waitFor(() => redis.record('public:c', 'kept'), { what: 'the library to be loaded again' })];
  for (const name of 'bacab') ids.push(await redis.record(`public:${name}`, 'kept'));
  await waitFor(() => stream.messages.at(-1).id === ids.at(-1), { what: 'the last entry' });
  assert.deepEqual(stream.messages.slice(1).map(({ id }) => id), ids);
});

// A `subscribe` frame with an old `after` gets the same, on the connection that is open.
story('a WebSocket subscribe frame with an old cursor gets a gap', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '10' });
  const cursor = await redis.record('public:a', 'seen');
  for (const data of numbers(1, 400)) await redis.record('public:a', `${data} ${'.'.repeat(100)}`);
  const ids = await keptIds(redis);
  const client = await scene.speak(bridge);
  const subscribed = await client.subscribe('public:a', cursor);
  assert.equal(subscribed.type, 'subscribed');
  assertSameList(client.messages.map(({ id }) => id), ids, 'the entries after the gap');
  assert.equal(client.gaps.length, 1);
  assert.deepEqual([client.gaps[0].reason, client.gaps[0].oldest, client.gaps[0].after], ['trimmed', ids[0], cursor]);
  const types = client.frames.map(({ type }) => type);
  assert.ok(types.indexOf('gap') < types.indexOf('message'));
});

// For a pattern the bridge can't always prove that nothing is missing; then it reports a gap for the pattern, or for
// the channel if it knows which.
story('a subscription to a pattern gets gaps, too', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '10' });
  const cursor = await redis.record('public:a', 'seen');
  const other = await redis.record('public:b', 'complete');
  for (const data of numbers(1, 400)) await redis.record('public:a', `${data} ${'.'.repeat(100)}`);
  const ids = await keptIds(redis);
  const stream = await scene.listen(bridge, 'public:*', { lastEventId: cursor });
  await stream.received(ids.length + 1);
  assert.ok(stream.gaps.length >= 1);
  for (const { channel, reason } of stream.gaps) {
    assert.ok(['public:*', 'public:a'].includes(channel), `a gap in ${channel}`);
    assert.equal(reason, 'trimmed');
  }
  assertSameList(stream.messages.map(({ id }) => id), [other, ...ids], 'the entries of the pattern');

  const ahead = await scene.sse(bridge, { channel: 'public:*', lastEventId: '99999999999999-0' });
  await ahead.block(({ event }) => event === 'gap', { what: 'a gap for a pattern' });
  assert.equal(ahead.gaps[0].reason, 'ahead');
  await ahead.received(ids.length + 1);
});

// A browser asks for a channel from its beginning, in each of the ways that there are: it is told `expected` once and first.
async function expectFromBegin(scene, bridge, channel, expected, ids, replay) {
  const what = JSON.stringify([channel, expected]);
  const page = await history(bridge, channel, { after: '0' });
  assert.deepEqual(page.gaps, expected, `/history, ${what}`);
  assert.deepEqual((await history(bridge, channel, { replay })).gaps, expected, `/history?replay=, ${what}`);
  for (const parameters of [{ since: '0' }, { replay }]) {
    const stream = await scene.sse(bridge, { channel, parameters });
    const chat = await scene.ws(bridge, { channel, parameters });
    await stream.block(({ event }) => event === (expected.length ? 'gap' : 'cursor'));
    await stream.received(ids.length);
    await chat.received(ids.length);
    await chat.frame(({ type }) => type === (expected.length ? 'gap' : 'hello'));
    assert.deepEqual(stream.gaps, expected, `SSE, ${JSON.stringify(parameters)}, ${what}`);
    const gaps = chat.gaps.map(({ channel, after, oldest, reason }) => ({ channel, after, oldest, reason }));
    assert.deepEqual(gaps, expected, `WebSocket, ${JSON.stringify(parameters)}, ${what}`);
    for (const one of [stream, chat]) assertSameList(one.messages.map(({ id }) => id), ids, 'what is kept');
    stream.close();
    chat.close();
  }
  const client = await scene.speak(bridge);
  await client.subscribe(channel, '0');
  assert.equal(client.gaps.length, expected.length, `subscribe frame, ${what}`);
  client.close();
}

// A page shows the whole log of a build, the whole answer of a model: it must know whether the beginning is missing.
story('who asks from the beginning is told if it was trimmed', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '10' });
  for (const data of numbers(1, 400)) await redis.record('public:a', `${data} ${'.'.repeat(100)}`);
  const ids = await keptIds(redis);
  for (const channel of ['public:a', 'public:*']) {
    const gap = { channel, after: '0-0', oldest: ids[0], reason: 'trimmed' };
    await expectFromBegin(scene, bridge, channel, [gap], ids, ids.length + 1);
    for (const options of [{ parameters: { since: '0-0' } }, { lastEventId: '0-0' }]) {
      const stream = await scene.sse(bridge, { channel, ...options });
      await stream.received(ids.length);
      assert.deepEqual(stream.gaps, [gap], JSON.stringify(options));
    }
    const newest = await scene.listen(bridge, channel, { parameters: { replay: ids.length } });
    await newest.received(ids.length);
    assert.deepEqual(newest.gaps, [], 'it gets as many as it asked for');
  }
});

story('who asks from the beginning is told if it has expired or was deleted', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '1s' });
  await redis.record('public:a', 'missed');
  await waitFor(async () => (await redis.call('EXISTS', LOG)) === 0, { what: 'the log to expire' });
  for (const channel of ['public:a', 'public:*'])
    await expectFromBegin(scene, bridge, channel, [{ channel, after: '0-0', oldest: null, reason: 'expired' }], [], 5);
  await redis.record('public:b', 'missed');
  await redis.call('DEL', 'bridge:log:public:b');
  await expectFromBegin(scene, bridge, 'public:b', [{ channel: 'public:b', after: '0-0', oldest: null, reason: 'expired' }], [], 5);
});

story('an entry that came after the beginning had expired does not hide that', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '2s' });
  await redis.record('public:a', 'missed');
  await waitFor(async () => (await redis.call('EXISTS', LOG)) === 0, { what: 'the log to expire' });
  const id = await redis.record('public:a', 'the first of a new log');
  const stream = await scene.sse(bridge, { channel: 'public:a', parameters: { since: '0' } });
  await stream.received(1);
  assert.deepEqual(stream.gaps, [{ channel: 'public:a', after: '0-0', oldest: id, reason: 'trimmed' }]);
});

// However old the keyspace is: what never was can't be missing.
story('a channel that never had entries, or has them all, has no gap at its beginning', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '60s' });
  const genesis = await waitFor(() => redis.call('GET', 'bridge:genesis'), { what: 'the keyspace to begin' });
  await redis.call('SET', 'bridge:genesis', `${Number(genesis.split('-')[0]) - 3_600_000}-0`);
  await expectFromBegin(scene, bridge, 'public:never', [], [], 5);
  await expectFromBegin(scene, bridge, 'public:n*', [], [], 5);
  const ids = [await redis.record('public:new', 'the first of all'), await redis.record('public:new', 'the second')];
  await expectFromBegin(scene, bridge, 'public:new', [], ids, 5);
  await expectFromBegin(scene, bridge, 'public:n*', [], ids, 5);
});

// A busy channel keeps entries that are older than BRIDGE_HISTORY_TTL: that others may have expired is no gap.
story('since=0 and replay= report no gap, even if older entries may have expired', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '2s' });
  const start = Date.now();
  let count = 0;
  for (; count < 600; count++) await redis.record('public:a', `${count}`.padEnd(100, '.'));
  await paced(16, 200, () => redis.record('public:a', `${count++}`)); // until the first are older than 2 s
  for (const [channel, parameters] of [['public:*', { since: '0' }], [['public:a', 'public:b'], { since: '0' }], ['public:*', { replay: '900' }]]) {
    const stream = await scene.sse(bridge, { channel, parameters });
    await redis.record('public:a', `${count++}`);
    await stream.received(count);
    assert.deepEqual(stream.gaps, [], JSON.stringify([channel, parameters]));
    stream.close();
  }
  const old = await scene.sse(bridge, { channel: 'public:*', lastEventId: `${start - 1000}-0` });
  await old.received(count);
  assert.ok(old.gaps.length <= 1, 'a real gap is reported at most once');
});

// A connection that is up to date subscribes to another channel, with an `after` that is too old. Until that channel
// has caught up, its ids are older than those of the connection, and so is the id of its gap: a client that remembers
// the last id of each channel misses nothing.
story('the gap of a channel that is added has an id from which that channel can resume', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '10' });
  const after = await redis.record('public:a', 'long ago');
  for (const data of numbers(1, 400)) await redis.record('public:a', `${data} ${'.'.repeat(100)}`);
  const client = await scene.speak(bridge, 'public:b');
  await redis.record('public:b', 'newest');
  await client.received(1);
  await client.subscribe('public:a', after);
  const [gap] = client.gaps;
  assert.equal(gap.reason, 'trimmed');
  assert.equal(gap.id, after);
  const ids = client.messages.filter(({ channel }) => channel === 'public:a').map(({ id }) => id);
  assertSameList(ids, await keptIds(redis), 'what is kept');
  assert.ok(areIncreasing([gap.id, ...ids]));
});

// Replication is asynchronous: what the old primary acknowledged a moment ago may be missing on the new one. Every
// browser that connected before the loss gets one `reset` gap, even if new messages have come since, and gets no
// message twice.
story('if a failover loses messages, every browser from before gets one reset gap', async (scene) => {
  const primary = await scene.redis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replica = await scene.redis();
  const target = { port: primary.port };
  const proxy = scene.own(await startRedisProxy(target));
  const bridge = await scene.bridge({ redis: proxy.url });
  const other = await scene.bridge({ redis: proxy.url });
  await replica.call('REPLICAOF', '127.0.0.1', primary.port);
  await primary.record('public:a', 'seen');
  const seen = await primary.record('public:a', 'last seen');
  await primary.record('public:a', 'missed, and kept');
  await waitFor(async () => (await replica.call('XLEN', 'bridge:log:public:a')) === 3, { what: 'the replica to have all entries' });
  await replica.call('REPLICAOF', 'NO', 'ONE');

  const witness = await scene.listen(bridge, 'public:a');
  await primary.record('public:a', 'lost');
  await witness.received(1);
  target.port = replica.port;
  proxy.drop();
  await waitFor(() => replica.call('GET', 'bridge:lost'), { what: 'a bridge to report the loss' });
  await replica.record('public:a', 'new');
  await witness.received(2);
  assert.deepEqual(witness.payloads, ['lost', 'new']);
  assert.deepEqual(witness.gaps.map(({ reason }) => reason), ['reset'], 'it may have missed something');

  const away = await scene.listen(other, 'public:a', { lastEventId: seen });
  await away.received(2);
  assert.deepEqual(away.payloads, ['missed, and kept', 'new']);
  assert.deepEqual(away.gaps.map(({ reason }) => reason), ['reset']);
  const again = await scene.listen(other, 'public:a', { lastEventId: away.lastEventId });
  await replica.record('public:a', 'newer');
  await again.received(1);
  assert.deepEqual(again.gaps, []);
});

// A false alarm makes every page reload everything, so there must be none in the edge cases.
story('no gap is reported if nothing is missing', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '10' });
  const cursorOfNothing = (await scene.listen(bridge, 'public:fresh')).lastEventId;
  for (const data of numbers(1, 400)) await redis.record('public:a', `${data} ${'.'.repeat(100)}`);
  const ids = await keptIds(redis);
  const { previous } = await oldest(redis);
  assert.ok(comparePositions(previous, ids[0]) < 0);

  const starts = [
    [previous, ids, 'the entry just before the oldest'],
    [ids[0], ids.slice(1), 'the oldest entry'],
    [ids.at(-1), [], 'the newest entry'],
  ];
  for (const [lastEventId, expected, what] of starts) {
    const stream = await scene.listen(bridge, 'public:a', { lastEventId });
    await stream.received(expected.length);
    assertSameList(stream.messages.map(({ id }) => id), expected, `what comes after ${what}`);
    assert.deepEqual(stream.gaps, [], what);
  }
  const fresh = await scene.listen(bridge, 'public:fresh', { lastEventId: cursorOfNothing });
  await redis.record('public:fresh', 'the first one ever');
  await fresh.received(1);
  assert.deepEqual(fresh.gaps, [], 'a channel that never had an entry');
  assert.ok(areIncreasing([cursorOfNothing, ...fresh.messages.map(({ id }) => id)]));
});
