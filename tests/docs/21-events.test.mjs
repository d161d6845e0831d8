// 21-events - the protocol page on Server-Sent Events: names, data, ids, ends.
import assert from 'node:assert/strict';
import { post } from '../lib/http.mjs';
import { overload } from '../lib/overload.mjs';
import { BROWSERS, visit } from '../lib/visit.mjs';
import { waitFor } from '../lib/wait.mjs';
import { prove } from './prove.mjs';

const BYTES = Buffer.from([0xff, 0x00, 0x0a]);
const start = (scene) => scene.start({ BRIDGE_SUBSCRIBE: 'public:*,cursor,gap', BRIDGE_PUBLISH: 'public:*,cursor,gap', BRIDGE_EPHEMERAL: 'public:live', BRIDGE_HEARTBEAT: '1s' });

// The block that a payload arrives in.
async function block(stream, bridge, channel, payload, options) {
  const before = stream.messages.length;
  await post(bridge, channel, payload, options);
  await stream.received(before + 1);
  return stream.messages[before];
}

prove('bridge/web/README.md', 'Server-Sent Events', start, {
  message: async ({ bridge }, scene) => {
    const got = await block(await scene.listen(bridge, 'public:a'), bridge, 'public:a', 'hello');
    assert.deepEqual(got.fields.map(([name]) => name), ['data', 'id']);
    assert.deepEqual([got.event, got.data], ['message', 'hello']);
  },
  '<name>': async ({ bridge }, scene) => {
    const got = await block(await scene.listen(bridge, 'public:a'), bridge, 'public:a', '1', { event: 'price' });
    assert.deepEqual([got.event, got.data], ['price', '1']);
  },
  '<channel>': async ({ bridge }, scene) => {
    for (const channel of [['public:a', 'public:b'], 'public:*']) {
      const got = await block(await scene.listen(bridge, channel), bridge, 'public:a', '1', { event: 'price' });
      assert.deepEqual([got.event, got.data], ['public:a', '1']);
    }
  },
  'message with format=json': async ({ bridge }, scene) => {
    for (const channel of ['public:a', 'public:*']) {
      const stream = await scene.listen(bridge, channel, { parameters: { format: 'json' } });
      const plain = await block(stream, bridge, 'public:a', 'a\r\nb');
      assert.equal(plain.event, 'message');
      assert.deepEqual(JSON.parse(plain.data), { type: 'message', channel: 'public:a', id: plain.id, data: 'a\r\nb' });
      assert.equal(JSON.parse((await block(stream, bridge, 'public:a', '1', { event: 'price' })).data).event, 'price');
    }
  },
  'message;base64, <name>;base64, <channel>;base64': async ({ bridge }, scene) => {
    const one = await scene.listen(bridge, 'public:a');
    const got = await block(one, bridge, 'public:a', BYTES);
    assert.deepEqual([got.event, got.data], ['message;base64', BYTES.toString('base64')]);
    assert.equal((await block(one, bridge, 'public:a', BYTES, { event: 'price' })).event, 'price;base64');
    assert.equal((await block(await scene.listen(bridge, 'public:*'), bridge, 'public:a', BYTES)).event, 'public:a;base64');
    const json = await scene.listen(bridge, 'public:a', { parameters: { format: 'json' } });
    assert.equal(JSON.parse((await block(json, bridge, 'public:a', BYTES)).data).encoding, 'base64');
  },
  '<channel>;entry': async ({ bridge }, scene) => {
    const stream = await scene.listen(bridge, ['cursor', 'gap']);
    for (const channel of ['cursor', 'gap']) {
      await post(bridge, channel, 'x');
      await stream.block(({ event, data }) => event === `${channel};entry` && data === 'x');
    }
  },
  cursor: async ({ bridge, redis }, scene) => {
    const stream = await scene.listen(bridge, 'public:quiet');
    assert.deepEqual(stream.blocks[0].fields.map(([name]) => name), ['retry', 'event', 'data', 'id']);
    assert.ok(stream.blocks[0].retry >= 1000 && stream.blocks[0].retry <= 5000);
    assert.equal(stream.blocks[0].data, stream.blocks[0].id);
    const replayed = await scene.listen(bridge, 'public:a', { parameters: { replay: 2 } });
    const resumed = await scene.sse(bridge, { channel: 'public:a', lastEventId: replayed.blocks[0].id });
    await replayed.received(2);
    await resumed.received(2);
    assert.deepEqual(resumed.payloads, replayed.payloads);
    const elsewhere = await redis.record('public:a', 'moves the cursor of others');
    await stream.block(({ event, id }) => event === 'cursor' && id === elsewhere, { what: 'a heartbeat with the newest id' });
  },
  gap: async ({ bridge, redis }, scene) => {
    const stream = await scene.listen(bridge, 'public:lost');
    await redis.record('public:lost', 'seen');
    await stream.received(1);
    stream.cut();
    await redis.record('public:lost', 'missed');
    await redis.call('FLUSHALL');
    const again = await scene.sse(bridge, { channel: 'public:lost', lastEventId: stream.lastEventId });
    const gap = await again.block(({ event }) => event === 'gap');
    assert.deepEqual(Object.keys(JSON.parse(gap.data)), ['channel', 'after', 'oldest', 'reason']);
    assert.ok(gap.id);
  },
  // In a browser such an event calls the handler of that name.
  "Don't call an event or a channel error or open": async ({ bridge }, scene) => {
    const script = `
      const events = new EventSource('${bridge.base}/events?channel=public:a');
      events.onopen = (event) => report('onopen', event.data);
      events.onerror = (event) => report('onerror', event.data);
      events.onmessage = () => report('listens');`;
    for (const browser of Object.keys(BROWSERS)) {
      const tab = scene.own(await visit(browser, script));
      await waitFor(async () => {
        await post(bridge, 'public:a', 'x');
        return tab.of('listens').length > 0;
      }, { deadline: 60_000, every: 100 });
      for (const event of ['open', 'error']) await post(bridge, 'public:a', event, { event });
      await waitFor(() => tab.reports.some(([name, data]) => name === 'onerror' && data === 'error'), { deadline: 20_000 });
      assert.ok(tab.of('onopen').some(([data]) => data === 'open'));
      await tab.close();
    }
  },
  'Line breaks': async ({ bridge }, scene) => {
    const got = await block(await scene.listen(bridge, 'public:a'), bridge, 'public:a', 'a\r\nb\rc\nd');
    assert.equal(got.fields.filter(([name]) => name === 'data').length, 4);
    assert.equal(got.data, 'a\nb\nc\nd');
  },
  'A message of an ephemeral channel has no id:': async ({ bridge }, scene) => {
    const got = await block(await scene.listen(bridge, 'public:live'), bridge, 'public:live', 'now');
    assert.equal(got.id, undefined);
  },
  'A stream ends at an event boundary': async ({ redis }, scene) => {
    for (const env of [{ BRIDGE_MAX_AGE: '1s' }, {}]) {
      const bridge = await scene.bridge({ redis, env });
      const stream = await scene.listen(bridge, 'public:a');
      if (!env.BRIDGE_MAX_AGE) await bridge.stop();
      assert.equal(await stream.end(), 'clean');
      assert.equal(stream.parser.unfinished, '');
      assert.deepEqual(stream.blocks.at(-1).fields.map(([name]) => name), ['retry', 'event', 'data', 'id']);
    }
  },
  'Anything that a retry can fix is answered with 200': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_MAX_CONNECTIONS: '1', BRIDGE_WORKERS: '1' } });
    await scene.listen(bridge, 'public:a');
    const full = await scene.sse(bridge, { channel: 'public:a' });
    assert.equal(full.status, 200);
    await full.end();
    assert.deepEqual(full.blocks.map(({ data }) => data), [undefined]);
    assert.ok(full.blocks[0].retry >= 1000 && full.blocks[0].retry <= 15000);
    await bridge.said(/connections_full max_connections=1 hint=/);
  },
}, { timeout: 120_000 });

prove('bridge/web/README.md', 'Ids, cursors and gaps', (scene) => scene.start({ BRIDGE_HISTORY_LENGTH: '1' }), {
  gap: async ({ bridge, redis }, scene) => {
    const before = await redis.record('public:once', 'first');
    for (let i = 0; i < 300; i++) await redis.record('public:once', `${i}`);
    const stream = await scene.sse(bridge, { channel: 'public:once', lastEventId: before });
    const gap = JSON.parse((await stream.block(({ event }) => event === 'gap')).data);
    await stream.received(1);
    assert.deepEqual([gap.after, gap.oldest], [before, stream.messages[0].id]);
    const again = await scene.sse(bridge, { channel: 'public:once', lastEventId: gap.oldest });
    await redis.record('public:once', 'last');
    await again.received(1);
    assert.deepEqual(again.gaps, []);
  },
  trimmed: async ({ bridge, redis }, scene) => {
    const before = await redis.record('public:t', 'first');
    for (let i = 0; i < 300; i++) await redis.record('public:t', `${i}`);
    const stream = await scene.sse(bridge, { channel: 'public:t', lastEventId: before });
    await stream.block(({ event }) => event === 'gap');
    assert.equal(stream.gaps[0].reason, 'trimmed');
  },
  expired: async (_, scene) => {
    const { bridge, redis } = await scene.start({ BRIDGE_HISTORY_TTL: '1s' });
    const before = await redis.record('public:e', 'first');
    await redis.record('public:e', 'second');
    await waitFor(async () => (await redis.call('EXISTS', 'bridge:log:public:e')) === 0, { what: 'the log to expire' });
    const stream = await scene.sse(bridge, { channel: 'public:e', lastEventId: before });
    await stream.block(({ event }) => event === 'gap');
    assert.deepEqual([stream.gaps[0].reason, stream.gaps[0].oldest], ['expired', null]);
  },
  too_big: async ({ bridge, redis }, scene) => {
    const stream = await scene.listen(bridge, 'public:big');
    await redis.publish('public:big', 'x'.repeat(65_537));
    await redis.publish('public:big', 'next');
    await stream.received(1);
    const [gap, next] = stream.blocks.slice(-2);
    assert.deepEqual([stream.gaps[0].reason, stream.gaps[0].oldest, next.data], ['too_big', gap.id, 'next']);
  },
  overload: async (_, scene) => {
    const { bridge, redis } = await scene.start({ BRIDGE_LEASE: '30s' });
    const stream = await scene.listen(bridge, 'public:b');
    await overload(redis, bridge, 'public:a');
    await redis.publish('public:b', 'lost');
    await redis.publish('public:b', 'lost, too');
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
    await stream.block(({ event }) => event === 'gap', { deadline: 60_000 });
    await redis.publish('public:b', 'next');
    await stream.received(1);
    assert.deepEqual([stream.payloads, stream.gaps.map(({ reason }) => reason)], [['next'], ['overload']]);
  },
  ahead: async ({ bridge }, scene) => {
    const stream = await scene.sse(bridge, { channel: 'public:a', lastEventId: '99999999999999-0' });
    await stream.block(({ event }) => event === 'gap');
    assert.equal(stream.gaps[0].reason, 'ahead');
  },
  reset: async ({ bridge, redis }, scene) => {
    const before = await redis.record('public:r', 'first');
    await redis.record('public:r', 'second');
    await redis.call('FLUSHALL');
    const stream = await scene.sse(bridge, { channel: 'public:r', lastEventId: before });
    await stream.block(({ event }) => event === 'gap');
    assert.equal(stream.gaps[0].reason, 'reset');
  },
});
