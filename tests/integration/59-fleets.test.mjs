// 59-fleets - several fleets on one Redis: production and staging, or two applications, each with a BRIDGE_PREFIX of its
// own, on a server where pub/sub knows no borders. Each receives what the others say internally.
import assert from 'node:assert/strict';
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
