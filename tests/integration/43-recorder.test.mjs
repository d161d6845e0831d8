// 43-recorder - accidents around the recorder: what others do to Redis, missing rights of a Redis user, SIGTERM at the
// worst moment. Each message must still be recorded once.
import assert from 'node:assert/strict';
import { request } from '../lib/http.mjs';
import { numbers } from '../lib/position.mjs';
import { signal } from '../lib/program.mjs';
import { Resp } from '../lib/resp.mjs';
import { placeOf, settled } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { holdsFor, waitFor } from '../lib/wait.mjs';

const logged = async (redis, channel) => (await redis.entries([channel])).map(({ data }) => data);

const records = (redis, channel, expected) =>
  waitFor(async () => (await logged(redis, channel)).length >= expected.length, { what: `${expected} in ${channel}` }).then(
    async () => assert.deepEqual(await logged(redis, channel), expected),
  );

// A script wrote a string to a key of the bridge. What fails after the entry is in the log must not cause the message
// to be recorded again and again.
story('keys of the wrong type are replaced, and each message is recorded once', async (scene) => {
  const { redis } = await scene.start();
  for (const key of ['bridge:channels', 'bridge:log:public:a', 'bridge:inbox:rejected']) await redis.call('SET', key, 'an accident');
  await redis.publish('public:a', 'plain');
  await redis.call('XADD', 'bridge:inbox', '*', 'no', 'channel');
  await redis.call('XADD', 'bridge:inbox', '*', 'channel', 'public:b', 'data', 'from the inbox');
  await records(redis, 'public:b', ['from the inbox']);
  await redis.publish('public:a', 'next');
  await records(redis, 'public:a', ['plain', 'next']);
  assert.equal(await redis.call('XLEN', 'bridge:inbox:rejected'), 1);
  assert.deepEqual((await redis.call('ZRANGE', 'bridge:channels', 0, -1)).sort(), ['', 'public:a', 'public:b']);
});

// redis-cli PSUBSCRIBE '*' also receives what is sent to the channel of a recorder that is dead.
story('a subscriber to all channels does not make a dead recorder look alive', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, { BRIDGE_LEASE: '20s' });
  const outsider = scene.own(await Resp.connect(redis.port));
  await outsider.listen(() => {}, { patterns: ['*'] });
  const { holder } = await settled(redis, bridges);
  await holder.bridge.kill();
  await redis.publish('public:a', 'long before the lease ends');
  await records(redis, 'public:a', ['long before the lease ends']);
});

// The active recorder hangs and then dies, and at that very moment the standby, which has every message, gets SIGTERM.
story('a standby that gets SIGTERM first records what only it has', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const { holder, standby } = await settled(redis, bridges);
  const payloads = numbers(1, 500);
  holder.bridge.freeze();
  await redis.publishAll('public:a', payloads);
  const isGone = holder.bridge.kill();
  await Promise.all([isGone, standby.bridge.stop()]);
  assert.deepEqual(await logged(redis, 'public:a'), payloads);
});

// A recorder leaves with a call to Redis, which can fail like any other.
story('if calls to Redis fail when the only instance gets SIGTERM, it retries until everything is recorded', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_WORKERS: '1' });
  const payloads = numbers(1, 50);
  await settled(redis, [bridge]);
  await redis.call('CONFIG', 'SET', 'maxmemory', '1');
  await redis.publishAll('public:a', payloads);
  await bridge.said(/record_failed/);
  await redis.call('FUNCTION', 'DELETE', 'bridge_v2');
  await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  await bridge.stop();
  assert.deepEqual(await logged(redis, 'public:a'), payloads);
});

// A backend may call the function but not PUBLISH, so its echo (the plain message that follows a durable one) never
// comes. The next plain message is from another publisher.
story('a plain message is not taken for the echo of a publisher that may not PUBLISH', async (scene) => {
  const { redis } = await scene.start();
  await redis.call('ACL', 'SETUSER', 'mute', 'on', 'nopass', '~*', '+@all', 'resetchannels', '&bridge:*');
  const mute = scene.own(await Resp.connect(redis.port));
  await mute.call('AUTH', 'mute', 'any');
  for (const [i, plain] of ['bbbb', 'cccc'].entries()) {
    await mute.call('FCALL', 'bridge_publish', 1, 'public:a', `aaa${i}`);
    await redis.publish('public:a', plain);
    await waitFor(async () => (await logged(redis, 'public:a')).length === 2 * i + 2, { what: 'both to be recorded' });
  }
  assert.deepEqual((await logged(redis, 'public:a')).sort(), ['aaa0', 'aaa1', 'bbbb', 'cccc']);
});

// Workers expect a sign of the active recorder every second, however long its lease is.
story('with BRIDGE_LEASE=60s instances stay ready, and one that crashes is replaced at once', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, { BRIDGE_LEASE: '60s' });
  const { holder } = await settled(redis, bridges);
  await holdsFor(5000, async () => {
    for (const bridge of bridges) assert.equal((await request(bridge, '/readyz')).status, 200);
  });
  await holder.bridge.kill();
  await redis.publish('public:a', 'x');
  await records(redis, 'public:a', ['x']);
});

// The supervisor restarts it, after longer and longer delays if it keeps dying.
story('an instance whose recorder is dead is not ready', async (scene) => {
  const { redis, bridge } = await scene.start();
  for (let kills = 0, isUnready = false; !isUnready; kills++) {
    assert.ok(kills < 20, 'it was never unready');
    await settled(redis, [bridge]);
    signal(placeOf(bridge).pid, 'SIGKILL');
    const until = Date.now() + 500;
    while (!isUnready && Date.now() < until) isUnready = (await request(bridge, '/readyz')).status === 503;
  }
  await bridge.ready();
});

// What expired was not lost: after a quiet night, a restart in the morning must not cause gaps.
story('a clean restart of Redis after everything has expired is not a loss', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_TTL: '1s' }, { appendonly: true });
  await redis.publish('public:a', 'once');
  await waitFor(async () => (await logged(redis, 'public:a')).length === 1, { what: 'the message to be recorded' });
  await waitFor(async () => !(await redis.call('EXISTS', 'bridge:log:public:a')), { what: 'the log to expire' });
  await redis.stop();
  await redis.start();
  await settled(redis, [bridge]);
  await redis.publish('public:a', 'again');
  await waitFor(async () => (await logged(redis, 'public:a')).length === 1, { what: 'the next message to be recorded' });
  assert.equal(await redis.call('GET', 'bridge:lost'), null);
});

// Somebody has switched notifications on for another program, and this bridge serves everything. The bridge's own writes
// cause notifications, too: recording one would write a key, and cause the next.
story('with keyspace notifications served, those about the bridge\'s own keys are never recorded or delivered', async (scene) => {
  const everything = { BRIDGE_SUBSCRIBE: '*', BRIDGE_CHANNELS: '*', BRIDGE_WORKERS: '1' };
  const { redis, bridge } = await scene.start(everything, { args: ['--notify-keyspace-events', 'KEA'] });
  const stream = await scene.listen(bridge, '__key*');
  await redis.call('SET', 'somebody:else', 'x');
  await redis.record('public:a', 'a message of our own');
  await stream.received(2);
  await holdsFor(1500, () => assert.equal(stream.messages.length, 2));
  const told = stream.messages.map(({ event, data }) => `${event} ${data}`).sort();
  assert.deepEqual(told, ['__keyevent@0__:set somebody:else', '__keyspace@0__:somebody:else set']);
  const logs = await redis.call('KEYS', 'bridge:log:__key*');
  assert.deepEqual(logs.sort(), ['bridge:log:__keyevent@0__:set', 'bridge:log:__keyspace@0__:somebody:else']);
});
