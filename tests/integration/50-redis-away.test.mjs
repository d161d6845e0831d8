// 50-redis-away - Redis is stopped, not started yet, or comes back empty: browsers stay connected, the operator is
// told, no durable message is lost or doubled.
import assert from 'node:assert/strict';
import { post, query, request } from '../lib/http.mjs';
import { mkdirSync } from 'node:fs';
import { POSITION, areIncreasing, numbers } from '../lib/position.mjs';
import { startRedisProxy } from '../lib/redisproxy.mjs';
import { story } from '../lib/story.mjs';
import { holdsFor, waitFor, within } from '../lib/wait.mjs';

// A publisher that does not give up: it repeats the POST until the answer is 200.
async function insist(bridge, channel, payload) {
  return waitFor(() => post(bridge, channel, payload, { deadline: 20_000 }), { deadline: 40_000, every: 100, what: `POST ${payload}` });
}

// Redis is upgraded: it is away for 10 seconds and comes back with its data. No browser has to reconnect or reload.
story('while Redis is away for 10 s, browsers stay connected and /readyz says why; durable messages arrive once', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HEARTBEAT: '1s' }, { appendonly: true });
  const stream = await scene.listen(bridge, 'public:a');
  const chat = await scene.speak(bridge, 'public:a');
  const said = numbers(1, 5);
  for (const data of said) await redis.record('public:a', data);
  await stream.received(5);

  await redis.stop();
  const reasons = await bridge.unready();
  assert.ok(reasons.length > 0 && reasons.every((reason) => typeof reason === 'string'), 'the reasons are sentences');
  assert.match(reasons.join(' '), /redis/i);
  const heardBefore = stream.bytes.length;
  const posted = insist(bridge, 'public:a', 'posted while away');
  posted.catch(() => {});
  await holdsFor(10_000, async () => {
    assert.equal(stream.ended, undefined, 'the SSE browser stays connected');
    assert.equal(chat.closed, undefined, 'the WebSocket browser stays connected');
    assert.equal((await request(bridge, '/readyz')).status, 503);
    assert.equal((await request(bridge, '/healthz')).status, 200);
  }, { every: 250 });
  assert.ok(stream.bytes.length > heardBefore, 'heartbeats continue, so that no proxy cuts the stream');

  await redis.start();
  for (const data of numbers(6, 15)) await redis.record('public:a', data);
  await posted;
  await bridge.ready();
  await redis.publish('public:a', 'plain again');
  await post(bridge, 'public:a', 'posted again');

  for (const one of [stream, chat]) {
    await one.received(18, { deadline: 20_000 });
    const counts = [...numbers(1, 15), 'posted while away', 'plain again', 'posted again'];
    assert.deepEqual([...one.payloads].sort(), [...counts].sort(), 'everything once');
    assert.deepEqual(one.payloads.filter((data) => /^\d+$/.test(data)), numbers(1, 15), 'in order');
    assert.deepEqual(one.gaps, []);
    assert.ok(areIncreasing(one.messages.map(({ id }) => id)));
  }
  assert.equal(stream.ended, undefined);
  assert.equal(chat.closed, undefined);
});

// What a browser publishes while Redis is away is not silently lost: it is acknowledged in the end, or refused, so that
// the browser can retry.
story('a POST and a WebSocket publish while Redis is away are answered, and recorded if they are acknowledged', async (scene) => {
  const { redis, bridge } = await scene.start({}, { appendonly: true });
  const chat = await scene.speak(bridge, 'public:a');
  await redis.stop();
  await bridge.unready();
  const answers = Promise.all([
    request(bridge, '/publish' + query('public:a'), { method: 'POST', body: 'by post', deadline: 30_000 }),
    chat.ask({ type: 'publish', channel: 'public:a', data: 'by frame', key: 'once' }, { deadline: 30_000 }),
  ]);
  await within(8_000, 'the answers', answers).catch(() => {}); // they may come now, or when Redis is back
  await redis.start();
  const [posted, framed] = await answers;
  await bridge.ready();
  if (posted.status !== 200) {
    assert.ok([500, 502, 503, 504].includes(posted.status), `POST was answered ${posted.status}`);
    assert.match(posted.json().error.code, /^[a-z_]+$/);
  }
  if (framed.type !== 'ack') assert.equal(framed.type, 'error');
  const expected = [posted.status === 200 && 'by post', framed.type === 'ack' && 'by frame', 'end'].filter(Boolean);
  await redis.record('public:a', 'end');
  await chat.received(expected.length);
  assert.deepEqual([...chat.payloads].sort(), expected.sort(), 'recorded exactly if it was acknowledged');
});

// Compose and platforms start everything at once: the bridge may run before Redis does, and browsers connect before
// both are ready.
story('a bridge that is started before Redis waits for it, and then serves browsers that connected meanwhile', async (scene) => {
  const redis = await scene.redis({ start: false });
  const bridge = await scene.bridge({ redis, ready: false });
  await waitFor(async () => (await request(bridge, '/healthz')).status === 200, { what: '/healthz' });
  assert.match((await bridge.unready()).join(' '), /redis/i);
  const early = scene.eventSource(bridge, { channel: 'public:a' });
  await redis.start();
  await bridge.ready();
  await early.opened({ deadline: 15_000 });
  await redis.publish('public:a', 'hello');
  await early.received(1);
  assert.deepEqual(early.payloads, ['hello']);
});

// Redis comes back with an empty data set (no persistence). Browsers with older cursors get a `reset` gap.
story('when Redis comes back empty, the bridge loads its functions again and continues', async (scene) => {
  const { redis, bridge } = await scene.start();
  const stream = await scene.listen(bridge, 'public:a');
  const cursor = await redis.record('public:a', 'before');
  await stream.received(1);
  await redis.kill();
  await bridge.unready();
  await redis.start();
  await bridge.ready({ deadline: 25_000 });
  await waitFor(() => redis.record('public:a', 'after'), { what: 'FCALL to work again' });
  await stream.block(({ data }) => data === 'after', { what: 'the first entry of the new data set' });
  const back = await scene.sse(bridge, { channel: 'public:a', lastEventId: cursor });
  await back.received(1);
  assert.deepEqual(back.payloads, ['after']);
  assert.deepEqual(back.gaps.map(({ reason }) => reason), ['reset']);
});

// A page is opened in the middle of an outage. EventSource says `open`, so the page shows "connected": whatever is published from
// then on must come, although the bridge can't ask Redis for anything yet.
const outages = {
  'while Redis is cut off': {
    begin: ({ proxy }) => proxy.cut(),
    say: (redis, data) => redis.record('public:a', data),
    end: ({ proxy }) => proxy.mend(),
  },
  'while Redis closes every connection': {
    begin: ({ proxy }) => {
      proxy.isRefusing = true;
      proxy.drop();
    },
    say: (redis, data) => redis.record('public:a', data),
    end: ({ proxy }) => (proxy.isRefusing = false),
  },
  'while the connection for calls hangs': {
    begin: ({ proxy }) => proxy.freeze('redis-bridge-calls'),
    say: (redis, data) => redis.record('public:a', data),
    end: () => {}, // it is given up after a while
  },
  'while Redis refuses writes': {
    begin: async ({ redis }) => {
      await redis.call('CONFIG', 'SET', 'save', '3600 1');
      mkdirSync(`${redis.folder}/dump.rdb`);
      await redis.call('BGSAVE');
      await waitFor(() => redis.call('SET', 'key', 'value').then(() => false, () => true), { what: 'Redis to refuse' });
    },
    say: (redis, data) => redis.publish('public:a', data),
    end: ({ redis }) => redis.call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no'),
  },
};
for (const [when, { begin, say, end }] of Object.entries(outages))
  story(`a browser that comes ${when} gets all that is published after it is connected`, async (scene) => {
    const redis = await scene.redis();
    const proxy = scene.own(await startRedisProxy(redis));
    const bridge = await scene.bridge({ redis: proxy.url, env: { BRIDGE_HEARTBEAT: '1s', BRIDGE_WORKERS: '1' } });
    const other = await scene.bridge({ redis });
    const witness = await scene.listen(bridge, 'public:*');
    await redis.record('public:a', 'before');
    await witness.received(1);
    await begin({ redis, proxy });
    const stream = await scene.sse(bridge, { channel: 'public:a' });
    const chat = await scene.ws(bridge, { channel: 'public:a' });
    const several = await scene.sse(bridge, { channel: ['public:a', 'public:b*'] });
    const newest = await scene.sse(bridge, { channel: 'public:a', parameters: { replay: 2 } });
    for (const data of numbers(1, 5)) await say(redis, data);
    const first = await stream.block(({ event }) => event === 'cursor');
    assert.match(first.id, POSITION, 'where it starts is known at once');
    await chat.frame(({ type }) => type === 'hello');
    await stream.block(({ event }, index) => event === 'cursor' && index > 0, { what: 'a heartbeat' });
    await end({ redis, proxy });
    for (const one of [stream, chat, several, newest]) {
      await one.received(5, { deadline: 30_000 });
      assert.deepEqual(one.payloads.filter((data) => data !== 'before'), numbers(1, 5).map(String));
      assert.deepEqual(one.gaps, []);
    }
    assert.ok(!stream.payloads.includes('before'));
    await other.ready();
  });

// A chat client opens a WebSocket and greets at once, before it is told anything: it must see its own greeting, as it will see
// everybody else's.
story('a WebSocket client that publishes before `hello` or `subscribed` hears its own message', async (scene) => {
  const { bridge } = await scene.start();
  for (const number of numbers(1, 40)) {
    const channel = `public:room:${number}`;
    const client = await scene.ws(bridge, { channel });
    client.send({ type: 'publish', channel, data: 'hello, room' });
    client.send({ type: 'subscribe', channel: `${channel}:side` });
    client.send({ type: 'publish', channel: `${channel}:side`, data: 'hello, side room' });
    await client.received(2);
    assert.deepEqual(client.payloads.sort(), ['hello, room', 'hello, side room']);
    client.close();
  }
});
