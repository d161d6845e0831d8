// 23-answers - the protocol page on answers: plain HTTP, errors and what a client does, limits, origins.
import assert from 'node:assert/strict';
import { history, post, query, request } from '../lib/http.mjs';
import { waitFor } from '../lib/wait.mjs';
import { page } from './page.mjs';
import { prove } from './prove.mjs';
import { tables } from './tables.mjs';
import { story } from '../lib/story.mjs';

const publish = (bridge, channel, body, options) =>
  request(bridge, `/publish${query(channel)}`, { method: 'POST', body, ...options });
const codeOf = (answer) => [answer.status, answer.json().error.code];

prove('bridge/web/README.md', 'HTTP', (scene) => scene.start({ BRIDGE_EPHEMERAL: 'public:live' }), {
  'POST /publish?channel=…': async ({ bridge, redis }) => {
    const id = (await publish(bridge, 'public:a', '{"a":1}', { headers: { 'Content-Type': 'application/json' } })).json().id;
    assert.deepEqual((await redis.entries(['public:a'])).map((entry) => [entry.id, entry.data]), [[id, '{"a":1}']]);
    assert.deepEqual((await publish(bridge, 'public:live', 'x')).json(), { id: null });
    assert.deepEqual(codeOf(await publish(bridge, 'public:a', 'x', { chunked: true })), [411, 'length_required']);
    await post(bridge, 'public:a', Buffer.from([0xff]));
    await post(bridge, 'public:a', Buffer.alloc(0));
  },
  'GET /history?channel=…': async ({ bridge, redis }, scene) => {
    for (let i = 1; i <= 5; i++) await redis.record('public:h', String(i));
    const got = [];
    let answer = {};
    do {
      answer = await history(bridge, 'public:h', { limit: 2, after: answer.cursor });
      got.push(...answer.entries.map(({ data }) => data));
    } while (answer.more);
    assert.deepEqual(got, ['1', '2', '3', '4', '5']);
    assert.deepEqual(Object.keys(answer), ['entries', 'cursor', 'more', 'gaps']);
    assert.deepEqual(Object.keys(answer.entries[0]), ['type', 'channel', 'id', 'data']);
    const stream = await scene.sse(bridge, { channel: 'public:h', lastEventId: answer.cursor });
    await stream.opened();
    await redis.record('public:h', 'next');
    await stream.received(1);
    assert.deepEqual(stream.payloads, ['next']);
    const { gaps } = await history(bridge, 'public:h', { after: '99999999999999-0' });
    assert.deepEqual(Object.keys(gaps[0]), ['channel', 'after', 'oldest', 'reason']);
  },
  'GET /history?channel=…&replay=20': async ({ bridge, redis }) => {
    for (let i = 1; i <= 25; i++) await redis.record('public:newest', String(i));
    const data = (await history(bridge, 'public:newest', { replay: 20 })).entries.map((entry) => entry.data);
    assert.deepEqual(data, Array.from({ length: 20 }, (_, i) => String(i + 6)));
    for (let i = 26; i <= 150; i++) await redis.record('public:newest', String(i));
    const part = await history(bridge, 'public:newest', { replay: 120 });
    assert.deepEqual([part.entries.length, part.entries[0].data, part.more], [100, '31', true]);
  },
  'GET /readyz': async ({ bridge, redis }) => {
    const { ready, reasons, watermark, connections } = (await request(bridge, '/readyz')).json();
    assert.deepEqual([ready, reasons, typeof connections], [true, [], 'number']);
    assert.match(watermark, /^\d+-\d+$/);
    await redis.stop();
    assert.equal((await bridge.unready()).length, 1);
    await redis.start();
    await bridge.ready();
  },
  'GET /healthz': async ({ bridge }) => {
    const { status, version } = (await request(bridge, '/healthz')).json();
    assert.deepEqual([status, typeof version], ['ok', 'string']);
  },
});

// The table of errors is printed by the program; the table of what to do must name every code that can close a WebSocket,
// and every status.
story('what a client does is said for every status and every close code', async () => {
  const { problems } = await tables();
  const told = page('bridge/web/README.md').sections.find(({ heading }) => heading === 'What a client does').text;
  for (const [code] of problems.matchAll(/(?<=\| )(?:1\d{3}|44\d{2})(?= \|)/g)) assert.ok(told.includes(`close ${code}`), code);
  for (const [status] of problems.matchAll(/(?<=\| )(?:403|413|503)(?= \|)/g)) assert.ok(told.includes(status), status);
});

const errorOf = async (client) => (await client.frame(({ type }) => type === 'error')).code;

prove('bridge/web/README.md', 'What a client does', (scene) => scene.start(), {
  'the instance shuts down': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis });
    const stream = await scene.listen(bridge, 'public:a');
    const client = await scene.speak(bridge, 'public:a');
    await bridge.stop();
    assert.equal(await stream.end(), 'clean');
    assert.deepEqual(await client.end(), { code: 1012, reason: 'this instance is shutting down; reconnect' });
  },
  'maximum age': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_MAX_AGE: '1s' } });
    const stream = await scene.listen(bridge, 'public:a');
    const client = await scene.speak(bridge, 'public:a');
    assert.equal(await stream.end(), 'clean');
    assert.equal((await client.end()).code, 1012);
  },
  'the instance is full': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_MAX_CONNECTIONS: '1', BRIDGE_WORKERS: '1' } });
    await scene.listen(bridge, 'public:a');
    const stream = await scene.sse(bridge, { channel: 'public:a' });
    await stream.end();
    assert.deepEqual([stream.status, stream.blocks.length, stream.blocks[0].retry > 0], [200, 1, true]);
    assert.equal((await (await scene.ws(bridge, { channel: 'public:a' })).end()).code, 1013);
  },
  "Redis can't be reached, or refuses": async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_HEARTBEAT: '300ms' } });
    const stream = await scene.listen(bridge, 'public:a');
    const client = await scene.speak(bridge, 'public:a');
    await redis.stop();
    assert.equal((await client.ask({ type: 'publish', channel: 'public:a', data: 'x' })).code, 'unavailable');
    const heard = stream.blocks.length;
    await stream.block((block) => stream.blocks.indexOf(block) > heard && block.event === 'cursor');
    assert.deepEqual([stream.ended, client.closed], [undefined, undefined]);
    const refused = await publish(bridge, 'public:a', 'x');
    assert.deepEqual([codeOf(refused), refused.headers['retry-after']], [[503, 'unavailable'], '2']);
    await redis.start();
    await bridge.ready();
  },
  'the network or a proxy cuts the connection': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis });
    const client = await scene.speak(bridge, 'public:a');
    const stream = await scene.listen(bridge, 'public:a');
    await bridge.kill();
    assert.equal((await client.end()).code, 1006);
    await stream.end();
    await assert.rejects(publish(bridge, 'public:a', 'x'));
    await bridge.start();
  },
  'not allowed': async ({ bridge }, scene) => {
    for (const path of ['/events', '/history']) assert.deepEqual(codeOf(await request(bridge, path + query('private'))), [403, 'forbidden']);
    assert.deepEqual(codeOf(await publish(bridge, 'private', 'x')), [403, 'forbidden']);
    assert.equal((await (await scene.ws(bridge, { channel: 'private' })).end()).code, 4403);
  },
  'a malformed request': async ({ bridge }, scene) => {
    assert.deepEqual(codeOf(await request(bridge, '/events?channel=public:a&since=x')), [400, 'bad_cursor']);
    assert.deepEqual(codeOf(await request(bridge, '/event')), [404, 'not_found']);
    assert.deepEqual(codeOf(await request(bridge, '/publish')), [405, 'method_not_allowed']);
    assert.equal((await publish(bridge, 'public:a', 'x', { chunked: true })).status, 411);
    assert.equal((await (await scene.ws(bridge, { channel: 'public:a', parameters: { since: 'x' } })).end()).code, 1008);
  },
  'a malformed WebSocket frame': async ({ bridge }, scene) => {
    const closedAfter = async (frame) => {
      const client = await scene.rawWs(bridge, '/ws?channel=public:a');
      client.send(frame);
      await client.hungUp();
      return client.closeFrame.code;
    };
    assert.equal(await closedAfter({ payload: Buffer.from([0xff, 0xff]) }), 1007);
    assert.equal(await closedAfter({ opcode: 5, payload: 'x' }), 1002);
  },
  // Something comes at least once per heartbeat, so what is silent for longer is dead.
  'nothing came for two heartbeats and 10 s, not even a cursor': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_HEARTBEAT: '500ms' } });
    const stream = await scene.listen(bridge, 'public:quiet');
    const client = await scene.speak(bridge, 'public:quiet');
    for (const seen of [() => stream.chunks.length, () => client.frames.length])
      for (let i = 0, before = seen(); i < 4; i++, before = seen()) await waitFor(() => seen() > before, { deadline: 1500 });
  },
  'the payload is too large': async ({ bridge }, scene) => {
    assert.deepEqual(codeOf(await publish(bridge, 'public:a', 'x'.repeat(65537))), [413, 'too_large']);
    const client = await scene.ws(bridge);
    assert.equal((await client.ask({ type: 'publish', channel: 'public:a', data: 'x'.repeat(65537) })).code, 'too_large');
    client.send('x'.repeat(500_000));
    assert.equal((await client.end()).code, 1009);
  },
  'no pong for two heartbeats and 10 s': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_HEARTBEAT: '100ms' } });
    const client = await scene.rawWs(bridge, '/ws?channel=public:a');
    await client.hungUp({ deadline: 20_000 });
    assert.equal(client.closeFrame.code, 4408);
  },
  // That there is no memory can't be had here at will; the table of errors has the code, and test_problem the row.
  'out of memory': async () => assert.match((await tables()).problems, /^\| `unavailable` \| 503 \| 1011 \|/m),
}, { timeout: 120_000 });

const ENV = { BRIDGE_MAX_CHANNELS: '100', BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*', BRIDGE_WORKERS: '1' };

prove('bridge/web/README.md', 'Limits', (scene) => scene.start(ENV), {
  'channel name, event name': async ({ bridge }) => {
    await post(bridge, 'x'.repeat(256), 'x', { event: 'e'.repeat(256) });
    for (const wrong of ['x'.repeat(257), 'a\tb']) {
      assert.deepEqual(codeOf(await publish(bridge, wrong, 'x')), [400, 'bad_channel']);
      const answer = await request(bridge, `/publish${query('public:a', { event: wrong })}`, { method: 'POST', body: 'x' });
      assert.deepEqual(codeOf(answer), [400, 'bad_request']);
    }
    assert.equal((await request(bridge, '/events?channel=%FF')).json().error.message, 'a channel name must be valid UTF-8');
  },
  'names that begin with BRIDGE_PREFIX (bridge:)': async ({ bridge }) => {
    for (const name of ['bridge:log:a', 'bridge:*']) assert.equal((await request(bridge, `/events${query(name)}`)).status, 403);
    assert.equal((await publish(bridge, 'bridge:a', 'x')).status, 403);
  },
  'stars in a pattern': async ({ bridge }, scene) => {
    await scene.listen(bridge, 'a*'.repeat(8));
    assert.deepEqual(codeOf(await request(bridge, `/events${query('a*'.repeat(9))}`)), [400, 'bad_channel']);
  },
  'channels of one connection': async ({ redis, bridge }, scene) => {
    const names = (count) => Array.from({ length: count }, (_, i) => `public:${i}`);
    const client = await scene.ws(bridge);
    for (const name of names(100)) assert.equal((await client.subscribe(name)).type, 'subscribed');
    assert.equal((await client.subscribe('public:one-more')).code, 'too_many_channels');
    const small = await scene.bridge({ redis, env: { ...ENV, BRIDGE_MAX_CHANNELS: '2' } });
    assert.deepEqual(codeOf(await request(small, `/events${query(names(3))}`)), [400, 'too_many_channels']);
  },
  'channels in one URL': async ({ bridge }, scene) => {
    const names = (count) => Array.from({ length: count }, (_, i) => `public:${i}`);
    const usual = ['Accept-Encoding', 'Accept-Language', 'Authorization', 'Cache-Control', 'Cookie', 'Origin', 'Pragma', 'Referer', 'User-Agent', 'Via', 'X-Forwarded-For', 'X-Real-IP'];
    await scene.listen(bridge, names(70), { headers: Object.fromEntries(usual.map((name) => [name, 'x'])) });
    await assert.rejects(request(bridge, `/events${query(names(100))}`), { code: 'ECONNRESET' });
  },
  payload: async ({ bridge }) => {
    await post(bridge, 'public:a', 'x'.repeat(65536));
    const answer = await publish(bridge, 'public:a', 'x'.repeat(65537));
    assert.equal(answer.json().error.message, 'a payload may have at most 65536 bytes (BRIDGE_MAX_PAYLOAD)');
  },
  key: async ({ bridge }, scene) => {
    const withKey = (key) => request(bridge, `/publish${query('public:a', { key })}`, { method: 'POST', body: 'x' });
    assert.equal((await withKey('k'.repeat(128))).status, 200);
    assert.deepEqual(codeOf(await withKey('k'.repeat(129))), [400, 'bad_request']);
    const client = await scene.ws(bridge);
    assert.equal((await client.ask({ type: 'publish', channel: 'public:a', data: 'x', key: 'k'.repeat(129) })).code, 'bad_frame');
  },
  ref: async ({ bridge }, scene) => {
    const client = await scene.ws(bridge);
    assert.equal((await client.publish('public:a', 'x', { ref: 'r'.repeat(64) })).type, 'ack');
    client.send({ type: 'publish', channel: 'public:a', data: 'x', ref: 'r'.repeat(65) });
    assert.equal(await errorOf(client), 'bad_frame');
  },
  // A Redis that stands still answers nothing.
  'frames not answered yet, of one WebSocket': async ({ bridge, redis }, scene) => {
    const client = await scene.ws(bridge);
    await client.hello();
    redis.freeze();
    for (let i = 0; i < 257; i++) client.send({ type: 'publish', channel: 'public:a', data: 'x', ref: i });
    assert.deepEqual((await client.frame(({ type }) => type === 'error')).ref, 256);
    redis.thaw();
    assert.equal(await errorOf(client), 'too_fast');
  },
  'malformed frames, of one WebSocket': async ({ bridge }, scene) => {
    const client = await scene.ws(bridge);
    for (let i = 0; i < 10; i++) client.send('{}');
    assert.equal((await client.end()).code, 1008);
    assert.equal(client.frames.filter(({ type }) => type === 'error').length, 10);
  },
  'request line and headers': async ({ bridge }, scene) => {
    const ask = (bytes) => scene.raw(bridge, { bytes: `GET /healthz HTTP/1.1\r\nHost: a\r\nCookie: ${'x'.repeat(bytes)}\r\n\r\n` });
    assert.equal(await (await ask(30 * 1024)).answered(), 200);
    assert.equal(await (await ask(33 * 1024)).answered(), true);
  },
  'connections of one worker': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { ...ENV, BRIDGE_MAX_CONNECTIONS: '1' } });
    await scene.ws(bridge);
    assert.equal((await (await scene.ws(bridge)).end()).code, 1013);
  },
}, { timeout: 120_000 });

const LISTED = 'https://app.example.com';
const OTHER = 'https://elsewhere.example.com';
const from = (Origin) => ({ headers: Origin ? { Origin } : {} });

async function seen(scene, bridge, origin) {
  const stream = await scene.sse(bridge, { channel: 'public:a', ...from(origin) });
  const client = await scene.ws(bridge, { channel: 'public:a', ...from(origin) });
  const closed = await waitFor(() => client.closed ?? client.frames.some(({ type }) => type === 'hello'));
  return {
    status: stream.status,
    allowed: stream.headers['access-control-allow-origin'],
    credentials: stream.headers['access-control-allow-credentials'],
    ws: closed === true ? 'accepted' : closed.code,
    published: (await publish(bridge, 'public:a', 'x', from(origin))).status,
  };
}

const withOrigins = async (scene) => {
  const { redis, bridge } = await scene.start();
  return { any: bridge, listed: await scene.bridge({ redis, env: { BRIDGE_ORIGINS: LISTED } }) };
};

prove('bridge/web/README.md', 'Origins and CORS', withOrigins, {
  empty: async ({ any }, scene) =>
    assert.deepEqual(await seen(scene, any, OTHER), { status: 200, allowed: '*', credentials: undefined, ws: 'accepted', published: 200 }),
  'set / in the list': async ({ listed }, scene) =>
    assert.deepEqual(await seen(scene, listed, LISTED), { status: 200, allowed: LISTED, credentials: 'true', ws: 'accepted', published: 200 }),
  'set / not in the list': async ({ listed }, scene) =>
    assert.deepEqual(await seen(scene, listed, OTHER), { status: 200, allowed: undefined, credentials: undefined, ws: 4403, published: 403 }),
  'set / none: no browser, or a page of the same origin': async ({ listed }, scene) =>
    assert.deepEqual(await seen(scene, listed), { status: 200, allowed: undefined, credentials: undefined, ws: 'accepted', published: 200 }),
});
