// 45-outages - what deploy/README.md tells of bad days: alerts, outages, and proxies while no instance is up.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { post, recorded, request } from '../lib/http.mjs';
import { overload } from '../lib/overload.mjs';
import { settled } from '../lib/seat.mjs';
import { BROWSERS, visit } from '../lib/visit.mjs';
import { holdsFor, waitFor } from '../lib/wait.mjs';
import { ROOT, codeWith, page, read } from './page.mjs';
import { prove } from './prove.mjs';
import { startApache, startHaproxy, startNginx } from './proxies.mjs';

const sources = readdirSync(path.join(ROOT, 'bridge'), { recursive: true })
  .filter((name) => name.endsWith('.c'))
  .map((name) => read(`bridge/${name}`))
  .join('\n');

const refusedPublish = async (bridge) => {
  const answer = await request(bridge, '/publish?channel=public:a', { method: 'POST', body: 'x' });
  assert.deepEqual([answer.status, answer.json().error.code], [503, 'unavailable']);
};

// Every alert names a metric or a log event that the program really has.
const alerts = Object.fromEntries(page('deploy/README.md').sections.find(({ heading }) => heading === 'Monitoring').statements
  .map((alert) => [alert, async ({ bridge }) => {
    const words = alert.match(/[a-z]+(?:_[a-z]+)+/g) ?? [];
    const { text } = await request(bridge, '/metrics');
    for (const word of words) {
      const isMetric = text.includes(`redis_bridge_${word}`);
      assert.ok(isMetric || new RegExp(`"${word}"`).test(sources), word);
    }
    for (const [, place] of alert.matchAll(/place="(\w+)"/g)) assert.ok(text.includes(`{place="${place}"}`), place);
    if (alert.startsWith('/readyz')) assert.equal((await request(bridge, '/readyz')).status, 200);
  }]));

prove('deploy/README.md', 'Monitoring', (scene) => scene.start(), alerts);

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
  "Redis is full, read-only, can't save to its disk, or has too few replicas": async (_, scene) => {
    const { redis, bridge } = await scene.start();
    const stream = await scene.listen(bridge, 'public:a');
    await redis.call('CONFIG', 'SET', 'maxmemory', '1');
    await refusedPublish(bridge);
    await bridge.said(/publish_refused why="OOM.*do=/);
    await redis.call('PUBLISH', 'public:a', 'waits');
    await bridge.said(/record_failed why="OOM.*do=/);
    assert.match((await bridge.unready()).join(), /maxmemory/);
    assert.deepEqual(stream.payloads, []);
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
    await stream.received(1);
    assert.deepEqual(stream.payloads, ['waits']);
  },
  'a permission is missing, such as that for XADD': async (_, scene) => {
    const redis = await scene.redis();
    await redis.call('ACL', 'SETUSER', 'app', 'on', '>x', 'allkeys', 'allchannels', '+@all', '-xadd');
    const bridge = await scene.bridge({ redis: redis.url.replace('//', '//app:x@') });
    const stream = await scene.listen(bridge, 'public:a');
    await refusedPublish(bridge);
    await redis.call('PUBLISH', 'public:a', 'waits');
    assert.match((await bridge.unready()).join(), /deploy\/redis-acl\.conf/);
    await bridge.said(/record_failed why=".*do=".*redis-acl/);
    await redis.call('ACL', 'SETUSER', 'app', '+xadd');
    await stream.received(1);
    assert.deepEqual(stream.payloads, ['waits']);
  },
  'REDIS_URL leads to a node of a Redis Cluster, a Sentinel, or a port that does not speak TLS as asked': async (_, scene) => {
    const cluster = await scene.redis({ args: ['--cluster-enabled', 'yes'] });
    const redis = await scene.redis();
    for (const [url, word] of [[cluster.url, /Cluster/], [redis.url.replace('redis:', 'rediss:'), /TLS/]]) {
      const bridge = await scene.bridge({ redis: url, ready: false });
      const stream = await waitFor(() => scene.sse(bridge, { channel: 'public:a' }));
      assert.equal(stream.status, 200);
      await waitFor(async () => word.test((await bridge.unready()).join()), { what: `the reason ${word}` });
      await refusedPublish(bridge);
    }
  },
  'Redis evicts keys, because its maxmemory-policy is not noeviction': async (_, scene) => {
    const redis = await scene.redis({ args: ['--maxmemory-policy', 'volatile-lru'] });
    const bridge = await scene.bridge({ redis });
    await bridge.said(/redis_evicts/);
    assert.match((await request(bridge, '/readyz')).text, /"warnings":\["[^"]*noeviction/);
    const lastEventId = await redis.record('public:e', 'seen');
    for (let i = 0; i < 40; i++) await redis.record('public:e', 'x'.repeat(60_000));
    const [, used] = (await redis.call('INFO', 'memory')).match(/^used_memory:(\d+)/m);
    await redis.call('CONFIG', 'SET', 'maxmemory', String(used - 1_000_000));
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
    const stream = await scene.sse(bridge, { channel: 'public:e', lastEventId });
    await stream.block(({ event }) => event === 'gap');
    assert.deepEqual(stream.gaps.map(({ reason }) => reason), ['expired']);
  },
  'Redis is slow, or hangs for a moment': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    const stream = await scene.listen(bridge, 'public:a');
    redis.freeze();
    const posted = post(bridge, 'public:a', 'waits', { deadline: 20_000 });
    await holdsFor(1000, () => assert.deepEqual(stream.payloads, []), { every: 100 });
    redis.thaw();
    await posted;
    await stream.received(1);
    assert.deepEqual([stream.payloads, stream.gaps], [['waits'], []]);
  },
  'other fleets use the same Redis': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    const other = await scene.bridge({ redis, env: { BRIDGE_PREFIX: 'other:', BRIDGE_CHANNELS: '*', BRIDGE_SUBSCRIBE: '*' } });
    const streams = await Promise.all([scene.listen(bridge, 'public:*'), scene.listen(other, '*')]);
    await redis.publish('public:shared', 'once');
    for (const stream of streams) await stream.received(1);
    await post(bridge, 'public:shared', 'posted');
    for (const stream of streams) await stream.received(2);
    for (const stream of streams) assert.deepEqual(stream.payloads, ['once', 'posted']);
  },
  "messages are published faster than Redis records them, until the recorder's 256 MB are full": async (_, scene) => {
    const { bridge, redis } = await scene.start({ BRIDGE_LEASE: '30s' });
    const stream = await scene.listen(bridge, 'public:b');
    await overload(redis, bridge, 'public:a');
    await redis.publish('public:b', 'lost');
    await bridge.said(/recorder_full lost=/);
    assert.equal((await request(bridge, '/publish?channel=public:b', { method: 'POST', body: 'x' })).status, 503);
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
    await stream.block(({ event }) => event === 'gap', { deadline: 60_000 });
    assert.deepEqual(stream.gaps.map(({ reason }) => reason), ['overload']);
  },
  "somebody deletes the bridge's functions (FUNCTION DELETE, FUNCTION FLUSH)": async (_, scene) => {
    const { redis, bridge } = await scene.start();
    const stream = await scene.listen(bridge, 'public:a');
    for (const words of [['DELETE', 'bridge'], ['FLUSH']]) {
      await redis.call('FUNCTION', ...words);
      await waitFor(() => redis.call('FCALL', 'bridge_publish', 1, 'public:a', words[0]).then(() => true, () => false));
    }
    await stream.received(2);
    assert.deepEqual(stream.payloads, ['DELETE', 'FLUSH']);
  },
  "somebody deletes one of the bridge's keys": async ({ redis, bridges, bridge }, scene) => {
    await settled(redis, bridges);
    const stream = await scene.listen(bridge, 'public:k');
    await redis.call('DEL', 'bridge:era');
    await redis.publish('public:k', 'goes on');
    await stream.received(1);
  },
  'one of two instances dies': async ({ redis, bridges }, scene) => {
    await settled(redis, bridges);
    const stream = await scene.listen(bridges[1], 'public:a');
    await bridges[1].kill();
    await redis.call('PUBLISH', 'public:a', 'goes on');
    const again = await scene.sse(bridges[0], { channel: 'public:a', lastEventId: stream.lastEventId });
    await again.received(1);
    assert.deepEqual(again.payloads, ['goes on']);
    await bridges[1].start();
  },
  'one of two instances hangs': async ({ redis, bridges }, scene) => {
    await settled(redis, bridges);
    const stream = await scene.listen(bridges[1], 'public:h');
    bridges[1].freeze();
    const id = await post(bridges[0], 'public:h', 'goes on');
    const again = await scene.sse(bridges[0], { channel: 'public:h', lastEventId: stream.lastEventId });
    await again.received(1);
    assert.deepEqual([again.messages[0].id, stream.ended], [id, undefined]);
    bridges[1].thaw();
    await bridges[1].ready();
  },
  'no instance runs': async (_, scene) => {
    const { redis, bridge } = await scene.start();
    await bridge.stop();
    await redis.cli('XADD', 'bridge:inbox', '*', 'channel', 'public:a', 'data', 'later');
    assert.match(await redis.cli('FCALL', 'bridge_publish', '1', 'public:a', 'at once'), /^\d+-\d+$/);
    await assert.rejects(request(bridge, '/events?channel=public:a'));
    await bridge.start();
    await waitFor(async () => (await recorded(bridge, 'public:a')).length === 2);
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
  // From the moment at which the bridges are gone, and not only once the health checks have noticed.
  HAProxy: async ({ redis, bridges }, scene) => {
    const proxy = scene.own(await startHaproxy(bridges));
    await waitFor(async () => (await request(proxy, '/readyz')).status === 200);
    await passes(scene, proxy, redis);
    await passesWs(scene, proxy);
    for (const bridge of bridges) await bridge.stop();
    await holdsFor(4000, async () => {
      const { status, headers } = await request(proxy, '/events?channel=public:a', { headers: { Origin: 'https://a.example' } });
      assert.deepEqual([status, headers['content-type'], headers['access-control-allow-origin']], [200, 'text/event-stream', 'https://a.example']);
    });
    const waiting = await scene.sse(proxy, { channel: 'public:a' });
    await waiting.end();
    assert.ok(waiting.blocks[0].retry > 0);
    assert.equal((await request(proxy, '/publish?channel=public:a', { method: 'POST', body: 'x' })).status, 503);
    for (const bridge of bridges) await bridge.start();
  },
  Apache: async ({ redis, bridges }, scene) => {
    const lines = codeWith('deploy/README.md', 'upgrade=websocket').replace('8081', bridges[0].port);
    const proxy = scene.own(await startApache(lines));
    await passes(scene, proxy, redis);
    await passesWs(scene, proxy);
  },
}, { timeout: 280_000 });
