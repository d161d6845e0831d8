// 50-troubleshooting - each row of the table in deploy/README.md: what a person sees is brought about, and what to do helps.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BINARY, environment } from '../lib/bridge.mjs';
import { history, post, query, request } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { waitFor } from '../lib/wait.mjs';
import { prove } from './prove.mjs';
import { startNginx } from './proxies.mjs';

const published = (redis, channel) => redis.call('PUBLISH', channel, 'x');
const arrives = async (scene, base, redis, channel) => {
  const stream = await scene.listen(base, channel);
  await redis.call('PUBLISH', channel, 'x');
  await stream.received(1);
};
const nginx = (bridge, lines) => startNginx(`server { listen 8080; location / { proxy_pass http://127.0.0.1:${bridge.port}; ${lines} } }`);
const metric = async (bridge, name) => Number((await request(bridge, '/metrics')).text.match(new RegExp(`^${name} (\\d+)$`, 'm'))?.[1]);

prove('deploy/README.md', 'Troubleshooting', (scene) => scene.start(), {
  'nothing arrives, and PUBLISH returns 0': async ({ redis }, scene) => {
    assert.equal(await published(redis, 'orders'), 0);
    const right = await scene.start({ BRIDGE_SUBSCRIBE: 'orders' });
    assert.equal(await published(right.redis, 'orders'), 1);
    await arrives(scene, right.bridge, right.redis, 'orders');
  },
  'nothing arrives, but PUBLISH returns 1 or more': async ({ redis, bridge }, scene) => {
    const wrong = await scene.listen(bridge, 'public:new');
    assert.ok((await published(redis, 'public:news')) >= 1);
    await post(bridge, 'public:new', 'x', { event: 'named' });
    await wrong.received(1);
    assert.equal(wrong.messages[0].event, 'named');
  },
  // What nginx buffers it keeps until its buffer is full, or the stream ends.
  'nothing arrives behind nginx or a CDN, or everything at once at the end': async ({ redis, bridge }, scene) => {
    const buffering = scene.own(await nginx(bridge, 'proxy_ignore_headers X-Accel-Buffering;'));
    await assert.rejects(scene.sse(buffering, { channel: 'public:a', deadline: 1500 }), /no headers/);
    const right = scene.own(await nginx(bridge, 'proxy_ignore_headers X-Accel-Buffering; proxy_buffering off;'));
    await arrives(scene, right, redis, 'public:a');
  },
  'a WebSocket fails behind nginx, with 426 (in a script: 1006)': async ({ bridge }, scene) => {
    const plain = scene.own(await nginx(bridge, ''));
    await assert.rejects(scene.ws(plain, { channel: 'public:a' }), { status: 426 });
    const right = scene.own(await nginx(bridge, 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;'));
    await scene.speak(right, 'public:a');
  },
  '403 forbidden, or WebSocket close 4403': async ({ redis, bridge }, scene) => {
    const messageOf = async (path, options) => (await request(bridge, path, options)).json().error.message;
    assert.match(await messageOf('/events?channel=orders'), /"orders".*\(BRIDGE_SUBSCRIBE\)/);
    assert.match(await messageOf('/publish?channel=orders', { method: 'POST', body: 'x' }), /"orders".*\(BRIDGE_PUBLISH\)/);
    const fewer = await scene.bridge({ redis, env: { BRIDGE_ORIGINS: 'https://a.example' } });
    const answer = await request(fewer, '/publish?channel=public:a', { method: 'POST', body: 'x', headers: { Origin: 'https://b.example' } });
    assert.match(answer.json().error.message, /"https:\/\/b\.example".*\(BRIDGE_ORIGINS\)/);
  },
  '“blocked by CORS policy” in the browser\'s console': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_ORIGINS: 'https://a.example' } });
    const allowed = async (Origin) =>
      (await request(bridge, `/events${query('public:a')}`, { headers: { Origin } })).headers['access-control-allow-origin'];
    assert.deepEqual([await allowed('https://a.example'), await allowed('https://b.example')], ['https://a.example', undefined]);
  },
  'connects and dies at once, again and again': async ({ redis }, scene) => {
    const full = await scene.bridge({ redis, env: { BRIDGE_MAX_CONNECTIONS: '1', BRIDGE_WORKERS: '1' } });
    await scene.listen(full, 'public:a');
    await (await scene.sse(full, { channel: 'public:a' })).end();
    await full.said(/connections_full .*BRIDGE_MAX_CONNECTIONS/);
  },
  'connects, and then gets only heartbeats': async (_, scene) => {
    const without = await scene.bridge({ redis: `redis://127.0.0.1:${await freePort()}`, ready: false });
    await without.said(/redis_away /);
    assert.equal((await scene.sse(without, { channel: 'public:a' })).status, 200);
  },
  'connects and dies, always after the same number of seconds': async ({ bridge, redis }, scene) => {
    const cuts = await (await scene.sse(scene.own(await nginx(bridge, 'proxy_read_timeout 1s;')), { channel: 'public:a' })).end();
    assert.notEqual(cuts, undefined);
    const lively = await scene.bridge({ redis, env: { BRIDGE_HEARTBEAT: '300ms' } });
    const stream = await scene.listen(scene.own(await nginx(lively, 'proxy_read_timeout 1s;')), 'public:a');
    await waitFor(() => stream.blocks.filter(({ event }) => event === 'cursor').length > 6);
    assert.equal(stream.ended, undefined);
  },
  'connects and dies every 12 to 14 minutes': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_MAX_AGE: '2s' } });
    const started = Date.now();
    const stream = await scene.listen(bridge, 'public:a');
    assert.equal(await stream.end(), 'clean');
    assert.ok(Date.now() - started > 1600, '85 % of the age');
    const missed = await redis.record('public:a', 'missed');
    const again = await scene.sse(bridge, { channel: 'public:a', lastEventId: stream.lastEventId });
    await again.received(1);
    assert.equal(again.messages[0].id, missed);
  },
  // A browser on its own gives up here; 45-outages shows it with proxies that answer in the bridge's place.
  'it stops for good after an outage': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis });
    const proxy = scene.own(await nginx(bridge, ''));
    const source = scene.eventSource(proxy, { channel: 'public:a' });
    await waitFor(() => source.source.readyState === 1, { what: 'the EventSource to open' });
    await bridge.stop();
    await waitFor(() => source.source.readyState === 2, { deadline: 20_000, what: 'the EventSource to stop' });
    await bridge.start();
  },
  'messages come twice': async ({ redis, bridge }, scene) => {
    const older = await redis.record('public:twice', 'first');
    await redis.record('public:twice', 'second');
    const stream = await scene.sse(bridge, { channel: 'public:twice', lastEventId: older });
    await stream.received(1);
    const again = await scene.sse(bridge, { channel: 'public:twice', lastEventId: older });
    await again.received(1);
    assert.deepEqual(again.payloads, stream.payloads);
    for (let i = 0; i < 2; i++) await request(bridge, `/publish${query('public:key', { key: 'k' })}`, { method: 'POST', body: 'once' });
    assert.equal((await history(bridge, 'public:key')).entries.length, 1);
  },
  'a gap event': async (_, scene) => {
    const gapsWith = async (env) => {
      const { redis, bridge } = await scene.start(env);
      const first = await redis.record('public:a', '0');
      for (let i = 1; i < 300; i++) await redis.record('public:a', String(i));
      return (await history(bridge, 'public:a', { after: first, limit: 1000 })).gaps.map(({ reason }) => reason);
    };
    assert.deepEqual(await gapsWith({ BRIDGE_HISTORY_LENGTH: '10' }), ['trimmed']);
    assert.deepEqual(await gapsWith({ BRIDGE_HISTORY_LENGTH: '1000' }), []);
  },
  // One browser reads nothing; the other gets each message at once.
  'slow: messages come late': async ({ redis, bridge }, scene) => {
    assert.ok((await metric(bridge, 'redis_bridge_recorder_lag_milliseconds')) >= 0);
    const slow = await scene.listen(bridge, 'public:a');
    slow.pause();
    const quick = await scene.listen(bridge, 'public:a');
    for (let i = 0; i < 50; i++) await redis.record('public:a', 'x'.repeat(60_000));
    await quick.received(50, { deadline: 20_000 });
  },
  // tests/docs/24 opens seven streams in two browsers; here, that the bridge itself speaks HTTP/1.1 to all of them.
  'browsers hang with several tabs open': async ({ bridge }, scene) => {
    const streams = [];
    for (let i = 0; i < 7; i++) streams.push(await scene.listen(bridge, 'public:a'));
    assert.deepEqual(streams.map(({ response }) => response.httpVersion), Array(7).fill('1.1'));
  },
  '503 unavailable from /publish': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    const refused = async () => {
      const answer = await request(bridge, '/publish?channel=public:a', { method: 'POST', body: 'x' });
      assert.deepEqual([answer.status, answer.json().error.code], [503, 'unavailable']);
    };
    await redis.call('CONFIG', 'SET', 'maxmemory', '1');
    await refused();
    await bridge.said(/publish_refused why="OOM.*do="Redis is out of memory/);
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
    await redis.stop();
    await refused();
    await bridge.said(/redis_away /);
    await redis.start();
    await bridge.ready();
  },
  '/readyz says that the recorder has not joined the others yet': async ({ redis }, scene) => {
    await redis.call('ACL', 'SETUSER', 'weak', 'on', '>x', 'allkeys', 'allchannels', '+@all', '-subscribe', '-psubscribe');
    const bridge = await scene.bridge({ redis: redis.url.replace('//', '//weak:x@'), ready: false });
    await bridge.said(/redis_away .*redis-acl\.conf/);
    assert.equal((await request(bridge, '/readyz')).status, 503);
  },
  // Its port is taken, so it ends before it connects to whatever Redis this machine has.
  'it starts, but connects to localhost': async ({ bridge }) => {
    const env = environment({ REDIS_URL: '', REDIS_PRIVATE_URL: '', BRIDGE_HOST: '127.0.0.1', PORT: String(bridge.port) });
    const { code, stderr } = await promisify(execFile)(BINARY, [], { env }).catch((error) => error);
    assert.match(stderr, /settings_empty names="REDIS_URL,REDIS_PRIVATE_URL" hint=/);
    assert.match(stderr, /redis at="localhost" port=6379/);
    assert.deepEqual([code, /cannot_listen .*hint=/.test(stderr)], [1, true]);
  },
}, { timeout: 200_000 });
