// 40-running - what deploy/README.md tells an operator: settings, what each way of publishing promises, two instances, sizing,
// Redis.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BINARY, environment } from '../lib/bridge.mjs';
import { makeCertificate } from '../lib/certificate.mjs';
import { history, post, recorded, request } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { settled } from '../lib/seat.mjs';
import { waitFor } from '../lib/wait.mjs';
import { read } from './page.mjs';
import { prove } from './prove.mjs';

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
  'BRIDGE_ORIGINS is not access control.': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_ORIGINS: 'https://app.example.com' } });
    await post(bridge, 'public:a', 'without an Origin');
    await post(bridge, 'public:a', 'with a false one', { headers: { Origin: 'https://app.example.com' } });
  },
  'A channel must be in BRIDGE_CHANNELS too.': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*', BRIDGE_CHANNELS: 'public:*' } });
    assert.equal((await request(bridge, '/events?channel=public:a')).status, 200);
    const only = await scene.bridge({ redis, env: { BRIDGE_PUBLISH: 'public:*,chat:*' } });
    assert.match((await request(only, '/publish?channel=chat:x', { method: 'POST', body: 'x' })).json().error.message, /BRIDGE_CHANNELS/);
    for (const [path, method] of [['/events?channel=other', 'GET'], ['/publish?channel=other', 'POST']])
      assert.match((await request(bridge, path, { method, body: method === 'POST' ? 'x' : undefined })).json().error.message, /BRIDGE_CHANNELS/);
    await bridge.said(/subscribe_not_served .*hint=/);
  },
  Patterns: async ({ redis, bridge }, scene) => {
    for (const name of ['public:x', 'abc', 'xz', 'yz', 'literal*']) assert.equal((await request(bridge, `/events?channel=${name.replace('*', '%5C*')}`)).status, 200, name);
    for (const name of ['ac', 'abbc', 'az', 'literals']) assert.equal((await request(bridge, `/events?channel=${name}`)).status, 403, name);
    const pages = await scene.bridge({ redis, env: { BRIDGE_ORIGINS: 'https://*.example.org' } });
    const publishes = async (Origin) => (await request(pages, '/publish?channel=public:a', { method: 'POST', body: 'x', headers: { Origin } })).status;
    assert.deepEqual([await publishes('https://a.b.example.org'), await publishes('https://example.org')], [200, 403]);
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
    await waitFor(async () => (await recorded(trusting, 'public:tls')).length > 0);
  },
});

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
    await waitFor(async () => (await recorded(bridges[1], 'public:two')).length === 3);
    assert.deepEqual(await recorded(bridges[1], 'public:two'), ['1', '2', '3']);
    await bridges[0].start();
    await settled(redis, bridges);
  },
  'PUBLISH channel payload, with one instance': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    await bridge.stop();
    assert.equal(await redis.call('PUBLISH', 'public:a', 'lost'), 0);
    await bridge.start();
    await redis.call('PUBLISH', 'public:a', 'kept');
    await waitFor(async () => (await recorded(bridge, 'public:a')).length > 0);
    assert.deepEqual(await recorded(bridge, 'public:a'), ['kept']);
  },
  'XADD bridge:inbox * channel … data … [event …]': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    await bridge.stop();
    await redis.cli('XADD', 'bridge:inbox', '*', 'channel', 'public:a', 'data', 'kept', 'event', 'e');
    await bridge.start();
    await waitFor(async () => (await recorded(bridge, 'public:a'))[0] === 'kept');
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
    assert.equal(await redis.call('PUBLISH', 'public:a', 'x'), 2, 'one recorder in each instance');
    for (const bridge of bridges) assert.match((await request(bridge, '/metrics')).text, /recorder_place\{place="(holder|standby)"\} 1/);
  },
  'With one instance, or if all stop at once': async (_, scene) => {
    const { bridge } = await scene.start();
    await bridge.stop();
    await bridge.start();
    await bridge.said(/recorder_era .*hint=/);
  },
  'The inbox': async ({ redis }) => {
    const id = await redis.cli('XADD', 'bridge:inbox', '*', 'channel', 'public:i', 'data', 'x');
    await waitFor(async () => (await redis.call('GET', 'bridge:inbox:position')) === id);
    assert.equal(await redis.call('XLEN', 'bridge:inbox'), 0);
    await redis.cli('XADD', 'bridge:inbox', '*', 'data', 'no channel');
    await waitFor(async () => (await redis.call('XLEN', 'bridge:inbox:rejected')) === 1);
    assert.match(JSON.stringify(await redis.call('XRANGE', 'bridge:inbox:rejected', '-', '+')), /"reason","[^"]+`channel`/);
  },
  'A publish that was not answered': async ({ redis, bridges }, scene) => {
    const frame = { type: 'publish', channel: 'public:again', data: 'x', key: 'one key' };
    const first = await (await scene.ws(bridges[0])).ask(frame);
    const path = '/publish?channel=public:again&key=one+key';
    assert.equal((await request(bridges[1], path, { method: 'POST', body: 'x' })).json().id, first.id);
    assert.equal((await redis.entries(['public:again'])).length, 1);
  },
  'POST /publish is for everybody': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_PUBLISH: undefined } });
    assert.equal((await request(bridge, '/publish?channel=public:a', { method: 'POST', body: 'x' })).status, 403);
  },
  'Ephemeral channels': async ({ redis, bridge }, scene) => {
    const stream = await scene.listen(bridge, 'public:live');
    await redis.call('PUBLISH', 'public:live', 'now');
    await stream.received(1);
    assert.deepEqual([stream.messages[0].id, await recorded(bridge, 'public:live')], [undefined, []]);
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
  // tests/integration/35 has a log evicted, and the gap.
  'maxmemory-policy noeviction': async ({ redis }) => assert.equal((await redis.call('CONFIG', 'GET', 'maxmemory-policy'))[1], 'noeviction'),
  'appendonly yes': async (_, scene) => {
    const { redis, bridge } = await scene.start({}, { appendonly: true });
    const id = await post(bridge, 'public:a', 'kept');
    await redis.kill();
    await redis.start();
    await bridge.ready();
    assert.equal((await history(bridge, 'public:a')).entries[0].id, id);
  },
  'A user with exactly the permissions it needs': async ({ redis }) => {
    const acl = read('deploy/redis-acl.conf');
    const [, ...words] = acl.match(/^user redis-bridge .*$/m)[0].split(' ');
    await redis.call('ACL', 'SETUSER', ...words, 'on', '>secret');
    for (const command of [['SET', 'other', '1'], ['GET', 'other'], ['FLUSHALL'], ['KEYS', '*'], ['CONFIG', 'GET', '*']])
      assert.match(String(await redis.call('ACL', 'DRYRUN', 'redis-bridge', ...command)), /no permission/i, command.join(' '));
    assert.equal(await redis.call('ACL', 'DRYRUN', 'redis-bridge', 'SET', 'bridge:position', '1'), 'OK');
  },
  // tests/integration/59 has more of it.
  'Several fleets can share one Redis': async (_, scene) => {
    const { redis, bridge } = await scene.start({ BRIDGE_SUBSCRIBE: '*' });
    const other = await scene.bridge({ redis, env: { BRIDGE_SUBSCRIBE: '*', BRIDGE_PREFIX: 'other:' } });
    await redis.publish('public:both', 'x');
    for (const each of [bridge, other]) await waitFor(async () => (await recorded(each, 'public:both'))[0] === 'x');
    for (const prefix of ['bridge:', 'other:'])
      assert.deepEqual(await redis.call('KEYS', `${prefix}log:*`), [`${prefix}log:public:both`]);
  },
  'Keyspace notifications can be served': async (_, scene) => {
    const { redis, bridge } = await scene.start({ BRIDGE_SUBSCRIBE: '__key*' }, { args: ['--notify-keyspace-events', 'KEA'] });
    await redis.call('SET', 'somebody:else', 'x');
    await waitFor(async () => (await recorded(bridge, '__keyevent@0__:set')).length === 1);
    assert.deepEqual(await recorded(bridge, '__keyevent@0__:set'), ['somebody:else']);
  },
  'Redis pub/sub ignores database numbers': async ({ redis, bridge }, scene) => {
    const other = await scene.bridge({ redis: `${redis.url}/1` });
    await redis.cli('-n', '1', 'PUBLISH', 'public:db', 'from database 1');
    for (const each of [bridge, other]) await waitFor(async () => (await recorded(each, 'public:db'))[0] === 'from database 1');
  },
  // tests/integration/59 has more of it.
  'Fleets in different databases are apart': async ({ redis, bridge }, scene) => {
    const other = await scene.bridge({ redis: `${redis.url}/1` });
    await redis.cli('-n', '1', 'FCALL', 'bridge_publish', '1', 'public:apart', 'from database 1');
    assert.deepEqual(await recorded(other, 'public:apart'), ['from database 1']);
    assert.equal(await redis.cli('-n', '1', 'GET', 'bridge:database'), '@1:');
    await redis.record('public:apart', 'from database 0');
    assert.deepEqual(await recorded(bridge, 'public:apart'), ['from database 0']);
  },
  // tests/integration/releases.mjs runs the release before this one. Here a worker of it, as Redis sees it.
  'From the release before this one': async ({ redis }, scene) => {
    const [old, client] = [scene.own(await redis.connect()), scene.own(await redis.connect(2))];
    await old.listen(() => {}, { channels: ['bridge:control'] });
    const bridge = await scene.bridge({ redis: `${redis.url}/2`, ready: false });
    await bridge.said(/database_shared db=2/);
    assert.equal(await client.call('GET', 'bridge:database'), null);
    old.close();
    await bridge.ready();
    await bridge.restart();
    assert.equal(await client.call('GET', 'bridge:database'), '@2:');
  },
});

// The figures are those of the pages that measured them.
const figures = () => read('tests/bench/README.md') + read('tests/crowd/README.md');
const measured = (...texts) => () => {
  for (const text of texts) assert.ok(figures().includes(text), text);
};

prove('deploy/README.md', 'Sizing', () => {}, {
  'an idle connection': measured('| resident memory per idle connection, 10,000 SSE | 0.1 KiB | **2.1 KiB**', '| 0.3 KiB | **3.1 KiB**'),
  'a browser that reads slowly': measured('7.9 KiB', 'the kernel 256 KiB'),
  'a delivery': measured('| CPU per delivery, one message at a time, 1000 SSE | 7.9 µs | **8.2 µs**', '**10.2 million**'),
  'a channel with listeners': measured('0.7 KiB for each channel', 'at most 32 MiB, plus about as much again'),
  'recording a plain message': measured('21 µs', '3.8 µs', '48,000 messages a second are recorded'),
  // tests/integration/46 fills it.
  'a burst that is faster than that': () => assert.match(read('bridge/recorder/scribe.c'), /QUEUE_BYTES_MAX \(256u << 20\)/),
  history: async (_, scene) => {
    const { redis } = await scene.start({ BRIDGE_HISTORY_LENGTH: '100' });
    for (let i = 0; i < 500; i++) await redis.record('public:a', 'x'.repeat(100));
    const kept = await redis.call('XLEN', 'bridge:log:public:a');
    assert.ok(kept >= 100 && kept < 250, `${kept} entries`);
    assert.ok((await redis.call('MEMORY', 'USAGE', 'bridge:log:public:a')) / kept < 250);
  },
});
