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
import { codeWith, read } from './page.mjs';
import { BROWSERS, visit } from '../lib/visit.mjs';
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
  'BRIDGE_ORIGINS is not access control.': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_ORIGINS: 'https://app.example.com' } });
    await post(bridge, 'public:a', 'without an Origin');
    await post(bridge, 'public:a', 'with a false one', { headers: { Origin: 'https://app.example.com' } });
  },
  'A channel must be in BRIDGE_CHANNELS too': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*', BRIDGE_CHANNELS: 'public:*' } });
    assert.equal((await request(bridge, '/events?channel=public:a')).status, 200);
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
  'A user with exactly the permissions it needs': async ({ redis }) => {
    const acl = readFileSync(new URL('../../deploy/redis-acl.conf', import.meta.url), 'utf8');
    const [, ...words] = acl.match(/^user redis-bridge .*$/m)[0].split(' ');
    await redis.call('ACL', 'SETUSER', ...words, 'on', '>secret');
    for (const command of [['SET', 'other', '1'], ['GET', 'other'], ['FLUSHALL'], ['KEYS', '*'], ['CONFIG', 'GET', '*']])
      assert.match(String(await redis.call('ACL', 'DRYRUN', 'redis-bridge', ...command)), /no permission/i, command.join(' '));
    assert.equal(await redis.call('ACL', 'DRYRUN', 'redis-bridge', 'SET', 'bridge:position', '1'), 'OK');
  },
  'Redis pub/sub ignores database numbers': async ({ redis, bridge }) => {
    await redis.cli('-n', '1', 'PUBLISH', 'public:db', 'from database 1');
    await waitFor(async () => (await everyPayload(bridge, 'public:db'))[0] === 'from database 1');
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

const refusedPublish = async (bridge) => {
  const answer = await request(bridge, '/publish?channel=public:a', { method: 'POST', body: 'x' });
  assert.deepEqual([answer.status, answer.json().error.code], [503, 'unavailable']);
};

prove('deploy/README.md', 'Outages', (scene) => scene.fleet(2, { BRIDGE_HEARTBEAT: '300ms' }, { appendonly: true }).then(async (fleet) => {
  await settled(fleet.redis, fleet.bridges);
  return { ...fleet, bridge: fleet.bridges[0] };
}), {
  "Redis can't be reached": async ({ redis, bridge }, scene) => {
    const stream = await scene.listen(bridge, 'public:a');
    await redis.stop();
    await bridge.unready();
    await bridge.said(/redis_away /);
    await refusedPublish(bridge);
    const heartbeats = stream.blocks.length;
    await waitFor(() => stream.blocks.length > heartbeats + 2 || stream.text.endsWith(':\n'));
    const newcomer = await scene.sse(bridge, { channel: 'public:a' });
    assert.deepEqual([newcomer.status, stream.ended], [200, undefined]);
    await redis.start();
    await redis.cli('XADD', 'bridge:inbox', '*', 'channel', 'public:a', 'data', 'meanwhile');
    await stream.received(1, { deadline: 20_000 });
  },
  'Redis restarts with its data': async ({ redis, bridges, bridge }, scene) => {
    await settled(redis, bridges);
    const stream = await scene.listen(bridge, 'public:a');
    await post(bridge, 'public:a', 'before');
    await stream.received(1);
    await redis.kill();
    await redis.start();
    for (const one of bridges) await one.ready();
    await post(bridge, 'public:a', 'after');
    await stream.received(2);
    assert.deepEqual([stream.payloads, stream.gaps], [['before', 'after'], []]);
  },
  'Redis loses data, or is flushed': async ({ redis, bridge }, scene) => {
    const lastEventId = await post(bridge, 'public:flushed', 'seen');
    await post(bridge, 'public:flushed', 'missed');
    await redis.call('FLUSHALL');
    const stream = await scene.sse(bridge, { channel: 'public:flushed', lastEventId });
    await stream.block(({ event }) => event === 'gap');
    assert.deepEqual(stream.gaps.map(({ reason }) => reason), ['reset']);
  },
  'Redis is full, or read-only': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    const stream = await scene.listen(bridge, 'public:a');
    await redis.call('CONFIG', 'SET', 'maxmemory', '1');
    await refusedPublish(bridge);
    await bridge.said(/publish_refused why="OOM.*do=/);
    await redis.call('PUBLISH', 'public:a', 'waits');
    await bridge.said(/record_failed why="OOM.*do=/);
    assert.deepEqual(stream.payloads, []);
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
    await stream.received(1);
    assert.deepEqual(stream.payloads, ['waits']);
  },
  'one of two instances dies or hangs': async ({ redis, bridges }, scene) => {
    await settled(redis, bridges);
    const stream = await scene.listen(bridges[1], 'public:a');
    await bridges[1].kill();
    await redis.call('PUBLISH', 'public:a', 'goes on');
    const again = await scene.sse(bridges[0], { channel: 'public:a', lastEventId: stream.lastEventId });
    await again.received(1);
    assert.deepEqual(again.payloads, ['goes on']);
    await bridges[1].start();
  },
  'no instance runs': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    await bridge.stop();
    await redis.cli('XADD', 'bridge:inbox', '*', 'channel', 'public:a', 'data', 'later');
    assert.match(await redis.cli('FCALL', 'bridge_publish', '1', 'public:a', 'at once'), /^\d+-\d+$/);
    await assert.rejects(request(bridge, '/events?channel=public:a'));
    await bridge.start();
    await waitFor(async () => (await everyPayload(bridge, 'public:a')).length === 2);
  },
}, { timeout: 200_000 });

const HEARTBEAT = { BRIDGE_HEARTBEAT: '500ms' };
const nginxConf = (bridges) =>
  codeWith('deploy/README.md', 'upstream bridges').replaceAll('8081', bridges[0].port).replaceAll('8082', bridges[1].port);
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
    const conf = nginxConf(bridges);
    const shown = scene.own(await startNginx(conf));
    await passes(scene, shown, redis);
    await passesWs(scene, shown);
  },
  // In a browser, from a page of another origin: all instances are stopped and started again, and the page goes on.
  'EventSource gives up for good on any status but 200': async ({ bridges }, scene) => {
    const conf = nginxConf(bridges);
    const proxies = [scene.own(await startNginx(conf)), scene.own(await startHaproxy(bridges))];
    for (const proxy of proxies) {
      const script = `const events = new EventSource('${proxy.base}/events?channel=public:p', { withCredentials: false });
        events.onmessage = ({ data }) => report('show', data);
        events.onerror = () => report('error or end', events.readyState);`;
      const tabs = [];
      for (const browser of Object.keys(BROWSERS)) tabs.push(scene.own(await visit(browser, script)));
      const all = (text) => waitFor(async () => {
        await post(bridges[0], 'public:p', text);
        return tabs.every((tab) => tab.of('show').some(([shown]) => shown === text));
      }, { deadline: 60_000, every: 200, what: `${text} in all browsers behind ${proxy.name}` });
      await all('before');
      for (const bridge of bridges) await bridge.stop();
      for (const tab of tabs) await tab.reported('error or end', tab.of('error or end').length + 2);
      for (const bridge of bridges) await bridge.start();
      await all('after');
      for (const tab of tabs) {
        assert.ok(tab.of('error or end').every(([state]) => state === 0), `${tab.name} behind ${proxy.name} has stopped`);
        await tab.close();
      }
    }
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
}, { timeout: 280_000 });
