// 58-redis-keys - somebody deletes one of the bridge's own keys, while messages are published: nothing stays broken, and
// what is lost is told.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openPublisher } from '../lib/publisher.mjs';
import { Resp } from '../lib/resp.mjs';
import { settled } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

const KEYS = ['position', 'genesis', 'lost', 'channels', 'channels:since', 'era', 'recorder', 'recorder:standby', 'recorder:members',
  'inbox', 'inbox:position', 'inbox:rejected', 'log:public:a'];

const isGap = ({ event }) => event === 'gap';

// Every number arrives once and in order; where some are missing, a gap is told between. A browser that comes back is told first
// of all that it may miss.
function assertToldOrDelivered(stream, publisher, from, { isBack = false } = {}) {
  let expected = from;
  let gap = false;
  for (const block of stream.blocks) {
    if (isGap(block)) gap = true;
    const number = publisher.numberOf(block.data ?? '');
    if (number === undefined || number < from) continue;
    assert.ok(number >= expected, `${number} after ${expected - 1}: twice, or out of order`);
    assert.ok(number === expected || gap, `${expected} to ${number - 1} are missing, and no gap tells it`);
    expected = number + 1;
    gap = gap && isBack;
  }
  assert.ok(expected > publisher.count || gap, `the last is ${expected - 1} of ${publisher.count}, and no gap tells it`);
}

for (const key of KEYS) {
  story(`DEL bridge:${key} while messages are published: nothing stays broken, and a loss is told`, async (scene) => {
    const { redis, bridges } = await scene.fleet(2);
    await settled(redis, bridges);
    const streams = [await scene.listen(bridges[0], 'public:a'), await scene.listen(bridges[1], 'public:*')];
    const publisher = scene.own(await openPublisher(redis, ['public:a'], { each: 2 }));
    let first, lastEventId;
    await publisher.sayDuring(async () => {
      await streams[1].received(100);
      lastEventId = streams[1].lastEventId;
      first = publisher.numberOf(streams[1].payloads.at(-1)) + 1;
      await redis.call('FCALL', 'bridge_publish', 1, 'public:other', 'of another channel');
      await redis.call('DEL', `bridge:${key}`);
      const deleted = publisher.count;
      const isAgain = (data) => publisher.numberOf(data) > deleted + 400;
      await waitFor(() => streams.every(({ payloads }) => payloads.some(isAgain)),
        { deadline: 15_000, what: 'plain messages to arrive again' });
    });
    for (const bridge of bridges) await bridge.ready();
    const last = publisher.payload(publisher.count);
    for (const stream of streams) {
      await stream.block(({ data }) => data === last);
      assertToldOrDelivered(stream, publisher, 1);
      assert.equal(stream.ended, undefined);
    }
    // A browser that comes back with an id from before gets everything, or a gap.
    for (const channel of ['public:a', 'public:*']) {
      const back = await scene.sse(bridges[0], { channel, lastEventId });
      await back.block(({ data }) => data === last);
      assertToldOrDelivered(back, publisher, first, { isBack: true });
      if (channel === 'public:*') assert.ok(back.gaps.length || back.payloads.includes('of another channel'), 'the other channel');
    }
  });
}

// The same while it is quiet: nobody publishes before the browser is back.
story('DEL bridge:channels while it is quiet: a browser that comes back with a pattern gets a gap', async (scene) => {
  const { redis, bridge } = await scene.start();
  const lastEventId = await redis.record('public:a', 'seen');
  const missed = await redis.record('public:a', 'missed');
  await redis.call('DEL', 'bridge:channels');
  const back = await scene.sse(bridge, { channel: 'public:*', lastEventId });
  await back.block(isGap);
  assert.deepEqual(back.gaps.map(({ reason }) => reason), ['expired']);
  const exact = await scene.sse(bridge, { channel: 'public:a', lastEventId });
  await exact.received(1);
  assert.deepEqual([exact.messages[0].id, exact.gaps], [missed, []]);
  const again = await scene.sse(bridge, { channel: 'public:*', lastEventId: missed });
  await redis.record('public:b', 'live');
  await again.received(1);
  assert.deepEqual(again.gaps, []);
});

// The users of deploy/redis-acl.conf may publish on channels that are new, and notice that the index was deleted.
story('the backend users of deploy/redis-acl.conf can publish, also after DEL bridge:channels', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const conf = readFileSync(new URL('../../deploy/redis-acl.conf', import.meta.url), 'utf8');
  const users = [...conf.matchAll(/^# +user backend on >its-password (.*)$/gm)].map(([, rights]) => rights.split(' '));
  assert.equal(users.length, 2);
  for (const [i, rights] of users.entries()) await redis.call('ACL', 'SETUSER', `backend${i}`, 'reset', 'on', '>x', ...rights);
  const as = async (user, ...words) => {
    const client = await Resp.connect(redis.port);
    await client.call('AUTH', user, 'x');
    return client.call(...words).finally(() => client.close());
  };
  const stream = await scene.listen(bridges[0], 'public:*');
  await as('backend0', 'PUBLISH', 'public:plain', 'plain');
  await stream.received(1);
  const lastEventId = await as('backend1', 'FCALL', 'bridge_publish', 1, 'public:new', 'durable');
  await redis.record('public:a', 'missed');
  await redis.call('DEL', 'bridge:channels');
  await as('backend1', 'FCALL', 'bridge_publish', 1, 'public:newer', 'durable, too');
  const back = await scene.sse(bridges[1], { channel: 'public:*', lastEventId });
  await back.block(isGap);
  await back.received(1);
  assert.deepEqual(await redis.call('ACL', 'LOG'), []);
});
