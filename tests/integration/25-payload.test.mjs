// 25-payload - payloads arrive unchanged: any bytes, any length up to the maximum, by every way in and every way out.
import assert from 'node:assert/strict';
import { history, post, query, recorded, request } from '../lib/http.mjs';
import { metric } from '../lib/metrics.mjs';
import { Resp } from '../lib/resp.mjs';
import { asEventData } from '../lib/sse.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';
import { RAW_PROTOCOL } from '../lib/ws.mjs';

const MAX = 65_536;

const TEXTS = {
  'a word': 'hello',
  empty: '',
  'one space': ' ',
  'leading spaces': '  indented',
  'trailing spaces': 'x  ',
  LF: 'one\ntwo',
  CR: 'one\rtwo',
  CRLF: 'one\r\ntwo',
  'every kind of line break': '\na\r\rb\n\nc\r\n\r\nd\n\re\r',
  'only LF': '\n',
  'only CR': '\r',
  'only CRLF': '\r\n',
  'two blank lines': '\n\n',
  NUL: 'a\0b',
  'only NUL': '\0',
  'control characters': '\x01\x02\x07\x08\x0b\x0c\x1b\x1f\x7f\x85',
  'text that looks like fields': 'data: x\nid: 99999999999999-0\nevent: gap\nretry: 1\n: comment\n\ndata: y',
  'text that looks like an id': 'id: 5-5',
  'text that looks like a frame': '{"type":"message","channel":"public:x","id":"1-1","data":"no"}',
  'text that looks like a Redis command': '*1\r\n$8\r\nFLUSHALL\r\n',
  'quotes and backslashes': '"\\"\\\\ \' </script> \u2028\u2029',
  'a byte order mark': '\uFEFFhello',
  'characters of two, three and four bytes': 'ä€😀𝕏\u{10FFFF}',
  'the maximum': 'x'.repeat(MAX),
  'the maximum, all CRLF': '\r\n'.repeat(MAX / 2),
  'the maximum, all LF': '\n'.repeat(MAX),
  'the maximum, all quotes': '"'.repeat(MAX),
  'the maximum, four bytes a character': '😀'.repeat(MAX / 4),
  'the maximum, all NUL': '\0'.repeat(MAX),
};

const BYTES = {
  'one stray byte': Buffer.from([0xff]),
  'Latin-1': Buffer.from('Grüße', 'latin1'),
  'half a character': Buffer.from('😀').subarray(0, 3),
  'a surrogate': Buffer.from([0xed, 0xa0, 0x80]),
  'an overlong NUL': Buffer.from([0xc0, 0x80]),
  'all bytes': Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
  'line breaks among bytes': Buffer.from([0xff, 10, 13, 10, 0xfe]),
  'the maximum of bytes': Buffer.alloc(MAX, 0x80),
};

const all = [...Object.entries(TEXTS), ...Object.entries(BYTES)].map(([name, payload]) => ({
  name,
  bytes: Buffer.from(payload),
  text: typeof payload === 'string' ? payload : undefined,
}));

// A payload for a failure message, shortened so that it stays readable.
function brief(payload) {
  const text = Buffer.isBuffer(payload) ? `bytes ${payload.toString('hex')}` : JSON.stringify(payload);
  return text.length > 200 ? `${text.slice(0, 100)}…${text.length}…${text.slice(-60)}` : text;
}

function same(actual, expected, what) {
  const isSame = Buffer.isBuffer(expected) ? Buffer.isBuffer(actual) && actual.equals(expected) : actual === expected;
  if (!isSame) assert.fail(`${what}: got ${brief(actual ?? null)}, expected ${brief(expected)}`);
}

// Publishes every payload with `say`, and checks what comes out over each protocol and in /history.
async function everyWayOut(scene, bridge, say) {
  const stream = await scene.listen(bridge, 'public:payload');
  const asObjects = await scene.listen(bridge, 'public:payload', { parameters: { format: 'json' } });
  const events = scene.eventSource(bridge, { channel: 'public:payload', types: ['message;base64'] });
  await events.opened();
  const chat = await scene.speak(bridge, 'public:payload');
  const raw = await scene.ws(bridge, { channel: 'public:payload', protocols: [RAW_PROTOCOL] });
  await waitFor(
    async () => {
      await say(Buffer.from('probe'), 'probe');
      return raw.frames.length > 0;
    },
    { every: 50, what: 'the raw client to receive something' },
  );
  for (const { bytes, text } of all) await say(bytes, text);
  await say(Buffer.from('end'), 'end');

  const isEnd = (frame) => frame.data === 'end' || frame.bytes?.toString() === 'end';
  await chat.frame(isEnd, { deadline: 20_000, what: 'the end on the WebSocket' });
  await raw.frame(isEnd, { deadline: 20_000, what: 'the end on the raw WebSocket' });
  await stream.block(isEnd, { deadline: 20_000, what: 'the end on SSE' });
  await asObjects.block((block) => block.data?.includes('"data":"end"') || isEnd(block), { deadline: 20_000, what: 'the end on SSE as JSON' });
  await waitFor(() => events.messages.find(isEnd), { deadline: 20_000, what: 'the end on the eventsource package' });

  const kept = [];
  for (let after = '0-0', more = true; more; ) {
    const page = await history(bridge, 'public:payload', { after, limit: 10 });
    kept.push(...page.entries);
    ({ cursor: after, more } = page);
  }
  const last = (list) => list.slice(-all.length - 1, -1);
  const ids = last(chat.messages).map(({ id }) => id);
  assert.deepEqual(last(stream.messages).map(({ id }) => id), ids);
  assert.deepEqual(last(kept).map(({ id }) => id), ids);
  assert.deepEqual(stream.parser.faults, []);
  assert.deepEqual(asObjects.parser.faults, []);

  all.forEach(({ name, bytes, text }, i) => {
    const isText = text !== undefined;
    for (const [how, event] of [['SSE', last(stream.messages)[i]], ['eventsource', last(events.messages)[i]]]) {
      assert.equal(event.event ?? event.type, isText ? 'message' : 'message;base64', `${name} over ${how}`);
      if (isText) same(event.data, asEventData(text), `${name} over ${how}`);
      else same(Buffer.from(event.data, 'base64'), bytes, `${name} over ${how}`);
    }
    const message = last(chat.messages)[i];
    assert.equal(message.type, isText ? 'message' : 'binary', `${name} over WebSocket`);
    same(isText ? message.data : message.bytes, isText ? text : bytes, `${name} over WebSocket`);
    const frame = last(raw.frames)[i];
    assert.equal(frame.isBinary, !isText, `${name} over raw WebSocket`);
    same(frame.bytes, bytes, `${name} over raw WebSocket`);
    const entry = last(kept)[i];
    assert.equal(entry.encoding, isText ? undefined : 'base64', `${name} in /history`);
    same(isText ? entry.data : Buffer.from(entry.data, 'base64'), isText ? text : bytes, `${name} in /history`);
    if (isText) assert.deepEqual(JSON.parse(last(asObjects.messages)[i].data), message, `${name} over SSE as JSON`);
  });
}

// A backend publishes whatever it has.
story('every payload of a plain PUBLISH arrives intact over every protocol and in /history', async (scene) => {
  const { redis, bridge } = await scene.start();
  await everyWayOut(scene, bridge, (bytes) => redis.publish('public:payload', bytes));
});

story('every payload that is POSTed arrives intact over every protocol and in /history', async (scene) => {
  const { bridge } = await scene.start();
  await everyWayOut(scene, bridge, (bytes) => post(bridge, 'public:payload', bytes));
});

// JSON frames for text (however long JSON makes it), binary frames for bytes.
story('every payload that is published over WebSocket arrives intact over every protocol and in /history', async (scene) => {
  const { bridge } = await scene.start();
  const speaker = await scene.speak(bridge);
  await everyWayOut(scene, bridge, (bytes, text) => speaker.publish('public:payload', text ?? bytes));
});

// A named event keeps its name, with a suffix, if its payload is not text, so that a page can listen for it.
story('over SSE, the event name of a binary payload gets the suffix ;base64', async (scene) => {
  const { redis, bridge } = await scene.start();
  const one = await scene.listen(bridge, 'public:shots');
  const several = await scene.listen(bridge, ['public:shots', 'public:other']);
  await redis.record('public:shots', Buffer.from([0xff, 0xd8]), 'shot');
  const [named] = await one.received(1);
  assert.deepEqual([named.event, named.data], ['shot;base64', '/9g=']);
  const [byChannel] = await several.received(1);
  assert.deepEqual([byChannel.event, byChannel.data], ['public:shots;base64', '/9g=']);
});

// A payload that is one byte too long is refused with a clear error, and a WebSocket stays open.
story('one byte over the maximum is refused: 413 over HTTP, an error frame over WebSocket', async (scene) => {
  const { redis, bridge } = await scene.start();
  const listener = await scene.listen(bridge, 'public:big');
  const tooLong = 'x'.repeat(MAX + 1);

  for (const chunked of [false, true]) {
    const answer = await request(bridge, '/publish' + query('public:big'), { method: 'POST', body: tooLong, chunked });
    assert.equal(answer.status, chunked ? 411 : 413, `chunked: ${chunked}`);
    assert.equal(answer.json().error.code, chunked ? 'length_required' : 'too_large');
  }
  const speaker = await scene.speak(bridge);
  const refused = await speaker.ask({ type: 'publish', channel: 'public:big', data: tooLong });
  assert.deepEqual([refused.type, refused.code], ['error', 'too_large']);
  speaker.send(Buffer.concat([Buffer.from('publish public:big 77\n'), Buffer.alloc(MAX + 1, 0xff)]));
  const binary = await speaker.frame((frame) => Number(frame.ref) === 77, { what: 'an answer to the binary publish' });
  assert.deepEqual([binary.type, binary.code], ['error', 'too_large']);
  await speaker.publish('public:big', 'just right');

  await listener.received(1);
  assert.deepEqual(listener.payloads, ['just right']);
  assert.equal(await redis.call('XLEN', 'bridge:log:public:big'), 1);
});

// A frame that is larger than any legal message is not even read to its end.
story('a WebSocket frame far over the maximum closes the connection with 1009, and so does a raw frame one byte over it', async (scene) => {
  const { bridge } = await scene.start();
  const listener = await scene.listen(bridge, 'public:big');
  const json = await scene.speak(bridge);
  json.send({ type: 'publish', channel: 'public:big', data: 'x'.repeat(1024 * 1024) });
  const closed = await json.end();
  assert.equal(closed.code, 1009);
  assert.notEqual(closed.reason, '');
  const raw = await scene.ws(bridge, { channel: 'public:big', protocols: [RAW_PROTOCOL] });
  raw.send('x'.repeat(MAX + 1));
  assert.equal((await raw.end()).code, 1009);
  await post(bridge, 'public:big', 'others live');
  await listener.received(1);
  assert.deepEqual(listener.payloads, ['others live']);
});

// A plain PUBLISH can't be answered with an error. If it is too large it is not delivered; the log of the program tells why, and
// those who listen, and those who resume, are told that something is missing, and where.
story('a plain PUBLISH over the maximum is a gap "too_big" in its place, by every way out', async (scene) => {
  const { redis, bridge } = await scene.start();
  const channel = 'public:big';
  const plain = await scene.listen(bridge, channel);
  const named = await scene.listen(bridge, [channel, 'public:b*']);
  const json = await scene.listen(bridge, channel, { parameters: { format: 'json' } });
  const chat = await scene.speak(bridge, channel);
  const raw = await scene.ws(bridge, { channel, protocols: [RAW_PROTOCOL] });
  const events = scene.eventSource(bridge, { channel });
  const first = await redis.record(channel, 'first');
  for (const one of [plain, named, json, chat, events]) await one.received(1);
  for (const count of [1, 2]) {
    await redis.publish(channel, 'x'.repeat(MAX + 1));
    await bridge.said(new RegExp(`public:big.*65537.*refused=${count}`));
  }
  await redis.publish(channel, 'next');
  const live = [plain, named, json, chat];
  for (const one of live) await one.received(2);
  await events.received(2);
  await waitFor(() => raw.frames.length === 2, { what: 'two frames' });
  assert.deepEqual(raw.frames.map(({ bytes }) => bytes.toString()), ['first', 'next'], 'raw streams stay silent');
  const ids = (await redis.call('XRANGE', `bridge:log:${channel}`, '-', '+')).map(([id]) => id);
  assert.equal(ids.length, 4);
  const gaps = [1, 2].map((i) => ({ channel, after: ids[i - 1], oldest: ids[i], reason: 'too_big' }));
  for (const one of [plain, named, json, events]) assert.deepEqual(one.gaps, gaps);
  assert.deepEqual(chat.gaps, gaps.map((gap, i) => ({ type: 'gap', ...gap, id: ids[i + 1] })));
  assert.deepEqual(plain.blocks.filter(({ event }) => event === 'gap').map(({ id }) => id), ids.slice(1, 3));
  assert.deepEqual(plain.blocks.filter(({ id }) => ids.includes(id)).map(({ event }) => event), ['message', 'gap', 'gap', 'message']);

  // Those who resume are told the same; and markers count as entries.
  const resumed = await scene.listen(bridge, channel, { lastEventId: first });
  await resumed.received(1);
  assert.deepEqual([resumed.payloads, resumed.gaps], [['next'], gaps]);
  const within = await scene.listen(bridge, channel, { lastEventId: ids[1] });
  await within.received(1);
  assert.deepEqual([within.payloads, within.gaps], [['next'], gaps.slice(1)]);
  const newest = await scene.listen(bridge, channel, { parameters: { replay: 2 } });
  await newest.received(1);
  assert.deepEqual([newest.payloads, newest.gaps], [['next'], gaps.slice(1)]);
  const page = await history(bridge, channel, { after: '0', limit: 2 });
  assert.deepEqual(page.entries.map(({ data }) => data), ['first']);
  assert.deepEqual([page.gaps, page.more, page.cursor], [gaps.slice(0, 1), true, ids[1]]);
  assert.deepEqual((await history(bridge, channel, { after: page.cursor })).gaps, gaps.slice(1));
  assert.equal(await metric(bridge, 'recorder_recorded_total'), 1, 'a marker is no message');
});

// An instance of an earlier release takes a marker for a message. It does not subscribe to what says otherwise.
story('as long as an instance is connected that does not know markers, a refused message leaves none', async (scene) => {
  const { redis, bridge } = await scene.start();
  const older = scene.own(await Resp.connect(redis.port));
  await older.listen(() => {}, { channels: ['bridge:control'] });
  await redis.publish('public:big', 'x'.repeat(MAX + 1));
  await redis.publish('public:big', 'next');
  await waitFor(async () => (await recorded(bridge, 'public:big')).length > 0, { what: 'the next message' });
  assert.equal(await redis.call('XLEN', 'bridge:log:public:big'), 1);
  older.close();
  await redis.publish('public:big', 'x'.repeat(MAX + 1));
  await waitFor(async () => (await redis.call('XLEN', 'bridge:log:public:big')) === 2, { what: 'a marker' });
});

story('an ephemeral message over the maximum is counted; nobody is told', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_EPHEMERAL: 'public:live' });
  const listener = await scene.listen(bridge, 'public:live');
  await redis.publish('public:live', 'x'.repeat(MAX + 1));
  await redis.publish('public:live', 'next');
  await listener.received(1);
  assert.deepEqual([listener.payloads, listener.gaps], [['next'], []]);
  await waitFor(async () => (await metric(bridge, 'ephemeral_refused_total')) === 1, { what: 'the loss to be counted' });
});

story('BRIDGE_MAX_PAYLOAD sets the maximum', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_MAX_PAYLOAD: '1024' });
  const listener = await scene.listen(bridge, 'public:a');
  const speaker = await scene.speak(bridge);
  assert.equal((await speaker.hello()).max_payload, 1024);
  await post(bridge, 'public:a', 'y'.repeat(1024));
  await assert.rejects(post(bridge, 'public:a', 'y'.repeat(1025)), /413/);
  await speaker.publish('public:a', 'z'.repeat(1024));
  assert.equal((await speaker.ask({ type: 'publish', channel: 'public:a', data: 'z'.repeat(1025) })).code, 'too_large');
  await listener.received(2);
});
