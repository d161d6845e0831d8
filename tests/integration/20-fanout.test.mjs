// 20-fanout - one publishes, all receive: the same entries, in the same order, with the same ids, over every protocol.
import assert from 'node:assert/strict';
import { openSse } from '../lib/sse.mjs';
import { areIncreasing, numbers } from '../lib/position.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';
import { JSON_PROTOCOL, RAW_PROTOCOL, openWs } from '../lib/ws.mjs';
import { post } from '../lib/http.mjs';

// A dashboard listens to several channels on one connection and tells them apart by addEventListener(channel).
story('with several channels or a pattern, the event is named after the channel', async (scene) => {
  const { redis, bridge } = await scene.start();
  const several = await scene.listen(bridge, ['public:a', 'public:b']);
  const pattern = await scene.listen(bridge, 'public:*');
  const both = await scene.listen(bridge, ['public:a', 'public:*']);
  await redis.record('public:a', 'one', 'named');
  await redis.record('public:c', 'two');
  await redis.record('public:b', 'three');

  const heard = (stream) => stream.messages.map(({ event, data }) => [event, data]);
  const all = [['public:a', 'one'], ['public:c', 'two'], ['public:b', 'three']];
  await several.received(2);
  await pattern.received(3);
  await both.received(3);
  assert.deepEqual(heard(several), [all[0], all[2]]);
  assert.deepEqual(heard(pattern), all);
  assert.deepEqual(heard(both), all, 'a channel that is requested twice is delivered once');
  assert.deepEqual(pattern.messages.map(({ id }) => id), both.messages.map(({ id }) => id));
});

// A page listens to one channel: events that the publisher named reach addEventListener, unnamed ones reach onmessage.
story('with one channel, the event has the name that the publisher gave it', async (scene) => {
  const { redis, bridge } = await scene.start();
  const events = scene.eventSource(bridge, { channel: 'public:a', types: ['order.paid'] });
  await events.opened();
  await redis.record('public:a', '{"order":1}', 'order.paid');
  await redis.record('public:a', 'plain');
  await post(bridge, 'public:a', '{"order":2}', { event: 'order.paid' });
  await events.received(3);
  const heard = events.messages.map(({ type, data }) => [type, data]);
  assert.deepEqual(heard, [['order.paid', '{"order":1}'], ['message', 'plain'], ['order.paid', '{"order":2}']]);
});

// A page that wants channel, event and id in one object requests ?format=json and gets what WebSocket clients get.
story('?format=json gives onmessage the same object as a WebSocket', async (scene) => {
  const { redis, bridge } = await scene.start();
  const stream = await scene.listen(bridge, ['public:a', 'public:b'], { parameters: { format: 'json' } });
  const chat = await scene.speak(bridge, ['public:a', 'public:b']);
  const first = await redis.record('public:a', 'line one\nline two', 'note');
  const second = await redis.record('public:b', '{"x":"ä €"}');
  await stream.received(2);
  await chat.received(2);
  assert.deepEqual(stream.messages.map(({ event }) => event), ['message', 'message']);
  const objects = stream.payloads.map((data) => JSON.parse(data));
  assert.deepEqual(objects, chat.messages);
  assert.deepEqual(objects, [
    { type: 'message', channel: 'public:a', id: first, event: 'note', data: 'line one\nline two' },
    { type: 'message', channel: 'public:b', id: second, data: '{"x":"ä €"}' },
  ]);
  assert.deepEqual(stream.messages.map(({ id }) => id), [first, second]);
});

// A live show: many browsers on two instances, over both protocols.
story('every subscriber of every instance gets the same entries in the same order', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const streams = await Promise.all(Array.from({ length: 80 }, (_, i) => scene.listen(bridges[i % 2], 'public:show')));
  const chats = await Promise.all(Array.from({ length: 40 }, (_, i) => scene.speak(bridges[i % 2], 'public:show')));
  const said = numbers(1, 300);
  await redis.publishAll('public:show', said);

  const everyone = [...streams, ...chats];
  await Promise.all(everyone.map((one) => one.received(said.length, { deadline: 20_000 })));
  const ids = streams[0].messages.map(({ id }) => id);
  assert.ok(areIncreasing(ids));
  for (const one of everyone) {
    assertSameList(one.payloads, said, 'what one subscriber received');
    assertSameList(one.messages.map(({ id }) => id), ids, 'the ids');
  }
  for (const { parser } of streams) assert.deepEqual(parser.faults, []);
});

// Three instances receive the same PUBLISH. If each recorded it, browsers that reconnect would get it three times.
story('a plain PUBLISH is recorded once, however many instances receive it', async (scene) => {
  const { redis, bridges } = await scene.fleet(3);
  const stream = await scene.listen(bridges[0], 'public:once');
  const said = numbers(1, 200);
  await redis.publishAll('public:once', said);
  await stream.received(said.length);
  await redis.record('public:once', 'last');
  await stream.received(said.length + 1);
  assert.equal(await redis.call('XLEN', 'bridge:log:public:once'), said.length + 1);
  assertSameList(stream.payloads, [...said, 'last'], 'what was received');
});

// Plain PUBLISH is recorded whether or not a browser listens, so one that connects a minute later can still get it.
story('a plain PUBLISH is recorded even if no browser listens to its channel', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_CHANNELS: 'public:*,inner:*' });
  await redis.publish('inner:jobs', 'not for browsers, but kept');
  await redis.publish('public:early', 'before anyone came');
  const kept = (channel) => waitFor(async () => (await redis.call('EXISTS', `bridge:log:${channel}`)) === 1, { what: `the log of ${channel}` });
  await kept('inner:jobs');
  await kept('public:early');
  const late = await scene.listen(bridge, 'public:early', { parameters: { since: '0' } });
  assert.equal((await late.received(1))[0].data, 'before anyone came');
});

// Chat: backends that know nothing about the bridge receive what a browser publishes.
story('what a WebSocket client publishes reaches redis-cli SUBSCRIBE, and its ack has the id that SSE browsers see', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const backend = scene.own(await redis.cliSubscribe('public:chat'));
  const speaker = await scene.speak(bridges[0], 'public:chat');
  const listener = await scene.listen(bridges[1], 'public:chat');
  const other = await scene.speak(bridges[1], 'public:chat');

  const ack = await speaker.publish('public:chat', 'good morning');

  assert.equal(typeof ack.ref, 'number');
  const [event] = await listener.received(1);
  assert.deepEqual([event.data, event.id], ['good morning', ack.id]);
  const [message] = await other.received(1);
  assert.deepEqual(message, { type: 'message', channel: 'public:chat', id: ack.id, data: 'good morning' });
  assert.deepEqual(await speaker.received(1), [message], 'the publisher receives its own message, like everyone');
  await waitFor(() => backend.heard().length >= 1, { what: 'redis-cli SUBSCRIBE to receive it' });
  assert.deepEqual(backend.heard(), ['good morning']);

  const byPost = await post(bridges[0], 'public:chat', 'by post');
  await listener.received(2);
  assert.deepEqual([listener.messages[1].data, listener.messages[1].id], ['by post', byPost]);
  await waitFor(() => backend.heard().length >= 2, { what: 'redis-cli SUBSCRIBE to receive the POST' });
  assert.deepEqual(backend.heard(), ['good morning', 'by post']);
  assert.equal(await redis.call('XLEN', 'bridge:log:public:chat'), 2, 'the echo on the plain channel is not recorded again');
});

// A phone sends, loses the network before the ack, reconnects and sends again. The room must see it once.
story('a publish that repeats its key within two minutes is recorded once, whatever its connection and instance', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const listener = await scene.listen(bridges[1], 'public:chat');
  const phone = await scene.speak(bridges[0]);
  const first = await phone.publish('public:chat', 'pay 5', { key: 'k-1' });
  const again = await phone.publish('public:chat', 'pay 5', { key: 'k-1' });
  phone.cut();
  const back = await scene.speak(bridges[1]);
  const afterCut = await back.publish('public:chat', 'pay 5', { key: 'k-1' });
  const fresh = await back.publish('public:chat', 'pay 5', { key: 'k-2' });
  const bare = await back.publish('public:chat', 'pay 5');
  assert.equal(again.id, first.id);
  assert.equal(afterCut.id, first.id);
  assert.equal(new Set([first.id, fresh.id, bare.id]).size, 3);
  await listener.received(3);
  assert.deepEqual(listener.messages.map(({ id }) => id), [first.id, fresh.id, bare.id]);
  assert.equal(await redis.call('XLEN', 'bridge:log:public:chat'), 3);
});

// Payloads that are not text (an image, a protobuf).
story('bytes travel as binary frames of the JSON protocol, in both directions', async (scene) => {
  const { redis, bridge } = await scene.start();
  const speaker = await scene.speak(bridge, 'public:bin');
  const listener = await scene.speak(bridge, 'public:bin');
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

  const ack = await speaker.publish('public:bin', bytes);

  const [heard] = await listener.received(1);
  assert.deepEqual([heard.type, heard.channel, heard.id], ['binary', 'public:bin', ack.id]);
  assert.deepEqual(heard.bytes, bytes);
  await redis.publish('public:bin', bytes);
  await listener.received(2);
  assert.deepEqual(listener.messages[1].bytes, bytes);
  await speaker.publish('public:bin', Buffer.from('bytes that are text'));
  await listener.received(3);
  assert.deepEqual([listener.messages[2].type, listener.messages[2].data], ['message', 'bytes that are text']);
});

// bridge.v1.raw: frames are payloads and nothing else, for a terminal, a game, a tool without JSON.
story('the raw protocol carries payloads unchanged, text and binary, in both directions', async (scene) => {
  const { redis, bridge } = await scene.start();
  const backend = scene.own(await redis.cliSubscribe('public:raw'));
  const bySubprotocol = await scene.ws(bridge, { channel: 'public:raw', protocols: [RAW_PROTOCOL] });
  const byParameter = await scene.ws(bridge, { channel: 'public:raw', protocols: [], parameters: { format: 'raw' } });
  assert.equal(bySubprotocol.protocol, RAW_PROTOCOL);
  const json = await scene.speak(bridge, 'public:raw');
  // No frame tells a raw client that it is subscribed, so publish until each of them has received something.
  let probes = 0;
  await waitFor(
    async () => {
      await redis.record('public:raw', `probe ${++probes}`);
      return bySubprotocol.frames.length > 0 && byParameter.frames.length > 0;
    },
    { every: 50, what: 'the raw clients to receive something' },
  );
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  bySubprotocol.send('from raw');
  await json.frame((frame) => frame.data === 'from raw', { what: 'the raw text' });
  byParameter.send(bytes);
  await json.frame((frame) => frame.type === 'binary', { what: 'the raw bytes' });
  await redis.publish('public:raw', '{"type":"publish"}');

  const last = [[false, 'from raw'], [true, bytes.toString('latin1')], [false, '{"type":"publish"}']];
  for (const client of [bySubprotocol, byParameter]) {
    await client.frame((frame) => frame.bytes.toString() === '{"type":"publish"}', { what: 'the last raw payload' });
    assert.deepEqual(client.frames.slice(-3).map((frame) => [frame.isBinary, frame.bytes.toString('latin1')]), last);
  }
  await waitFor(() => backend.heard().includes('from raw'), { what: 'redis-cli SUBSCRIBE to receive what the raw client sent' });
});

// A future client offers a subprotocol that this server does not know. It gets a response, not a dropped connection.
story('subprotocols: a known one is chosen, none means JSON, only unknown ones are answered with 400', async (scene) => {
  const { bridge } = await scene.start();
  const refused = await openWs(bridge, { channel: 'public:a', protocols: ['bridge.v9.cbor', 'graphql-ws'] }).catch((error) => error);
  assert.equal(refused.status, 400, refused.message);
  assert.match(JSON.parse(refused.body).error.message, /bridge\.v1\.json/);
  const chosen = await scene.speak(bridge, 'public:a', { protocols: ['bridge.v9.cbor', JSON_PROTOCOL] });
  assert.equal(chosen.protocol, JSON_PROTOCOL);
  const bare = await scene.speak(bridge, 'public:a', { protocols: [] });
  assert.equal(bare.protocol, '');
});

// A page changes chat rooms without reconnecting.
story('frames subscribe to channels and patterns, and unsubscribe, on an open connection', async (scene) => {
  const { redis, bridge } = await scene.start();
  const client = await scene.speak(bridge);
  const hello = await client.hello();
  assert.ok(hello.heartbeat > 0);
  assert.equal(hello.max_payload, 65_536);
  assert.equal(typeof hello.connection, 'string');

  const joined = await client.subscribe('public:a');
  assert.deepEqual([joined.type, joined.channel], ['subscribed', 'public:a']);
  const pattern = await client.subscribe('public:b:*');
  assert.deepEqual([pattern.type, pattern.channel], ['subscribed', 'public:b:*']);
  await redis.record('public:a', '1');
  await redis.record('public:b:x', '2');
  await redis.record('public:c', 'not asked for');
  await client.received(2);

  client.send({ type: 'unsubscribe', channel: 'public:a', ref: 90 });
  await client.publish('public:d', 'a fence: frames are taken in order');
  await redis.record('public:a', 'not any more');
  await redis.record('public:b:y', '3');
  await client.received(3);
  assert.deepEqual(client.messages.map(({ channel, data }) => [channel, data]), [
    ['public:a', '1'],
    ['public:b:x', '2'],
    ['public:b:y', '3'],
  ]);
});

// A person opens twenty tabs and closes them again, all day long.
story('browsers that connect and disconnect do not disturb the others', async (scene) => {
  const { redis, bridge } = await scene.start();
  const stays = await scene.listen(bridge, 'public:a');
  const said = [];
  for (let round = 0; round < 10; round++) {
    const tabs = await Promise.all(Array.from({ length: 20 }, () => openSse(bridge, { channel: ['public:a', `public:${round}`] })));
    const talks = await Promise.all(Array.from({ length: 10 }, () => openWs(bridge, { channel: 'public:a' })));
    said.push(`round ${round}`);
    await redis.publish('public:a', said.at(-1));
    for (const one of [...tabs, ...talks]) one.cut();
  }
  await stays.received(said.length);
  assert.deepEqual(stays.payloads, said);
});
