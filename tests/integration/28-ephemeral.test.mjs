// 28-ephemeral - channels without history: mouse pointers on a canvas, game state. Live only, no ids, nothing stored.
import assert from 'node:assert/strict';
import { history, request } from '../lib/http.mjs';
import { story } from '../lib/story.mjs';

const ENV = { BRIDGE_EPHEMERAL: 'public:game:*' };

story('a message on an ephemeral channel arrives live, without an id, and is not stored', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, ENV);
  const stream = await scene.listen(bridges[0], 'public:game:1');
  const chat = await scene.speak(bridges[1], 'public:game:1');
  await redis.publish('public:game:1', 'from a backend');
  await stream.received(1);
  await chat.received(1);
  const ack = await chat.publish('public:game:1', 'from a browser');
  assert.equal(ack.id ?? null, null);
  await stream.received(2);
  await chat.received(2);
  const posted = await request(bridges[0], '/publish?channel=public:game:1', { method: 'POST', body: 'posted' });
  assert.deepEqual([posted.status, posted.json()], [200, { id: null }]);
  await stream.received(3);
  assert.deepEqual(stream.payloads, ['from a backend', 'from a browser', 'posted']);
  for (const block of stream.blocks.filter(({ event }) => event === 'message'))
    assert.ok(!block.fields.some(([name]) => name === 'id'), 'no id');
  for (const message of chat.messages) assert.equal(message.id, undefined);
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:game:1'), 0);
  assert.deepEqual((await history(bridges[0], 'public:game:1')).entries, []);
});

// One connection for a chat and the mouse pointers of its users: the chat resumes, the mouse pointers are live only.
story('a connection with an ephemeral channel and one with history resumes the one with history', async (scene) => {
  const { redis, bridge } = await scene.start(ENV);
  const first = await scene.listen(bridge, ['public:chat', 'public:game:1']);
  await redis.record('public:chat', 'one');
  await redis.publish('public:game:1', 'x=1');
  await first.received(2);
  first.close();
  await redis.record('public:chat', 'two');
  await redis.publish('public:game:1', 'x=2');
  const second = await scene.listen(bridge, ['public:chat', 'public:game:1'], { lastEventId: first.lastEventId });
  await second.received(1);
  await redis.publish('public:game:1', 'x=3');
  await second.received(2);
  assert.deepEqual(second.payloads, ['two', 'x=3']);
});
