// 59-fleets - several fleets on one Redis: production and staging, or two applications, each with a BRIDGE_PREFIX or a
// database of its own, on a server where pub/sub knows no borders.
import assert from 'node:assert/strict';
import { history, post } from '../lib/http.mjs';
import { settled } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { holdsFor, waitFor } from '../lib/wait.mjs';

const EVERYTHING = { BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*', BRIDGE_CHANNELS: '*', BRIDGE_WORKERS: '1' };
// What an idle fleet of one instance with one worker may send to Redis in a second, functions' own commands included.
const IDLE_COMMANDS = 100;

// Fleets of one instance each, with these prefixes.
async function start(scene, prefixes, env = {}, redisOptions = undefined) {
  const redis = await scene.redis(redisOptions);
  const fleets = await Promise.all(prefixes.map(async (prefix) => {
    const bridge = await scene.bridge({ redis, env: { ...EVERYTHING, BRIDGE_PREFIX: prefix, ...env } });
    return { prefix, bridge };
  }));
  return { redis, fleets };
}

// The number of commands that Redis has executed, those of functions included.
async function commands(redis) {
  const stats = await redis.call('INFO', 'commandstats');
  return [...stats.matchAll(/:calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

async function staysQuiet(redis, count) {
  const before = await commands(redis);
  await holdsFor(2000, () => {});
  const done = (await commands(redis)) - before;
  assert.ok(done < 2 * count * IDLE_COMMANDS, `${done} commands in two seconds`);
}

const listenAll = (scene, fleets) => Promise.all(fleets.map(({ bridge }) => scene.listen(bridge, '*')));
const logsOf = async (redis, { prefix }) => (await redis.call('KEYS', `${prefix}log:*`)).map((key) => key.slice(`${prefix}log:`.length));
const told = (stream) => stream.messages.map(({ event, data }) => `${event} ${data}`);

for (const prefixes of [['a:', 'b:'], ['a:', 'b:', 'bridge:']]) {
  story(`${prefixes.length} fleets that serve everything each record a message once, and nothing that the others say`, async (scene) => {
    const { redis, fleets } = await start(scene, prefixes);
    const streams = await listenAll(scene, fleets);
    await redis.publish('public:x', 'one');
    await Promise.all(streams.map((stream) => stream.received(1)));
    await staysQuiet(redis, fleets.length);
    for (const stream of streams) assert.deepEqual(told(stream), ['public:x one']);
    for (const fleet of fleets) {
      assert.deepEqual(await logsOf(redis, fleet), ['public:x']);
      assert.equal(await redis.call('XLEN', `${fleet.prefix}log:public:x`), 1);
    }
  });
}

// A fleet whose members come and go has more to say: joining, leaving, a new worker that asks who records.
story('a fleet does not hear how another one restarts, or what its browsers publish', async (scene) => {
  const { redis, fleets } = await start(scene, ['a:', 'b:']);
  const [stream] = await listenAll(scene, fleets);
  const second = await scene.bridge({ redis, env: { ...EVERYTHING, BRIDGE_PREFIX: 'b:' } });
  await fleets[1].bridge.stop();
  await fleets[1].bridge.start();
  await second.stop();
  await second.start();
  const client = await scene.speak(fleets[1].bridge);
  await client.publish('public:x', 'from a browser');
  await redis.call('FCALL', 'b_publish', 1, 'public:x', 'from a backend', 'tick');
  await stream.received(2);
  await staysQuiet(redis, 3);
  assert.deepEqual(told(stream), ['public:x from a browser', 'public:x from a backend']);
  assert.deepEqual(await logsOf(redis, fleets[0]), ['public:x']);
});

story('on channels without history, no browser sees what another fleet says', async (scene) => {
  const { redis, fleets } = await start(scene, ['a:', 'b:'], { BRIDGE_EPHEMERAL: '*' });
  const streams = await listenAll(scene, fleets);
  await redis.publish('public:x', 'one');
  await redis.call('FCALL', 'b_publish', 1, 'public:x', 'two');
  for (const stream of streams) {
    await stream.received(2);
    await holdsFor(1500, () => assert.deepEqual(told(stream), ['public:x one', 'public:x two']));
  }
});

// Users name their channels as they like.
story('channels and messages that look like a bridge\'s are recorded and delivered', async (scene) => {
  const { redis, fleets } = await start(scene, ['a:', 'b:']);
  const streams = await listenAll(scene, fleets);
  const alike = [
    ['game:live:x', 'goal'], ['game:live:x', '1-0'], ['robot:control', 'who'], ['room:control', 'vacant'],
    ['robot:control', 'lost 3-2'], ['x:node:1', 'heard'], ['heart:beat:1', '70-1'], ['control', 'unechoed'], ['app:position', '7-7'],
  ];
  for (const [channel, data] of alike) await redis.publish(channel, data);
  for (const stream of streams) {
    await stream.received(alike.length);
    assert.deepEqual(told(stream), alike.map(([channel, data]) => `${channel} ${data}`));
  }
});

// Each entry writes keys, and each of these writes is a notification to the other fleet.
story('with keyspace notifications served, two fleets do not record each other\'s keys, and record everybody else\'s', async (scene) => {
  const { redis, fleets } = await start(scene, ['a:', 'b:'], {}, { args: ['--notify-keyspace-events', 'KEA'] });
  const streams = await listenAll(scene, fleets);
  await redis.call('SET', 'app:position', 'x');
  await redis.call('HSET', 'app:log:1', 'x', 'y');
  await Promise.all(streams.map((stream) => stream.received(4)));
  await staysQuiet(redis, 4);
  for (const stream of streams) {
    assert.deepEqual(told(stream), [
      '__keyspace@0__:app:position set', '__keyevent@0__:set app:position',
      '__keyspace@0__:app:log:1 hset', '__keyevent@0__:hset app:log:1',
    ]);
  }
  for (const { prefix } of fleets) {
    await waitFor(async () => (await redis.call('XLEN', `${prefix}log:__keyevent@0__:set`)) === 1);
    assert.equal(await redis.call('ZCARD', `${prefix}channels`), 5, 'four channels and the mark');
  }
});

// The same prefix in the databases 0 and 1: production and staging, with the same settings but for REDIS_URL.
async function databases(scene, count = 2) {
  const redis = await scene.redis();
  const fleets = [];
  for (const number of [0, 1]) {
    const client = scene.own(await redis.connect(number));
    const bridges = [];
    for (let i = 0; i < count; i++) bridges.push(await scene.bridge({ redis: `${redis.url}/${number}` }));
    await settled(client, bridges);
    fleets.push({ number, client, bridges, era: () => client.call('HGET', 'bridge:era', 'era') });
  }
  return { redis, fleets };
}

// By each way but plain PUBLISH: what was published.
async function publishAll(scene, { number, client, bridges }) {
  const say = (way) => `${way} in ${number}`;
  await client.call('FCALL', 'bridge_publish', 1, 'public:x', say('FCALL'), 'tick');
  await post(bridges[0], 'public:x', say('POST'));
  const ws = await scene.speak(bridges[1]);
  await ws.publish('public:x', say('WebSocket'));
  await client.call('XADD', 'bridge:inbox', '*', 'channel', 'public:x', 'data', say('inbox'));
  return ['FCALL', 'POST', 'WebSocket', 'inbox'].map(say);
}

story('two fleets in two databases of one Redis are apart, and share only plain PUBLISH', async (scene) => {
  const { fleets } = await databases(scene);
  for (const fleet of fleets) fleet.streams = await Promise.all(fleet.bridges.map((bridge) => scene.listen(bridge, ['public:x', 'public:*'])));
  const eras = await Promise.all(fleets.map(({ era }) => era()));
  const said = await Promise.all(fleets.map((fleet) => publishAll(scene, fleet)));
  for (const [i, { streams }] of fleets.entries())
    for (const stream of streams) await stream.received(said[i].length);
  await fleets[1].client.call('PUBLISH', 'public:x', 'plain');
  for (const [i, { client, bridges, streams }] of fleets.entries()) {
    for (const stream of streams) await stream.received(said[i].length + 1);
    await holdsFor(1000, () => {
      for (const stream of streams) {
        assert.deepEqual(stream.payloads.sort(), ['plain', ...said[i]].sort());
        assert.deepEqual(stream.gaps, []);
      }
    });
    assert.equal(await client.call('XLEN', 'bridge:log:public:x'), said[i].length + 1);
    for (const bridge of bridges) assert.equal((await history(bridge, 'public:x')).entries.length, said[i].length + 1);
  }
  await holdsFor(2000, async () => assert.deepEqual(await Promise.all(fleets.map(({ era }) => era())), eras));
});

// What is published in the other database reaches this one as a plain message, just before somebody's own.
story('a fleet takes the plain message that follows another database\'s entry for what it is', async (scene) => {
  const { redis, fleets } = await databases(scene, 1);
  for (let i = 0; i < 50; i++) {
    await fleets[i % 2].client.call('FCALL', 'bridge_publish', 1, 'public:x', `f${i}`);
    await redis.publish('public:x', `p${i}`);
  }
  const plain = Array.from({ length: 50 }, (_, i) => `p${i}`);
  for (const { number, client } of fleets) {
    await waitFor(async () => (await client.call('XLEN', 'bridge:log:public:x')) === 75);
    const data = (await client.call('XRANGE', 'bridge:log:public:x', '-', '+')).map(([, fields]) => fields[1]);
    assert.deepEqual(data.filter((each) => each.startsWith('p')), plain);
    assert.ok(data.every((each) => each.startsWith('p') || Number(each.slice(1)) % 2 === number));
  }
});

// Somebody resets staging.
story('a flush of one database is no event in the other, and what is published then reaches its browsers', async (scene) => {
  const { fleets } = await databases(scene);
  for (const fleet of fleets) fleet.stream = await scene.listen(fleet.bridges[0], 'public:x');
  const [production, staging] = fleets;
  await production.client.call('FCALL', 'bridge_publish', 1, 'public:x', 'before');
  await production.stream.received(1);
  const { lastEventId } = production.stream;
  await staging.client.call('FLUSHDB');
  await waitFor(() => staging.client.call('GET', 'bridge:database'), { deadline: 1500, what: 'the space to be written again' });
  await staging.client.call('FCALL', 'bridge_publish', 1, 'public:x', 'in 1');
  await production.client.call('FCALL', 'bridge_publish', 1, 'public:x', 'in 0');
  await staging.stream.received(1);
  await production.stream.received(2);
  const resumed = await scene.listen(production.bridges[1], 'public:x', { lastEventId });
  await resumed.received(1);
  assert.deepEqual([staging.stream, production.stream, resumed].map(({ payloads }) => payloads), [['in 1'], ['before', 'in 0'], ['in 0']]);
  assert.deepEqual([production.stream.gaps, resumed.gaps], [[], []]);
});

// In the moment before a bridge has noticed the flush, only the function itself can tell where it is.
story('what is published in the moment after a flush does not go astray to database 0', async (scene) => {
  const { fleets } = await databases(scene, 1);
  for (const fleet of fleets) fleet.stream = await scene.listen(fleet.bridges[0], 'public:x');
  const [production, staging] = fleets;
  await production.client.call('FCALL', 'bridge_publish', 1, 'public:x', 'first');
  for (let i = 0; i < 5; i++) {
    await Promise.all([staging.client.call('FLUSHDB'), staging.client.call('FCALL', 'bridge_publish', 1, 'public:x', `flushed ${i}`)]);
    await production.client.call('FCALL', 'bridge_publish', 1, 'public:x', `after ${i}`);
    await staging.stream.received(i + 1);
    await production.stream.received(i + 2);
  }
  assert.deepEqual(staging.stream.payloads, [0, 1, 2, 3, 4].map((i) => `flushed ${i}`));
  assert.deepEqual(production.stream.payloads, ['first', ...[0, 1, 2, 3, 4].map((i) => `after ${i}`)]);
  assert.deepEqual(production.stream.gaps, []);
});

// Somebody copies staging's data to production, or deletes what looks superfluous.
story('the key that says where a database has its channels is put right within a second', async (scene) => {
  const { fleets } = await databases(scene, 1);
  const is = (fleet, value) => waitFor(async () => (await fleet.client.call('GET', 'bridge:database')) === value, { deadline: 2500 });
  await fleets[0].client.call('SET', 'bridge:database', '@1:');
  await is(fleets[0], null);
  const hash = "redis.call('DEL', KEYS[1]) redis.call('HSET', KEYS[1], 'x', 'y')";
  for (const command of [['SET', 'bridge:database', '@7:'], ['DEL', 'bridge:database'], ['EVAL', hash, 1, 'bridge:database']]) {
    await fleets[1].client.call(...command);
    await is(fleets[1], '@1:');
  }
});
