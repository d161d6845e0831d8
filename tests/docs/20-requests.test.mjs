// 20-requests - the protocol page on requests: endpoints, parameters, where a stream begins.
import assert from 'node:assert/strict';
import { history, post, query, request } from '../lib/http.mjs';
import { prove } from './prove.mjs';

const methodsOf = async (bridge, path) => {
  const refused = await request(bridge, path, { method: 'DELETE' });
  assert.equal(refused.status, 405);
  return refused.headers.allow;
};

async function answers(bridge, path, methods, type) {
  assert.equal(await methodsOf(bridge, path), methods);
  const found = await request(bridge, path + (path === '/events' || path === '/history' ? '?channel=public:a' : ''));
  assert.equal(found.status, path === '/ws' ? 426 : 200);
  assert.ok(found.headers['content-type'].startsWith(type), found.headers['content-type']);
  assert.equal((await request(bridge, '/nothing-here')).status, 404);
}

const READ = 'GET, HEAD, OPTIONS';

prove('bridge/web/README.md', 'Endpoints', (scene) => scene.start(), {
  '/events': ({ bridge }) => answers(bridge, '/events', READ, 'text/event-stream'),
  '/ws': ({ bridge }) => answers(bridge, '/ws', READ, 'application/json'),
  '/publish': async ({ bridge }) => {
    assert.equal(await methodsOf(bridge, '/publish'), 'POST, OPTIONS');
    assert.match(await post(bridge, 'public:a', 'x'), /^\d+-\d+$/);
  },
  '/history': ({ bridge }) => answers(bridge, '/history', READ, 'application/json'),
  '/healthz': ({ bridge }) => answers(bridge, '/healthz', READ, 'application/json'),
  '/readyz': ({ bridge }) => answers(bridge, '/readyz', READ, 'application/json'),
  '/metrics': ({ bridge }) => answers(bridge, '/metrics', READ, 'text/plain'),
  '/': ({ bridge }) => answers(bridge, '/', 'GET, HEAD', 'text/html'),
});

// Ten messages: a1 b1 a2 b2 … in public:a and public:b.
async function withTenMessages(scene, env) {
  const { redis, bridge } = await scene.start(env);
  const ids = [];
  for (let i = 1; i <= 5; i++) for (const name of ['a', 'b']) ids.push(await redis.record(`public:${name}`, `${name}${i}`));
  return { redis, bridge, ids };
}

// What a stream gets first, until it has `count` messages and no more come before the mark that is published then.
async function begins(scene, { redis, bridge }, path, headers = {}) {
  const stream = await scene.sse(bridge, { path, headers });
  await stream.opened();
  await redis.record('public:a', 'mark');
  await stream.block(({ data }) => data?.includes('mark'));
  const got = stream.payloads.slice(0, stream.payloads.findIndex((data) => data.includes('mark')));
  stream.close();
  return got;
}

const A = 'channel=public:a';

prove('bridge/web/README.md', 'Parameters', (scene) => withTenMessages(scene, { BRIDGE_DEFAULT_CHANNELS: 'public:a' }), {
  channel: async (shared, scene) => {
    assert.deepEqual(await begins(scene, shared, '/events?channel=public:a&channel=public:b&replay=2'), ['a5', 'b5']);
    assert.deepEqual(await begins(scene, shared, '/events?channel=public%3Ab*&channel=public:a&replay=2'), ['b5']);
    assert.deepEqual((await history(shared.bridge, ['public:b', 'public:*', 'public:b'], { limit: 3 })).entries.map(({ data }) => data), ['a1', 'b1', 'a2']);
    assert.equal((await history(shared.bridge, undefined, { limit: 1 })).entries[0].channel, 'public:a');
    const without = await scene.bridge({ redis: shared.redis });
    for (const path of ['/events', '/history']) assert.equal((await request(without, path)).json().error.code, 'bad_channel');
    await post(without, 'public:a b', 'a space');
    assert.equal((await request(without, '/history?channel=public:a+b&limit=1&limit=x&unknown=1&since=')).json().entries[0].data, 'a space');
    const client = await scene.ws(shared.bridge);
    await client.subscribed('public:a');
    for (const wrong of ['', '?channel=public:a&channel=public:b', '?channel=public:*'])
      assert.equal((await request(shared.bridge, `/publish${wrong}`, { method: 'POST', body: 'x' })).json().error.code, 'bad_channel');
  },
  last_event_id: async (shared) => {
    const after = shared.ids[6]; // a4
    for (const name of ['last_event_id', 'lastEventId', 'last-event-id', 'Last-Event-Id', 'Last-Event-ID', 'after'])
      assert.equal((await history(shared.bridge, 'public:a', { [name]: after })).entries[0].data, 'a5', name);
    assert.equal((await history(shared.bridge, 'public:a', { last_event_id: 0, after })).entries[0].data, 'a1');
  },
  replay: async (shared, scene) => {
    const newest = await history(shared.bridge, ['public:b', 'public:a'], { replay: 1 });
    assert.equal(newest.entries.length, 1, 'of all channels together');
    for (const replay of [100000, 0])
      assert.deepEqual((await history(shared.bridge, 'public:b', { replay })).entries.map(({ data }) => data), ['b1', 'b2', 'b3', 'b4', 'b5']);
    assert.equal((await request(shared.bridge, '/history?channel=public:b&replay=x')).json().error.code, 'bad_cursor');
    assert.equal((await begins(scene, shared, '/events?channel=public:a&replay=0&since=0'))[0], 'a1');
    assert.equal((await begins(scene, shared, '/events?channel=public:a&replay=99999999999999999999'))[0], 'a1');
    assert.equal((await request(shared.bridge, '/history?channel=&limit=1')).json().entries[0].channel, 'public:a');
  },
  since: async (shared, scene) => {
    const all = await begins(scene, shared, '/events?channel=public:b&channel=public:a&since=0');
    assert.deepEqual(all.slice(0, 4), ['a1', 'b1', 'a2', 'b2']);
    assert.equal((await begins(scene, shared, `/events?${A}&since=${shared.ids[6]}`))[0], 'a5');
  },
  'format / /events': async (shared, scene) => {
    const stream = await scene.sse(shared.bridge, { path: `/events?${A}&format=json&since=0` });
    await stream.received(1);
    assert.equal(stream.messages[0].event, 'message');
    assert.equal(JSON.parse(stream.payloads[0]).channel, 'public:a');
    assert.equal((await begins(scene, shared, `/events?${A}&format=text&since=0`))[0], 'a1');
    assert.equal((await request(shared.bridge, `/events?${A}&format=xml`)).json().error.code, 'bad_format');
  },
  'format / /ws': async (shared, scene) => {
    const client = await scene.ws(shared.bridge, { channel: 'public:a', protocols: [], parameters: { format: 'raw', replay: 1 } });
    await client.frame(({ bytes }) => bytes.length > 0);
  },
  limit: async ({ bridge, redis }) => {
    assert.equal((await history(bridge, 'public:b', { limit: 2 })).entries.length, 2);
    for (let i = 0; i < 101; i++) await redis.record('public:many', 'x');
    assert.equal((await history(bridge, 'public:many')).entries.length, 100);
    assert.equal((await history(bridge, 'public:many', { limit: 5000 })).entries.length, 101);
    for (const wrong of ['0', '-1', 'ten'])
      assert.equal((await request(bridge, `/history${query('public:b', { limit: wrong })}`)).json().error.code, 'bad_limit');
  },
  event: async ({ bridge }, scene) => {
    const stream = await scene.listen(bridge, 'public:a');
    await post(bridge, 'public:a', 'named', { event: 'price' });
    assert.equal((await stream.block(({ data }) => data === 'named')).event, 'price');
    for (const event of ['cursor', 'gap', 'a\nb'])
      assert.equal((await request(bridge, `/publish${query('public:a', { event })}`, { method: 'POST', body: 'x' })).status, 400, event);
  },
  key: async ({ bridge }) => {
    const publish = (channel) => request(bridge, `/publish${query(channel, { key: 'k1' })}`, { method: 'POST', body: 'once' });
    const first = (await publish('public:a')).json().id;
    assert.equal((await publish('public:a')).json().id, first);
    assert.notEqual((await publish('public:b')).json().id, first);
    const other = await request(bridge, `/publish${query('public:a', { key: 'k1' })}`, { method: 'POST', body: 'another payload' });
    assert.equal(other.json().id, first);
    assert.equal((await history(bridge, 'public:a', { limit: 1000 })).entries.filter(({ data }) => data === 'once').length, 1);
  },
});

prove('bridge/web/README.md', 'Where a stream begins', (scene) => withTenMessages(scene), {
  1: async (shared, scene) => {
    const path = `/events?${A}&last_event_id=${shared.ids[0]}&replay=1&since=0`;
    assert.equal((await begins(scene, shared, path, { 'Last-Event-ID': shared.ids[4] }))[0], 'a4');
  },
  2: async (shared, scene) => {
    const path = `/events?${A}&after=${shared.ids[0]}&last_event_id=${shared.ids[4]}&replay=1&since=0`;
    assert.equal((await begins(scene, shared, path))[0], 'a4');
  },
  3: async (shared, scene) => {
    await shared.redis.record('public:a', 'newest');
    assert.deepEqual(await begins(scene, shared, `/events?channel=public:b&${A}&replay=1&since=0`), ['newest']);
  },
  4: async (shared, scene) => assert.equal((await begins(scene, shared, `/events?${A}&since=0`))[0], 'a1'),
  5: async (shared, scene) => assert.deepEqual(await begins(scene, shared, `/events?${A}`), []),
  'The header wins over the URL': async (shared, scene) => {
    const path = `/events?channel=public:b&channel=public:a&replay=20`;
    const stream = await scene.sse(shared.bridge, { path });
    await stream.received(10);
    const again = await scene.sse(shared.bridge, { path, lastEventId: stream.lastEventId });
    await again.opened();
    await shared.redis.record('public:b', 'missed');
    await again.received(1);
    assert.equal(again.payloads[0], 'missed');
  },
  'Any id resumes any set of channels': async (shared, scene) => {
    const fromA = shared.ids[6]; // of a4; b4 came after it
    const stream = await scene.sse(shared.bridge, { channel: 'public:b', lastEventId: fromA });
    await stream.received(2);
    assert.deepEqual(stream.payloads.slice(0, 2), ['b4', 'b5']);
    const client = await scene.ws(shared.bridge, { channel: ['public:b', 'public:a'], parameters: { last_event_id: stream.messages[0].id } });
    await client.received(2);
    assert.deepEqual(client.payloads.slice(0, 2), ['a5', 'b5']);
  },
  // A stream that is cut again and again, each time resumed from the last id.
  'Nothing comes twice.': async ({ redis, bridge }, scene) => {
    const got = [];
    let lastEventId = await redis.record('public:once', '0');
    for (let i = 1; i <= 20; i++) await redis.record('public:once', String(i));
    while (got.length < 20) {
      const stream = await scene.sse(bridge, { channel: 'public:once', lastEventId });
      await stream.received(1);
      const some = stream.messages.slice(0, 3);
      stream.cut();
      got.push(...some.map(({ data }) => Number(data)));
      lastEventId = some.at(-1).id;
    }
    assert.deepEqual(got, Array.from({ length: 20 }, (_, i) => i + 1));
  },
  "An id that this server can't read is refused": async ({ bridge }, scene) => {
    const answer = await request(bridge, `/events?${A}`, { headers: { 'Last-Event-ID': 'urn:uuid:1' } });
    assert.deepEqual([answer.status, answer.json().error.code], [400, 'bad_cursor']);
    const client = await scene.ws(bridge, { channel: 'public:a', parameters: { last_event_id: 'urn:uuid:1' } });
    assert.equal((await client.end()).code, 1008);
    assert.equal(client.frames.at(-1).code, 'bad_cursor');
  },
  '/history without a starting point': async ({ bridge }) => {
    assert.equal((await history(bridge, 'public:a', { limit: 1 })).entries[0].data, 'a1');
  },
});
