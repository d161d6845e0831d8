// 40-operations - what deploy/README.md tells an operator: settings, what each way of publishing promises, Redis, proxies.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { BINARY, environment } from '../lib/bridge.mjs';
import { makeCertificate } from '../lib/certificate.mjs';
import { history, post, request } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { settled } from '../lib/seat.mjs';
import { holdsFor, waitFor } from '../lib/wait.mjs';
import { codeWith } from './page.mjs';
import { prove } from './prove.mjs';
import { startApache, startHaproxy, startNginx } from './proxies.mjs';

const run = promisify(execFile);

// A start that is refused: what it says.
async function refusedStart(env) {
  const { code, stderr } = await run(BINARY, [], { env: environment(env) }).catch((error) => error);
  assert.equal(code, 1);
  return stderr;
}

prove('deploy/README.md', 'Settings', (scene) => scene.start({ BRIDGE_SUBSCRIBE: 'public:*,a?c,[xy]z,literal\\*' }), {
  'Everything in BRIDGE_SUBSCRIBE and BRIDGE_PUBLISH is open to everybody.': async ({ bridge }) => {
    await post(bridge, 'public:a', 'anonymous');
    assert.equal((await history(bridge, 'public:a')).entries.length, 1);
    for (const name of ['BRIDGE_JWT_KEY', 'BRIDGE_API_KEY'])
      assert.match(await refusedStart({ [name]: 'secret' }), new RegExp(`${name} is not supported by this version`));
  },
  Patterns: async ({ bridge }) => {
    for (const name of ['public:x', 'abc', 'xz', 'yz', 'literal*']) assert.equal((await request(bridge, `/events?channel=${name.replace('*', '%5C*')}`)).status, 200, name);
    for (const name of ['ac', 'abbc', 'az', 'literals']) assert.equal((await request(bridge, `/events?channel=${name}`)).status, 403, name);
  },
  'rediss:// verifies the certificate': async ({ redis }, scene) => {
    const { cert, key } = await makeCertificate(redis.folder);
    const port = await freePort();
    const args = ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no'];
    const secure = await scene.redis({ args });
    const stranger = await scene.bridge({ redis: `rediss://localhost:${port}`, ready: false });
    await stranger.said(/redis_away .*certificate was refused.*do="[^"]*SSL_CERT_FILE/);
    const trusting = await scene.bridge({ redis: `rediss://localhost:${port}`, env: { SSL_CERT_FILE: cert } });
    await secure.call('PUBLISH', 'public:tls', 'x');
    await waitFor(async () => (await everyPayload(trusting, 'public:tls')).length > 0);
  },
});

const everyPayload = async (bridge, channel) => (await history(bridge, channel, { limit: 1000 })).entries.map(({ data }) => data);

// The chaos tests kill, freeze and cut off fleets under load; here is one small instance of each promise.
prove('deploy/README.md', 'Publishing, and what each way promises', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, { BRIDGE_EPHEMERAL: 'public:live' });
  await settled(redis, bridges);
  return { redis, bridges, bridge: bridges[0] };
}, {
  'PUBLISH channel payload, with two or more instances': async ({ redis, bridges }) => {
    await redis.call('PUBLISH', 'public:two', '1');
    await bridges[1].kill();
    await redis.call('PUBLISH', 'public:two', '2');
    await bridges[1].start();
    await settled(redis, bridges);
    await bridges[0].kill();
    await redis.call('PUBLISH', 'public:two', '3');
    await waitFor(async () => (await everyPayload(bridges[1], 'public:two')).length === 3);
    assert.deepEqual(await everyPayload(bridges[1], 'public:two'), ['1', '2', '3']);
    await bridges[0].start();
    await settled(redis, bridges);
  },
  'PUBLISH channel payload, with one instance': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    await bridge.stop();
    assert.equal(await redis.call('PUBLISH', 'public:a', 'lost'), 0);
    await bridge.start();
    await redis.call('PUBLISH', 'public:a', 'kept');
    await waitFor(async () => (await everyPayload(bridge, 'public:a')).length > 0);
    assert.deepEqual(await everyPayload(bridge, 'public:a'), ['kept']);
  },
  'XADD bridge:inbox * channel … data … [event …]': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    await bridge.stop();
    await redis.cli('XADD', 'bridge:inbox', '*', 'channel', 'public:a', 'data', 'kept', 'event', 'e');
    await bridge.start();
    await waitFor(async () => (await everyPayload(bridge, 'public:a'))[0] === 'kept');
  },
  'FCALL bridge_publish 1 channel payload [event]': async ({ redis, bridge }) => {
    const id = await redis.cli('FCALL', 'bridge_publish', '1', 'public:f', 'kept', 'e');
    assert.deepEqual((await history(bridge, 'public:f')).entries, [{ type: 'message', channel: 'public:f', id, data: 'kept', event: 'e' }]);
  },
  'POST /publish?channel=…': async ({ bridge }) => {
    const id = await post(bridge, 'public:p', 'kept');
    assert.equal((await history(bridge, 'public:p')).entries[0].id, id);
  },
  'a WebSocket publish frame': async ({ bridge }, scene) => {
    const { id } = await (await scene.ws(bridge)).publish('public:w', 'kept', { key: 'k' });
    assert.equal((await history(bridge, 'public:w')).entries[0].id, id);
  },
  'Plain PUBLISH': async ({ redis, bridges }) => {
    assert.equal(await redis.call('PUBLISH', 'public:a', 'x'), 2, 'the subscriber count: one recorder in each instance');
    for (const bridge of bridges) assert.match((await request(bridge, '/metrics')).text, /recorder_place\{place="(holder|standby)"\} 1/);
  },
  'With one instance, or if all stop at once': async (_, scene) => {
    const { bridge } = await scene.start();
    await bridge.stop();
    await bridge.start();
    await bridge.said(/recorder_era .*hint=/);
    assert.match((await request(bridge, '/metrics')).text, /^redis_bridge_recorder_eras_total 1$/m);
  },
  'The inbox': async ({ redis }) => {
    const id = await redis.cli('XADD', 'bridge:inbox', '*', 'channel', 'public:i', 'data', 'x');
    await waitFor(async () => (await redis.call('GET', 'bridge:inbox:position')) === id);
    assert.equal(await redis.call('XLEN', 'bridge:inbox'), 0);
    await redis.cli('XADD', 'bridge:inbox', '*', 'data', 'no channel');
    await waitFor(async () => (await redis.call('XLEN', 'bridge:inbox:rejected')) === 1);
    assert.match(JSON.stringify(await redis.call('XRANGE', 'bridge:inbox:rejected', '-', '+')), /"reason","[^"]+`channel`/);
  },
  // tests/integration/46 fills the recorder's buffer; here are the name and the limit that the page gives.
  'Bursts.': async ({ redis, bridge }) => {
    assert.match((await request(bridge, '/metrics')).text, /^redis_bridge_recorder_lost_total 0$/m);
    assert.match((await redis.call('CONFIG', 'GET', 'client-output-buffer-limit')).join(), /pubsub 33554432 8388608 60/);
  },
  'Ephemeral channels': async ({ redis, bridge }, scene) => {
    const stream = await scene.listen(bridge, 'public:live');
    await redis.call('PUBLISH', 'public:live', 'now');
    await stream.received(1);
    assert.deepEqual([stream.messages[0].id, await everyPayload(bridge, 'public:live')], [undefined, []]);
  },
}, { timeout: 120_000 });

// Messages never stop, one instance is replaced after the other, and nothing is lost.
prove('deploy/README.md', 'Running two', (scene) => scene.fleet(2), {
  'Rolling restart': async ({ redis, bridges }, scene) => {
    await settled(redis, bridges);
    let published = 0, isOver = false;
    const publishing = (async () => {
      while (!isOver) {
        await redis.call('PUBLISH', 'public:roll', String(published++));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    for (const old of bridges) {
      await scene.bridge({ redis });
      await old.stop();
    }
    isOver = true;
    await publishing;
    await waitFor(async () => (await redis.entries(['public:roll'])).length >= published);
    assert.deepEqual((await redis.entries(['public:roll'])).map(({ data }) => Number(data)), Array.from({ length: published }, (_, i) => i));
  },
}, { timeout: 100_000 });

prove('deploy/README.md', 'Redis', (scene) => scene.start(), {
  'Redis 7.0 or newer, or Valkey 7.2 or newer; one primary.': async ({ redis }, scene) => {
    assert.match(await redis.cli('INFO', 'server'), /redis_version:[789]\./);
    const replica = await scene.redis({ args: ['--replicaof', '127.0.0.1', String(redis.port)] });
    const bridge = await scene.bridge({ redis: replica, ready: false });
    await bridge.said(/read-only replica/);
  },
  // An evicted log is history that is lost early; the gap that tells it is a later promise.
  'maxmemory-policy noeviction': async ({ redis }) => assert.equal((await redis.call('CONFIG', 'GET', 'maxmemory-policy'))[1], 'noeviction'),
  'appendonly yes': async (_, scene) => {
    const { redis, bridge } = await scene.start({}, { appendonly: true });
    const id = await post(bridge, 'public:a', 'kept');
    await redis.kill();
    await redis.start();
    await bridge.ready();
    assert.equal((await history(bridge, 'public:a')).entries[0].id, id);
  },
  'A user with exactly the rights that are needed': async ({ redis }) => {
    const acl = readFileSync(new URL('../../deploy/redis-acl.conf', import.meta.url), 'utf8');
    const [, ...words] = acl.match(/^user redis-bridge .*$/m)[0].split(' ');
    await redis.call('ACL', 'SETUSER', ...words, 'on', '>secret');
    for (const command of [['SET', 'other', '1'], ['GET', 'other'], ['FLUSHALL'], ['KEYS', '*'], ['CONFIG', 'GET', '*']])
      assert.match(String(await redis.call('ACL', 'DRYRUN', 'redis-bridge', ...command)), /no permission/i, command.join(' '));
    assert.equal(await redis.call('ACL', 'DRYRUN', 'redis-bridge', 'SET', 'bridge:position', '1'), 'OK');
  },
  'Pub/sub of Redis ignores database numbers': async ({ redis, bridge }) => {
    await redis.cli('-n', '1', 'PUBLISH', 'public:db', 'from database 1');
    await waitFor(async () => (await everyPayload(bridge, 'public:db'))[0] === 'from database 1');
  },
});

const HEARTBEAT = { BRIDGE_HEARTBEAT: '500ms' };
const plainNginx = (bridge, more = '') =>
  `server { listen 8080; location / { proxy_pass http://127.0.0.1:${bridge.port}; ${more} } }`;

const lasts = async (scene, proxy) => {
  const stream = await scene.listen(proxy, 'public:quiet');
  await holdsFor(4000, () => assert.equal(stream.ended, undefined));
};

// A message goes through at once, not when a buffer is full.
async function passes(scene, proxy, redis) {
  const stream = await scene.listen(proxy, 'public:a');
  await redis.record('public:a', 'x');
  await stream.received(1, { deadline: 3000 });
}

async function passesWs(scene, proxy) {
  const client = await scene.speak(proxy, 'public:a');
  await client.publish('public:a', 'x');
  await client.received(1, { deadline: 3000 });
}

prove('deploy/README.md', 'Proxies', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, HEARTBEAT);
  return { redis, bridges };
}, {
  nginx: async ({ redis, bridges }, scene) => {
    const plain = scene.own(await startNginx(plainNginx(bridges[0], 'proxy_read_timeout 2s;')));
    await passes(scene, plain, redis);
    await lasts(scene, plain);
    await assert.rejects(scene.ws(plain, { channel: 'public:a' }), { status: 426 });
    const conf = codeWith('deploy/README.md', 'upstream bridges').replace('8081', bridges[0].port).replace('8082', bridges[1].port);
    const shown = scene.own(await startNginx(conf));
    await passes(scene, shown, redis);
    await passesWs(scene, shown);
  },
  HAProxy: async ({ redis, bridges }, scene) => {
    const proxy = scene.own(await startHaproxy(bridges));
    await waitFor(async () => (await request(proxy, '/readyz')).status === 200);
    await passes(scene, proxy, redis);
    await passesWs(scene, proxy);
    for (const bridge of bridges) await bridge.stop();
    const waiting = await waitFor(async () => {
      const stream = await scene.sse(proxy, { channel: 'public:a' });
      return stream.status === 200 && stream;
    }, { deadline: 15_000, every: 200 });
    await waiting.end();
    assert.ok(waiting.blocks[0].retry > 0);
    for (const bridge of bridges) await bridge.start();
  },
  Apache: async ({ redis, bridges }, scene) => {
    const lines = codeWith('deploy/README.md', 'upgrade=websocket').replace('8081', bridges[0].port);
    const proxy = scene.own(await startApache(lines));
    await passes(scene, proxy, redis);
    await passesWs(scene, proxy);
  },
}, { timeout: 120_000 });
