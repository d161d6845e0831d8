// 55-redis-hostile - Redis closes connections, hangs, or refuses the password: the bridge recovers if it can, and
// otherwise reports what is wrong.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { makeCertificate } from '../lib/certificate.mjs';
import { makeFolder, removeFolder } from '../lib/folder.mjs';
import { request } from '../lib/http.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { freePort } from '../lib/port.mjs';
import { numbers } from '../lib/position.mjs';
import { story } from '../lib/story.mjs';
import { paced, waitFor } from '../lib/wait.mjs';

// An administrator runs CLIENT KILL; Redis itself disconnects slow subscribers. The bridge reconnects and fetches what
// it has missed.
story('CLIENT KILL of the bridge\'s connections, again and again: durable messages arrive once, in order', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const stream = await scene.listen(bridges[0], 'public:a');
  const pattern = await scene.listen(bridges[1], 'public:*');
  const chat = await scene.speak(bridges[1], 'public:a');
  const said = numbers(1, 400);
  await paced(40, 100, async (i) => {
    if (i % 10 === 3) await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    if (i % 10 === 8) await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    for (const data of said.slice(i * 10, i * 10 + 10)) await redis.record('public:a', data);
  });
  for (const one of [stream, pattern, chat]) {
    await one.received(said.length, { deadline: 20_000 });
    assertSameList(one.payloads, said, 'what was received');
    assert.deepEqual(one.gaps, []);
  }
  assert.deepEqual([stream.ended, pattern.ended, chat.closed], [undefined, undefined, undefined]);
  for (const bridge of bridges) await bridge.ready();
});

// Redis hangs (a slow command, a full disk, a paused machine): its connections stay open and silent. The bridge must
// notice that by itself.
story('while Redis hangs the bridge is not ready, and everything arrives when Redis continues', async (scene) => {
  const { redis, bridge } = await scene.start({}, { appendonly: true });
  const stream = await scene.listen(bridge, 'public:a');
  await redis.record('public:a', 'before');
  await stream.received(1);
  redis.freeze();
  try {
    // The recorder's last sign of life may be older than Redis's last beat: then the first reason is that nobody records.
    await waitFor(async () => /redis/i.test((await bridge.unready()).join(' ')), { what: '/readyz to name Redis' });
    assert.equal(stream.ended, undefined);
  } finally {
    redis.thaw();
  }
  await redis.record('public:a', 'after');
  await bridge.ready();
  await stream.received(2);
  assert.deepEqual(stream.payloads, ['before', 'after']);
  assert.deepEqual(stream.gaps, []);
  assert.equal(stream.ended, undefined);
});

// The password in REDIS_URL is wrong. The operator reads one line of the log and knows what to do.
story('a wrong or missing password is logged with what to do, and the bridge needs no restart once Redis accepts it', async (scene) => {
  const redis = await scene.redis({ args: ['--requirepass', 'right-one'] });
  const wrong = await scene.bridge({ redis: redis.url.replace('//', '//:wrong-one@'), ready: false });
  const missing = await scene.bridge({ redis, ready: false });
  await wrong.said(/WRONGPASS[^\n]*REDIS_URL|REDIS_URL[^\n]*(WRONGPASS|password)|password[^\n]*REDIS_URL/i);
  await missing.said(/NOAUTH[^\n]*REDIS_URL|REDIS_URL[^\n]*(NOAUTH|password)|password[^\n]*REDIS_URL/i);
  for (const bridge of [wrong, missing]) {
    assert.match((await bridge.unready()).join(' '), /redis/i);
    assert.equal((await request(bridge, '/healthz')).status, 200);
    assert.ok(!bridge.log.includes('wrong-one'), 'the password is not in the log');
  }
  await redis.call('AUTH', 'right-one');
  await redis.call('CONFIG', 'SET', 'requirepass', 'wrong-one');
  await wrong.ready();
  const stream = await scene.listen(wrong, 'public:a');
  await redis.call('AUTH', 'wrong-one');
  await redis.publish('public:a', 'hello');
  await stream.received(1);
});

// What is wrong with the address is said, with what to do, and not found out by an hour of guessing.
story('an address that leads to the wrong kind of server is called that', async (scene) => {
  const folder = makeFolder('tls');
  const { cert, key } = await makeCertificate(folder);
  const port = await freePort();
  const tls = await scene.redis({ args: ['--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no'] });
  const cluster = await scene.redis({ args: ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())] });
  await tls.call('ACL', 'SETUSER', 'quiet', 'on', '>x', 'allkeys', 'allchannels', '+@all', '-client|setname', '-hello');
  const said = async (redis, pattern) => {
    const bridge = await scene.bridge({ redis, env: { SSL_CERT_FILE: cert }, ready: false });
    await bridge.said(pattern);
    assert.equal((await request(bridge, '/readyz')).status, 503);
  };
  await said(`redis://localhost:${port}`, /redis_away .*why="closed before any reply: .*do=".*if this port speaks TLS, use rediss:/);
  await said(`rediss://localhost:${tls.port}`, /redis_away .*why="TLS handshake failed: .*do=".*if this port does not speak TLS, use redis:/);
  await said(cluster, /redis_away .*why="CLUSTER .*do="Redis Cluster is not supported/);
  await scene.bridge({ redis: tls.url.replace('//', '//quiet:x@') }); // a name for its connections is not needed
  removeFolder(folder);
});

// Whatever keeps Redis from recording, a load balancer hears of it within seconds, from the words that say what to do; what
// was published meanwhile with PUBLISH is recorded in the end.
const refusals = [
  ['out of memory', /OOM/, /maxmemory/, {
    begin: (redis) => redis.call('CONFIG', 'SET', 'maxmemory', '1'),
    end: (redis) => redis.call('CONFIG', 'SET', 'maxmemory', '0'),
  }],
  ['with too few replicas', /NOREPLICAS/, /min-replicas-to-write/, {
    begin: (redis) => redis.call('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    end: (redis) => redis.call('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  }],
  ['that can\'t save', /MISCONF/, /can't save to disk/, {
    begin: async (redis) => {
      await redis.call('CONFIG', 'SET', 'save', '3600 1');
      mkdirSync(`${redis.folder}/dump.rdb`);
      await redis.call('BGSAVE');
    },
    end: (redis) => redis.call('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no'),
  }],
  ['read-only', /READONLY/, /replica/, {
    begin: (redis) => redis.call('REPLICAOF', '127.0.0.1', '1'),
    end: (redis) => redis.call('REPLICAOF', 'NO', 'ONE'),
  }],
];
for (const [name, error, remedy, { begin, end }] of refusals) {
  story(`a Redis ${name}: /readyz says what to do, and nothing is lost`, async (scene) => {
    const { redis, bridges } = await scene.fleet(2);
    const stream = await scene.listen(bridges[1], 'public:a');
    await begin(redis);
    for (const bridge of bridges) {
      const said = await waitFor(async () => {
        const { status, text } = await request(bridge, '/readyz');
        return status === 503 && remedy.test(text) && text;
      }, { deadline: 15_000, what: `/readyz of ${bridge.name} to name the reason` });
      assert.ok(!error.test(said), 'Redis\'s own words are for the log');
      await bridge.said(error);
    }
    await redis.call('PUBLISH', 'public:a', 'meanwhile');
    await end(redis);
    for (const bridge of bridges) await bridge.ready();
    await redis.call('PUBLISH', 'public:a', 'after');
    await stream.block(({ data }) => data === 'after');
    if (name !== 'read-only') assert.deepEqual(stream.payloads, ['meanwhile', 'after']); // a new connection: see PUBLISH
    assert.equal(stream.ended, undefined);
  });
}

// What waits may vanish in another way than by being recorded: the reason goes with it.
story('a Redis that was out of memory and has room again: the instance is ready, though nobody publishes', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_LEASE: '1s' });
  await redis.call('CONFIG', 'SET', 'maxmemory', '1');
  await redis.call('PUBLISH', 'public:a', 'waits');
  await bridge.said(/record_failed why="OOM/);
  await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await bridge.said(/recorder_unconfirmed /);
  await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  await bridge.ready();
});

// A permission that is missing shows in the readiness of the instance whose recorder needs it.
story('a missing permission: /readyz names it', async (scene) => {
  const redis = await scene.redis();
  await redis.call('ACL', 'SETUSER', 'app', 'on', '>x', 'allkeys', 'allchannels', '+@all', '-xadd');
  const bridge = await scene.bridge({ redis: redis.url.replace('//', '//app:x@') });
  await redis.call('PUBLISH', 'public:a', 'needs XADD');
  await waitFor(async () => /redis-acl\.conf/.test((await request(bridge, '/readyz')).text), { what: '/readyz to name the file' });
  await redis.call('ACL', 'SETUSER', 'app', '+xadd', '-pubsub|numsub');
  await waitFor(async () => /redis-acl\.conf/.test((await bridge.unready()).join()), { what: '/readyz to name the file' });
  await redis.call('ACL', 'SETUSER', 'app', '+@all');
  await bridge.ready();
});

// An administrator removes functions; backends then call one that is missing.
for (const library of ['bridge', 'bridge_v2']) {
  story(`FUNCTION DELETE ${library} is mended within seconds`, async (scene) => {
    const { redis, bridges } = await scene.fleet(2);
    const stream = await scene.listen(bridges[1], 'public:a');
    await redis.call('FUNCTION', 'DELETE', library);
    await waitFor(() => redis.call('FCALL', 'bridge_publish', 1, 'public:a', 'from a backend').then(() => true, () => false),
      { deadline: 5000, what: 'bridge_publish to be there again' });
    await redis.call('PUBLISH', 'public:a', 'plain');
    await stream.received(2);
    assert.deepEqual(stream.payloads, ['from a backend', 'plain']);
    for (const bridge of bridges) await bridge.ready();
  });
}

// A Redis that is also somebody's cache deletes history when it is full. That is said before it happens.
story('a maxmemory-policy that evicts is warned of in the log and in /readyz', async (scene) => {
  const redis = await scene.redis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  await redis.call('ACL', 'SETUSER', 'app', 'on', '>x', 'allkeys', 'allchannels', '+@all', '-info');
  const warned = await scene.bridge({ redis });
  await warned.said(/redis_evicts policy=allkeys-lru .*do="set its maxmemory-policy to noeviction"/);
  const warnings = async (bridge) => (await request(bridge, '/readyz')).json().warnings;
  await waitFor(async () => /noeviction/.test(await warnings(warned)));
  const mayNotAsk = await scene.bridge({ redis: redis.url.replace('//', '//app:x@') });
  assert.deepEqual(await warnings(mayNotAsk), []);
  await redis.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'); // it asks again when it is connected again
  await waitFor(async () => (await warnings(warned)).length === 0);
});
