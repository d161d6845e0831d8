// 35-gap - what can't be given any more is told, in band, with its reason; and what can be given is never called a gap.
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

// Listens with the given cursor until `last` has come, over SSE, the eventsource package's way and WebSocket;
// each must have been told one gap first, the same one, and then have got `ids`.
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
  assert.ok(stream.blocks.indexOf(block) < firstMessage, 'the gap is told before the entries after it');
}

// A browser slept for a week; the channel kept only the last entries. The page hears `gap` and can load its state anew.
story('trimmed: the log has lost entries after the cursor', async (scene) => {
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

// The channel was silent for so long that its log is gone, and the cursor is older than that.
story('expired: the log is gone', async (scene) => {
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

// The log expired, and a new entry opened a new one: that what was between them is gone must still be known.
story('a log that was opened anew after it expired does not hide what it has lost', async (scene) => {
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

// Somebody flushed Redis, or its data set was lost. Every cursor from before is from another world.
story('reset: Redis was flushed', async (scene) => {
  const { redis, bridge } = await scene.start();
  const stays = await scene.listen(bridge, 'public:a');
  const cursor = await redis.record('public:a', 'seen');
  await redis.record('public:a', 'missed');
  await stays.received(2);
  await redis.call('FLUSHALL');
  const id = await redis.record('public:a', 'new world');
  await stays.received(3); // before that a worker could give all of it from memory, and nothing would be missing
  assert.ok(comparePositions(cursor, id) < 0);
  await expectGap(
    scene, bridge, cursor,
    { channel: 'public:a', after: cursor, oldest: id, reason: 'reset' },
    [id],
    (data) => redis.record('public:a', data),
  );
  await stays.received(4);
  assert.deepEqual(stays.payloads, ['seen', 'missed', 'new world', 'live'], 'who stayed connected hears on');
  await bridge.ready();
});

// A failover has lost acknowledged writes, or the cursor comes from another system: it is in the future.
story('ahead: the cursor is newer than everything', async (scene) => {
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

// Each channel is told its own gap; what there is comes in one order all the same, so that a cut on the way loses nothing,
// and an entry that two of them have comes once.
for (const [why, begin] of [
  ['reset', async (redis, cursor) => (await redis.call('FLUSHALL'), cursor)],
  ['ahead', async () => '99999999999999-0'],
]) {
  story(`${why}: several channels go on in the order of positions`, async (scene) => {
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

// Redis lost everything under those who are connected: they are told, and go on likewise.
story('Redis begins anew: who stays connected goes on in the order of positions', async (scene) => {
  const { redis, bridge } = await scene.start();
  const stream = await scene.listen(bridge, ['public:b', 'public:*', 'public:c']);
  await redis.record('public:c', 'seen');
  await stream.received(1);
  await redis.restart();
  const ids = [await waitFor(() => redis.record('public:c', 'kept'), { what: 'the library to be there again' })];
  for (const name of 'bacab') ids.push(await redis.record(`public:${name}`, 'kept'));
  await waitFor(() => stream.messages.at(-1).id === ids.at(-1), { what: 'the last entry' });
  assert.deepEqual(stream.messages.slice(1).map(({ id }) => id), ids);
});

// A `subscribe` frame with an old `after` is told the same; the connection goes on.
story('a WebSocket subscribe frame with an old cursor is told the gap', async (scene) => {
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

// For a pattern the bridge can't always prove that nothing is missing; then it says so for the pattern, or for the channel it knows.
story('a pattern is told gaps too', async (scene) => {
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

// Whoever asks for what is kept misses nothing, however old its first entries are; a busy channel keeps some that are older
// than the history time.
story('since=0 and replay= are no gaps, though something may have expired before what is kept', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '2s' });
  const start = Date.now();
  let count = 0;
  for (; count < 600; count++) await redis.record('public:a', `${count}`.padEnd(100, '.'));
  await paced(16, 200, () => redis.record('public:a', `${count++}`)); // until the first are older than that
  for (const [channel, parameters] of [['public:*', { since: '0' }], [['public:a', 'public:b'], { since: '0' }], ['public:*', { replay: '900' }]]) {
    const stream = await scene.sse(bridge, { channel, parameters });
    await redis.record('public:a', `${count++}`);
    await stream.received(count);
    assert.deepEqual(stream.gaps, [], JSON.stringify([channel, parameters]));
    stream.close();
  }
  const old = await scene.sse(bridge, { channel: 'public:*', lastEventId: `${start - 1000}-0` });
  await old.received(count);
  assert.ok(old.gaps.length <= 1, 'and a real one is told once');
});

// A connection that is up to date adds a channel whose `after` is too old. The ids that come for that channel are behind those of
// the connection until it has caught up, and so is the gap's: who remembers the last id of each channel misses nothing.
story('the gap of a channel that is added goes on where that channel does', async (scene) => {
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

// Replication is asynchronous: what the old primary had acknowledged a moment ago may be missing on the new one. Every browser
// from before is told, once, also where new messages have come meanwhile, and it gets none of what it has a second time.
story('what a failover lost is told to all from before, once', async (scene) => {
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
  await waitFor(async () => (await replica.call('XLEN', 'bridge:log:public:a')) === 3, { what: 'the replica to have it all' });
  await replica.call('REPLICAOF', 'NO', 'ONE');

  const witness = await scene.listen(bridge, 'public:a');
  await primary.record('public:a', 'lost');
  await witness.received(1);
  target.port = replica.port;
  proxy.drop();
  await waitFor(() => replica.call('GET', 'bridge:lost'), { what: 'somebody to say that something is missing' });
  await replica.record('public:a', 'new');
  await witness.received(2);
  assert.deepEqual(witness.payloads, ['lost', 'new']);
  assert.deepEqual(witness.gaps.map(({ reason }) => reason), ['reset'], 'nobody can tell whether it was given everything');

  const away = await scene.listen(other, 'public:a', { lastEventId: seen });
  await away.received(2);
  assert.deepEqual(away.payloads, ['missed, and kept', 'new']);
  assert.deepEqual(away.gaps.map(({ reason }) => reason), ['reset']);
  const again = await scene.listen(other, 'public:a', { lastEventId: away.lastEventId });
  await replica.record('public:a', 'newer');
  await again.received(1);
  assert.deepEqual(again.gaps, []);
});

// A false alarm makes every page load everything anew: it must not happen at the edges.
story('no gap is told where nothing is missing', async (scene) => {
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
  for (const options of [{ parameters: { since: '0' } }, { parameters: { since: '0-0' } }, { lastEventId: '0-0' }]) {
    const stream = await scene.listen(bridge, 'public:a', options);
    await stream.received(ids.length);
    assertSameList(stream.messages.map(({ id }) => id), ids, 'all that is kept');
    assert.deepEqual(stream.gaps, [], JSON.stringify(options));
  }
  const fresh = await scene.listen(bridge, 'public:fresh', { lastEventId: cursorOfNothing });
  await redis.record('public:fresh', 'the first one ever');
  await fresh.received(1);
  assert.deepEqual(fresh.gaps, [], 'a channel that never had an entry');
  assert.ok(areIncreasing([cursorOfNothing, ...fresh.messages.map(({ id }) => id)]));
});
