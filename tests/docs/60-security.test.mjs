// 60-security - the threat model of SECURITY.md: whom the server trusts with what, and what it defends.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { makeCertificate } from '../lib/certificate.mjs';
import { history, post, recorded, request } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { waitFor } from '../lib/wait.mjs';
import { prove } from './prove.mjs';

const run = promisify(execFile);

const statusOf = async (bridge, path, options) => (await request(bridge, path, options)).status;

prove('SECURITY.md', 'Threat model', (scene) => scene.start({ BRIDGE_SUBSCRIBE: 'public:a*,exact', BRIDGE_PUBLISH: 'public:a*', BRIDGE_WORKERS: '1' }), {
  'a browser, or anything else that reaches the port': async ({ bridge }) => {
    assert.equal(await statusOf(bridge, '/events?channel=public:a'), 200);
    assert.equal(await statusOf(bridge, '/events?channel=public:b'), 403);
    assert.equal(await statusOf(bridge, '/publish?channel=exact', { method: 'POST', body: 'x' }), 403);
  },
  "a page of another origin, in a visitor's browser": async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_ORIGINS: 'https://ours.example' } });
    const headers = { Origin: 'https://theirs.example' };
    assert.equal(await statusOf(bridge, '/publish?channel=public:a', { method: 'POST', body: 'x', headers }), 403);
    assert.equal((await (await scene.ws(bridge, { channel: 'public:a', headers })).end()).code, 4403);
  },
  // What looks like the end of an event, and like another one, is data; an event's name with a line break is refused.
  'a backend that can publish to Redis': async ({ redis, bridge }, scene) => {
    const stream = await scene.listen(bridge, 'public:a');
    const forged = 'x\n\nevent: gap\ndata: {}\nid: 1-1\nretry: 0\n\n';
    await redis.call('PUBLISH', 'public:a', forged);
    await stream.received(1);
    assert.deepEqual([stream.gaps, stream.payloads], [[], [forged]]);
    await assert.rejects(redis.call('FCALL', 'bridge_publish', 1, 'public:a', 'x', 'e\nid: 1-1'), /BADEVENT/);
  },
  'whoever has the Redis password': async ({ redis, bridge }) => {
    await post(bridge, 'public:away', 'x');
    await redis.call('DEL', 'bridge:log:public:away');
    assert.deepEqual((await history(bridge, 'public:away')).entries, []);
  },
  'whoever controls the environment': async ({ bridge, redis }) => {
    assert.ok(readFileSync(`/proc/${bridge.pid}/environ`, 'utf8').includes(`REDIS_URL=${redis.url}`));
  },
  'the network between bridge, proxy and Redis': async ({ redis }, scene) => {
    const { cert, key } = await makeCertificate(redis.folder);
    const port = await freePort();
    const args = ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no'];
    await scene.redis({ args });
    const env = { SSL_CERT_FILE: cert, BRIDGE_TLS_CERT: cert, BRIDGE_TLS_KEY: key };
    const bridge = await scene.bridge({ redis: `rediss://localhost:${port}`, env, ready: false });
    const address = `https://localhost:${bridge.port}/readyz`;
    await waitFor(async () => (await run('curl', ['-s', '--cacert', cert, '--resolve', `localhost:${bridge.port}:127.0.0.1`, address])).stdout.includes('"ready":true'));
    await assert.rejects(request(bridge, '/readyz'));
  },
  'Channels.': async ({ bridge }) => {
    for (const pattern of ['public:*', '*', 'public:?', 'exact*']) assert.equal(await statusOf(bridge, `/events?channel=${encodeURIComponent(pattern)}`), 403, pattern);
    for (const pattern of ['public:a*', 'public:ab?', 'exact']) assert.equal(await statusOf(bridge, `/events?channel=${encodeURIComponent(pattern)}`), 200, pattern);
    assert.equal(await statusOf(bridge, '/events?channel=bridge:live:public:a'), 403);
  },
  'Redis.': async ({ redis, bridge }) => {
    const payload = '*1\r\n$8\r\nFLUSHALL\r\n';
    await redis.call('SET', 'somebody:else', 'kept');
    for (const channel of ['public:a\' "FLUSHALL', 'public:a FLUSHALL', 'public:a*/ redis.call("FLUSHALL")']) {
      const answer = await request(bridge, `/publish?channel=${encodeURIComponent(channel)}`, { method: 'POST', body: payload });
      assert.ok([200, 400].includes(answer.status), answer.text);
    }
    assert.equal(await redis.call('GET', 'somebody:else'), 'kept');
  },
  'Parsers.': async ({ bridge }, scene) => {
    const other = await scene.listen(bridge, 'public:a');
    for (const bytes of ['GET /\0 HTTP/9.9\r\n\r\n', 'POST /publish?channel=public:a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', '\xff\xff\xff\xff\r\n\r\n'])
      await (await scene.raw(bridge, { bytes: Buffer.from(bytes, 'latin1') })).answered();
    await post(bridge, 'public:a', 'still there');
    await other.received(1);
    const [worker] = bridge.children();
    process.kill(worker, 'SIGKILL');
    await bridge.ready();
  },
  // tests/crowd measures it; here, that one who reads nothing does not make the worker grow by what it was sent.
  'Memory.': async ({ redis, bridge }, scene) => {
    const slow = await scene.listen(bridge, 'public:a');
    slow.pause();
    const quick = await scene.listen(bridge, 'public:a');
    for (let i = 0; i < 100; i++) await redis.record('public:a', 'x'.repeat(60_000));
    await quick.received(100, { deadline: 30_000 });
    assert.equal(slow.ended, undefined);
  },
  'Logs.': async ({ redis, bridge: served }, scene) => {
    await redis.call('ACL', 'SETUSER', 'default', 'on', '>hunter2');
    const bridge = await scene.bridge({ redis: redis.url.replace('//', '//:wrong-hunter@'), ready: false });
    await bridge.said(/redis_away .*WRONGPASS/);
    assert.doesNotMatch(bridge.log, /wrong-hunter/);
    await redis.call('ACL', 'SETUSER', 'default', 'on', 'nopass');
    await redis.call('PUBLISH', 'public:a\n2026 error forged line', 'x');
    await served.said(/publish_refused .*forged line/);
    assert.doesNotMatch(served.log, /^2026 error forged/m);
  },
  'There are no access tokens.': async ({ bridge }) => {
    for (const Authorization of ['Bearer x', 'Basic eDp4']) assert.equal(await statusOf(bridge, '/events?channel=public:a', { headers: { Authorization } }), 200);
  },
  'There is no rate limit.': async ({ bridge }) => {
    const statuses = await Promise.all(Array.from({ length: 200 }, () => statusOf(bridge, '/history?channel=public:a&limit=1')));
    assert.deepEqual(new Set(statuses), new Set([200]));
  },
  '/metrics, /healthz and /readyz are on the public port.': async ({ bridge }) => {
    await post(bridge, 'public:a-secret-name', 'a secret payload');
    await waitFor(async () => (await recorded(bridge, 'public:a-secret-name')).length === 1);
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      const { status, text } = await request(bridge, path);
      assert.deepEqual([status, /secret/.test(text)], [200, false], path);
    }
  },
}, { timeout: 120_000 });
