// 22-websocket - the protocol page on WebSocket: frames both ways, binary frames, raw.
import assert from 'node:assert/strict';
import { post } from '../lib/http.mjs';
import { holdsFor, waitFor } from '../lib/wait.mjs';
import { openWs, RAW_PROTOCOL } from '../lib/ws.mjs';
import { prove } from './prove.mjs';

const ENV = { BRIDGE_HEARTBEAT: '500ms', BRIDGE_EPHEMERAL: 'public:live', BRIDGE_WORKERS: '1', BRIDGE_MAX_PAYLOAD: '1000' };
const BYTES = Buffer.from([0xff, 0x00, 0x0a]);
const membersOf = (frame) => Object.keys(frame).filter((name) => name !== 'type');

async function answered(client, frame, type, members) {
  const answer = await client.ask(frame);
  assert.equal(answer.type, type, JSON.stringify(answer));
  assert.deepEqual(membersOf(answer), members);
  return answer;
}

prove('bridge/web/README.md', 'WebSocket', (scene) => scene.start(ENV), {
  subscribe: async ({ bridge, redis }, scene) => {
    const first = await redis.record('public:s', '1');
    await redis.record('public:s', '2');
    const client = await scene.ws(bridge);
    await answered(client, { type: 'subscribe', channel: 'public:s', after: first, ref: 'text ref' }, 'subscribed', ['channel', 'id', 'ref']);
    assert.deepEqual(client.payloads, ['2']);
    const all = await scene.ws(bridge);
    await answered(all, { type: 'subscribe', channel: 'public:s', after: '0', replay: 1 }, 'subscribed', ['channel', 'id', 'ref']);
    assert.deepEqual(all.payloads, ['1', '2']);
    const other = await scene.ws(bridge);
    assert.equal((await answered(other, { type: 'subscribe', channel: 'public:s*', replay: 1, ref: 7 }, 'subscribed', ['channel', 'id', 'ref'])).channel, 'public:s*');
    assert.equal(other.messages[0].channel, 'public:s');
    assert.deepEqual(other.payloads, ['2']);
    assert.equal((await other.ask({ type: 'subscribe', channel: 'private' })).code, 'forbidden');
  },
  unsubscribe: async ({ bridge }, scene) => {
    const client = await scene.speak(bridge, 'public:a');
    await answered(client, { type: 'unsubscribe', channel: 'public:a' }, 'unsubscribed', ['channel', 'ref']);
    client.send({ type: 'subscribe', channel: 'public:a' });
    await client.frame((frame) => frame.type === 'subscribed' && !('ref' in frame));
    await client.ask({ type: 'unsubscribe', channel: 'public:a' });
    assert.equal((await client.ask({ type: 'unsubscribe', channel: 'public:a' })).code, 'not_subscribed');
  },
  publish: async ({ bridge, redis }, scene) => {
    const client = await scene.ws(bridge);
    const { id } = await answered(client, { type: 'publish', channel: 'public:p', data: 'x', event: 'e', key: 'k' }, 'ack', ['ref', 'id']);
    assert.equal((await client.publish('public:p', 'x', { key: 'k' })).id, id);
    assert.equal((await redis.entries(['public:p'])).length, 1);
    assert.equal((await client.ask({ type: 'publish', channel: 'public:p', data: 1 })).code, 'bad_frame');
    assert.equal((await client.ask({ type: 'publish', channel: 'public:p', data: 'x', event: 'gap' })).code, 'bad_frame');
  },
  pong: async ({ bridge }, scene) => {
    const client = await scene.ws(bridge, { pong: false });
    client.send({ type: 'pong' });
    await client.publish('public:a', 'still there');
    assert.ok(client.frames.every(({ type }) => type !== 'error'));
  },
  hello: async ({ bridge }, scene) => {
    const client = await scene.ws(bridge);
    const hello = await client.hello();
    assert.deepEqual(client.frames[0], hello);
    assert.deepEqual(membersOf(hello), ['cursor', 'heartbeat', 'max_payload', 'connection']);
    assert.deepEqual([hello.cursor, hello.heartbeat, hello.max_payload], [null, 500, 1000]);
    assert.match((await (await scene.speak(bridge, 'public:a')).hello()).cursor, /^\d+-\d+$/);
  },
  message: async ({ bridge, redis }, scene) => {
    const client = await scene.speak(bridge, ['public:a', 'public:live']);
    await post(bridge, 'public:a', 'x');
    await post(bridge, 'public:a', 'x', { event: 'e' });
    await client.received(2); // recorded and ephemeral messages have no order among each other
    await redis.call('PUBLISH', 'public:live', 'x');
    await client.received(3);
    assert.deepEqual(client.messages.map(membersOf), [['channel', 'id', 'data'], ['channel', 'id', 'data', 'event'], ['channel', 'data']]);
  },
  subscribed: async ({ bridge }, scene) => {
    const client = await scene.speak(bridge, ['public:a', 'public:b']);
    assert.deepEqual(membersOf(await client.subscribed('public:b')), ['channel', 'id']);
  },
  unsubscribed: async ({ bridge, redis }, scene) => {
    const client = await scene.speak(bridge, ['public:a', 'public:b']);
    await client.ask({ type: 'unsubscribe', channel: 'public:a' });
    await redis.record('public:a', 'not for it');
    await redis.record('public:b', 'for it');
    await client.received(1);
    assert.deepEqual(client.payloads, ['for it']);
  },
  ack: async ({ bridge }, scene) => {
    const client = await scene.ws(bridge);
    assert.match((await client.publish('public:a', 'x')).id, /^\d+-\d+$/);
    assert.equal((await client.publish('public:live', 'x')).id, null);
  },
  cursor: async ({ bridge, redis }, scene) => {
    const client = await scene.speak(bridge, 'public:quiet');
    const id = await redis.record('public:a', 'elsewhere');
    await client.frame((frame) => frame.type === 'cursor' && frame.id === id);
  },
  gap: async ({ bridge }, scene) => {
    const client = await scene.ws(bridge, { channel: 'public:a*', parameters: { last_event_id: '99999999999999-0' } });
    const gap = await client.frame(({ type }) => type === 'gap');
    assert.deepEqual(membersOf(gap), ['channel', 'after', 'oldest', 'reason', 'id']);
    assert.equal(gap.channel, 'public:a*');
  },
  error: async ({ bridge }, scene) => {
    const client = await scene.ws(bridge);
    assert.deepEqual(membersOf(await client.ask({ type: 'publish', channel: 'private', data: 'x' })), ['ref', 'code', 'message']);
    await client.publish('public:a', 'it goes on');
  },
  ping: async ({ bridge }, scene) => {
    const client = await scene.speak(bridge, 'public:quiet');
    await client.frame(({ type }) => type === 'ping');
  },
  'server to client': async ({ bridge, redis }, scene) => {
    const frames = [];
    const client = await scene.speak(bridge, 'public:b1');
    client.socket.on('message', (bytes, isBinary) => isBinary && frames.push(bytes));
    await post(bridge, 'public:b1', BYTES);
    await waitFor(() => frames.length > 0, { what: 'a binary frame' });
    const [{ id }] = await redis.entries(['public:b1']);
    assert.deepEqual(frames[0], Buffer.concat([Buffer.from(`message public:b1 ${id}\n`), BYTES]));
  },
  'client to server': async ({ bridge, redis }, scene) => {
    const client = await scene.ws(bridge);
    client.send(Buffer.from('publish public:with a space word\nx'));
    await client.frame(({ type, ref }) => type === 'ack' && ref === 'word');
    client.send(Buffer.from('publish public:b2 \nno ref'));
    await client.frame((frame) => frame.type === 'ack' && !('ref' in frame));
    await client.publish('public:b3', Buffer.from('digits'));
    assert.equal(typeof client.frames.at(-1).ref, 'number');
    assert.equal((await redis.entries(['public:with a space'])).length, 1);
    await client.publish('public:b2', Buffer.from('text or not'));
    assert.deepEqual((await redis.entries(['public:b2'])).map(({ data }) => data), ['no ref', 'text or not']);
  },
  'A WebSocket may begin without a channel': async ({ bridge, redis }, scene) => {
    const defaults = await scene.bridge({ redis, env: { ...ENV, BRIDGE_DEFAULT_CHANNELS: 'public:d' } });
    await (await scene.ws(defaults)).subscribed('public:d');
    const client = await scene.ws(bridge, { protocols: [] });
    await client.subscribe('public:later');
    await redis.record('public:later', 'x');
    await client.received(1);
  },
  'To resume': async ({ bridge, redis }, scene) => {
    const client = await scene.speak(bridge, ['public:a', 'public:b']);
    const hello = await client.hello();
    client.cut();
    await redis.record('public:b', 'missed');
    const again = await scene.ws(bridge, { channel: ['public:a', 'public:b'], parameters: { last_event_id: hello.cursor } });
    await again.received(1);
    assert.equal(again.payloads[0], 'missed');
  },
  // The connection ends while `late` still catches up: whoever names it in the URL, with an id of `live`, skips its backlog;
  // whoever repeats the subscribe does not.
  'A channel that was added by subscribe is covered by ids only from its subscribed frame on.': async ({ bridge, redis }, scene) => {
    const after = await redis.record('public:late', 'seen');
    for (let i = 0; i < 5; i++) await redis.record('public:late', `missed ${i}`);
    const client = await scene.speak(bridge, 'public:lively');
    const live = await redis.record('public:lively', 'x');
    await client.frame((frame) => frame.type === 'message' && frame.id === live);
    client.cut();
    const wrong = await scene.ws(bridge, { channel: ['public:lively', 'public:late'], parameters: { last_event_id: live } });
    await wrong.subscribed('public:late');
    assert.deepEqual(wrong.payloads, []);
    const right = await scene.ws(bridge, { channel: 'public:lively', parameters: { last_event_id: live } });
    await right.subscribe('public:late', after);
    assert.equal(right.payloads.length, 5);
    const done = await scene.ws(bridge, { channel: ['public:lively', 'public:late'], parameters: { last_event_id: right.frames.at(-1).id } });
    await done.subscribed('public:late');
    assert.deepEqual(done.payloads, []);
  },
  // A pong once, then silence: a page that hangs. Its WebSocket library still answers the server's pings. One that answers
  // each ping stays, also where messages never stop, and so there is no silence that a ping would end.
  'ping needs no answer.': async ({ bridge, redis }, scene) => {
    const silent = await scene.speak(bridge, 'public:quiet', { pong: false });
    const busy = await scene.speak(bridge, 'public:busy');
    busy.send({ type: 'pong' });
    const hangs = await scene.speak(bridge, 'public:quiet', { pong: false });
    hangs.send({ type: 'pong' });
    await waitFor(async () => {
      await redis.call('PUBLISH', 'public:busy', 'x');
      return hangs.closed;
    }, { deadline: 20_000, every: 100, what: 'the silent client to be closed' });
    assert.equal(hangs.closed.code, 4408);
    for (const client of [silent, busy]) await client.publish('public:a', 'still there');
  },
  'To publish safely': async ({ bridge, redis }, scene) => {
    const frame = { type: 'publish', channel: 'public:safe', data: 'x', key: 'a key' };
    const client = await scene.ws(bridge);
    const { id } = await client.ask(frame);
    client.cut();
    assert.equal((await (await scene.ws(bridge)).ask(frame)).id, id);
    assert.equal((await redis.entries(['public:safe'])).length, 1);
  },
  'A publisher that is subscribed gets its own message too': async ({ bridge }, scene) => {
    const client = await scene.speak(bridge, 'public:a');
    const { id } = await client.publish('public:a', 'mine');
    await client.frame((frame) => frame.type === 'message' && frame.id === id);
  },
  'A refused frame does not end the connection': async ({ bridge }, scene) => {
    for (const [size, isEnough] of [[6 * 1000 + 4096, false], [6 * 1000 + 4097, true]]) {
      const large = await scene.ws(bridge);
      large.send('x'.repeat(size));
      if (isEnough) assert.equal((await large.end()).code, 1009);
      else await large.frame(({ code }) => code === 'bad_frame');
    }
    const bytes = await scene.ws(bridge);
    bytes.send(Buffer.alloc(1000 + 4097));
    assert.equal((await bytes.end()).code, 1009);
    const client = await scene.ws(bridge);
    for (let i = 0; i < 9; i++) client.send('no JSON');
    await client.publish('public:a', 'still there');
    client.send('no JSON');
    assert.deepEqual(await client.end(), { code: 1008, reason: 'too many malformed frames' });
  },
  'A channel that is refused in the URL': async ({ bridge }, scene) => {
    const client = await scene.ws(bridge, { channel: 'private' });
    const { code, reason } = await client.end();
    assert.equal(code, 4403);
    assert.equal(reason, 'channel "private" is not open for listening (BRIDGE_SUBSCRIBE)');
    assert.deepEqual(client.frames.map(({ type, message }) => [type, message]), [['error', reason]]);
  },
  // What it sends stays in the socket, and its memory is the client's own.
  'The server stops reading from a client that does not read': async ({ bridge }, scene) => {
    const client = await scene.ws(bridge);
    await client.hello();
    client.pause();
    const text = JSON.stringify({ type: 'publish', channel: 'private', data: 'x'.repeat(900), ref: 'r'.repeat(64) });
    let sent = 0;
    await waitFor(() => {
      for (let i = 0; i < 2000; i++, sent++) client.socket.send(text);
      return client.socket.bufferedAmount > 4_000_000;
    }, { deadline: 30_000, what: 'the server to stop reading' });
    await holdsFor(3000, () => assert.ok(client.socket.bufferedAmount > 0, 'the server has read it all'));
    client.resume();
    await waitFor(() => client.frames.length > sent, { deadline: 40_000, what: 'an answer to each' });
  },
}, { timeout: 150_000 });

const raw = (bridge, options) => openWs(bridge, { protocols: [RAW_PROTOCOL], ...options });

prove('bridge/web/README.md', 'WebSocket, raw', (scene) => scene.start(ENV), {
  channels: async ({ bridge }, scene) => {
    for (const channel of [undefined, ['public:a', 'public:b'], 'public:*'])
      assert.equal((await scene.own(await raw(bridge, { channel })).end()).code, 1008);
  },
  'server to client': async ({ bridge }, scene) => {
    const client = scene.own(await raw(bridge, { channel: 'public:a', parameters: { since: 0 } }));
    await post(bridge, 'public:a', 'text');
    await post(bridge, 'public:a', BYTES);
    await waitFor(() => client.frames.length === 2);
    assert.deepEqual(client.frames, [{ isBinary: false, bytes: Buffer.from('text') }, { isBinary: true, bytes: BYTES }]);
  },
  'client to server': async ({ bridge, redis }, scene) => {
    const client = scene.own(await raw(bridge, { channel: 'public:r' }));
    client.send('said');
    await waitFor(async () => (await redis.entries(['public:r']))[0]?.data === 'said');
  },
  'not available': async ({ bridge, redis }, scene) => {
    const client = scene.own(await raw(bridge, { channel: 'public:n', parameters: { last_event_id: '99999999999999-0' } }));
    await waitFor(async () => {
      await redis.record('public:n', 'x');
      return client.frames.length > 0;
    });
    assert.ok(client.frames.every(({ bytes }) => bytes.toString() === 'x'), 'no gap, no hello');
  },
  "a message that can't be published": async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { ...ENV, BRIDGE_PUBLISH: 'public:a' } });
    const closedAfter = async (channel, payload) => {
      const client = scene.own(await raw(bridge, { channel }));
      client.send(payload);
      return (await client.end()).code;
    };
    assert.equal(await closedAfter('public:closed', 'x'), 4403);
    assert.equal(await closedAfter('public:a', 'x'.repeat(1001)), 1009);
    await redis.call('CONFIG', 'SET', 'maxmemory', '1');
    assert.equal(await closedAfter('public:a', 'x'), 1013);
    await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  },
});
