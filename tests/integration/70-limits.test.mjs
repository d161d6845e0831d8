// 70-limits - what hostile, broken and careless clients send ends at most their own connection.
import assert from 'node:assert/strict';
import { post, query, request } from '../lib/http.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';
import { OP, frameBytes } from '../lib/wsframe.mjs';

const HOSTILE_IDS = [
  '', ' ', '-', '--', '0', '5', 'abc', 'null', 'undefined', '1-', '-1', '1-2-3', '1--2', '-1-0', '1-+2', '+1-0', '0x10-0', '1e3-0',
  '1.5-0', '18446744073709551615-18446744073709551615', '18446744073709551616-0', '9'.repeat(40) + '-0', '1-' + '9'.repeat(40),
  '00000000000000000000000000000000001-0', '5-*', '$', '+', '>', '(5-0', '5-0)', '%', '%s%n', '5-0 5-1', '5-0,5-1', '../../etc/passwd',
  "'; FLUSHALL;--", '"5-0"', '{}', '1-0'.repeat(2800), 'x'.repeat(8192),
];

// A normal client beside the hostile one. Returns a check that it is still connected, still receives what is published,
// and that no process has died.
async function sentinel(scene, redis, bridge) {
  const stream = await scene.listen(bridge, 'public:sentinel');
  const children = bridge.children();
  let count = 0;
  return async (what) => {
    await redis.record('public:sentinel', String(++count));
    await waitFor(() => stream.payloads.at(-1) === String(count), { what: `the sentinel to receive a message after ${what}` });
    assert.equal(stream.ended, undefined, what);
    assert.deepEqual(bridge.children(), children, `the same processes after ${what}`);
  };
}

// Browsers, extensions and attackers send all kinds of Last-Event-ID.
story('hostile Last-Event-ID values are refused or ignored, and no other client notices', async (scene) => {
  const { redis, bridge } = await scene.start();
  const check = await sentinel(scene, redis, bridge);
  await redis.record('public:a', 'before');
  const ask = async (what, options) => {
    const stream = await scene.sse(bridge, { channel: 'public:a', ...options });
    assert.ok([200, 400, 403].includes(stream.status), `${what}: ${stream.status}`); // 403: not a valid URL
    if (stream.status === 200) {
      await stream.opened();
      assert.match(stream.lastEventId, /^\d+-\d+$/, what);
    }
    stream.close();
  };
  for (const value of HOSTILE_IDS) {
    const what = `Last-Event-ID ${JSON.stringify(value.slice(0, 60))}`;
    await ask(what, { lastEventId: value });
    for (const name of ['last_event_id', 'since', 'replay']) await ask(`${name}=${value.slice(0, 60)}`, { parameters: { [name]: value } });
  }
  for (const encoded of ['%00', '%0A5-0', '5-0%0A', '5-0%0D%0AX-Y:%20z', '%FF%FE', '%E2%82', '%', '%zz', '%u1234', '😀'.repeat(10)]) {
    const path = `/events?channel=public:a&last_event_id=${encoded.replace(/😀/g, '%F0%9F%98%80')}`;
    await ask(encoded, { path });
  }
  await check('hostile ids');

  for (const value of ['5-0\n6-0', '5-0\r6-0', '\x00', '5-0\x00', '\xff\xfe', '5-0\r\n folded']) {
    const raw = await scene.raw(bridge, {
      bytes: Buffer.from(`GET /events?channel=public:a HTTP/1.1\r\nHost: x\r\nLast-Event-ID: ${value}\r\n\r\n`, 'latin1'),
    });
    await raw.answered();
    assert.ok([undefined, 200, 400].includes(raw.status), `${JSON.stringify(value)}: ${raw.status}`);
    raw.close();
  }
  const twice = await scene.raw(bridge, {
    bytes: 'GET /events?channel=public:a HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 5-0\r\nLast-Event-ID: abc\r\n\r\n',
  });
  await twice.answered();
  await check('hostile headers');
});

// A page with a bug sends frames that the protocol does not have. It is told what is wrong, and can continue.
story('malformed and unknown WebSocket frames are answered with an error frame, and the connection stays open', async (scene) => {
  const { redis, bridge } = await scene.start();
  const check = await sentinel(scene, redis, bridge);
  const hostile = [
    '', ' ', 'hello', '{', '}', '{"type":', '[]', '[1,2]', '1', 'null', 'true', '"x"', '{}', '{"type":null}', '{"type":1}', '{"type":[]}', '{"type":""}',
    '{"type":"fly"}', '{"type":"message","channel":"public:a","data":"x"}', '{"type":"hello"}', '{"type":"subscribe"}',
    '{"type":"subscribe","channel":1}', '{"type":"subscribe","channel":null}', '{"type":"subscribe","channel":["public:a"]}',
    '{"type":"subscribe","channel":"public:a","after":"abc"}', '{"type":"subscribe","channel":"public:a","after":5}',
    '{"type":"subscribe","channel":"public:a","after":{}}', '{"type":"subscribe","channel":"public:a","after":"1-2-3"}',
    '{"type":"publish"}', '{"type":"publish","channel":"public:a"}', '{"type":"publish","data":"x"}',
    '{"type":"publish","channel":"public:a","data":1}', '{"type":"publish","channel":"public:a","data":null}',
    '{"type":"publish","channel":"public:a","data":{"a":1}}', '{"type":"publish","channel":"public:a","data":"\\ud800"}',
    '{"type":"publish","channel":"public:*","data":"x"}', '[' .repeat(3000), '{"a":'.repeat(3000), '{"type":"subscribe","channel":"public:a"} trailing',
    '\u0000', '{"type":"publish","channel":"public:a","data":"x","key":5}',
    Buffer.from('publish'), Buffer.from('publish public:a'), Buffer.from('publish public:a 1'), Buffer.from('fly public:a 1\nx'), Buffer.from([]),
    Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('\n'), Buffer.from(' \n'), Buffer.from('publish  1\nx'), Buffer.from('publish \xff 1\nx', 'latin1'),
  ];
  for (const frame of hostile) {
    const what = typeof frame === 'string' ? frame.slice(0, 80) : `bytes ${frame.toString('latin1')}`;
    const client = await scene.speak(bridge);
    client.send(frame);
    const error = await client.frame(({ type }) => type === 'error', { what: `an error frame after ${what}` });
    assert.match(error.code, /^[a-z_]+$/, what);
    assert.notEqual(error.message ?? '', '', what);
    await client.publish('public:alive', what);
    client.close();
  }
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:a'), 0, 'nothing was published');
  await check('malformed frames');
});

// The error names the frame that it is about, so that a page can tell its user.
story('an error frame carries the ref of the frame that it answers', async (scene) => {
  const { bridge } = await scene.start();
  const client = await scene.speak(bridge);
  for (const ref of [7, 'a-string-of-the-page']) {
    const answer = await client.ask({ type: 'fly', ref });
    assert.deepEqual([answer.type, answer.ref], ['error', ref]);
  }
});

// A script that never stops sending malformed frames is disconnected.
story('too many malformed frames close the connection with 1008 and a reason', async (scene) => {
  const { redis, bridge } = await scene.start();
  const check = await sentinel(scene, redis, bridge);
  const client = await scene.speak(bridge);
  await waitFor(
    () => {
      for (let i = 0; i < 20 && client.socket.readyState === 1; i++) client.send('{"type":');
      return client.closed;
    },
    { deadline: 20_000, what: 'a close' },
  );
  assert.equal(client.closed.code, 1008);
  assert.notEqual(client.closed.reason, '');
  await check('too many malformed frames');
});

const publish = JSON.stringify({ type: 'publish', channel: 'public:a', data: 'x', ref: 1 });

// RFC 6455, the cases of the usual conformance suites: each violation ends its own connection, with the right code if
// there is one. (An unmasked frame is a violation, too, but libwebsockets reads it like any other; it affects only its
// sender.)
const VIOLATIONS = [
  ['reserved bit 1', [{ rsv: 4, payload: publish }], 1002],
  ['reserved bit 2', [{ rsv: 2, payload: publish }], 1002],
  ['reserved bit 3', [{ rsv: 1, payload: publish }], 1002],
  ['reserved data opcode 3', [{ opcode: 3, payload: publish }], 1002],
  ['reserved data opcode 7', [{ opcode: 7, payload: publish }], 1002],
  ['reserved control opcode 11', [{ opcode: 11 }], 1002],
  ['reserved control opcode 15', [{ opcode: 15 }], 1002],
  ['a fragmented ping', [{ opcode: OP.PING, fin: false, payload: 'x' }], 1002],
  ['a fragmented close', [{ opcode: OP.CLOSE, fin: false }], 1002],
  ['a ping of 126 bytes', [{ opcode: OP.PING, payload: 'x'.repeat(126) }], 1002],
  ['a continuation without a first fragment', [{ opcode: OP.CONTINUATION, payload: publish }], 1002],
  ['a new message within a fragmented one', [{ fin: false, payload: '{' }, { payload: publish }], 1002],
  ['a close frame with one byte', [{ opcode: OP.CLOSE, payload: Buffer.from([3]) }], 1005], // or it is answered like an empty one
  ['text that is not UTF-8', [{ payload: Buffer.from([0x7b, 0xff, 0xfe]) }], 1007],
  ['text that ends within a character', [{ payload: Buffer.from('"€').subarray(0, 3) }], 1007],
  ['text with a surrogate', [{ payload: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]) }], 1007],
  ['text broken within fragments', [{ fin: false, payload: Buffer.from([0x22, 0xe2]) }, { opcode: OP.CONTINUATION, payload: Buffer.from([0x41, 0x22]) }], 1007],
];

story('a violation of the WebSocket protocol ends its own connection, and no other', async (scene) => {
  const { redis, bridge } = await scene.start();
  const check = await sentinel(scene, redis, bridge);
  const violate = async ([what, frames, code]) => {
    const raw = await scene.rawWs(bridge, '/ws?channel=public:a');
    for (const frame of frames) raw.send(frame);
    await raw.hungUp().catch((error) => assert.fail(`${what}: ${error.message}`));
    // 1007 is promised; otherwise ending without a close frame is legal, too (RFC 6455 7.1.7), a wrong code is not.
    if (code === 1007) assert.equal(raw.closeFrame?.code, 1007, what);
    else assert.ok([undefined, code].includes(raw.closeFrame?.code), `${what}: closed with ${raw.closeFrame?.code}`);
    assert.ok(raw.frames.every(({ isMasked, rsv }) => !isMasked && rsv === 0), what);
  };
  await Promise.all(VIOLATIONS.map(violate)); // each takes as long as a peer may take to answer a close frame
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:a'), 0, 'nothing was published');
  await check('violations');
});

// Fragments, pings between them, every length of header, a character across two fragments.
story('unusual but legal WebSocket frames work', async (scene) => {
  const { bridge } = await scene.start();
  const raw = await scene.rawWs(bridge, '/ws?channel=public:a');
  const answers = (ref) => raw.frame(({ opcode, payload }) => opcode === OP.TEXT && JSON.parse(payload).ref === ref, { what: `an answer to ${ref}` });
  const say = (data, ref) => Buffer.from(JSON.stringify({ type: 'publish', channel: 'public:a', data, ref }));
  const text = say('in €uro', 1);

  raw.send({ fin: false, payload: text.subarray(0, 1) });
  for (let i = 1; i < text.length - 1; i++) {
    raw.send({ opcode: OP.CONTINUATION, fin: false, payload: text.subarray(i, i + 1) });
    if (i % 10 === 0) raw.send({ opcode: OP.PING, payload: `between ${i}` });
  }
  raw.send({ opcode: OP.CONTINUATION, fin: false, payload: '' });
  raw.send({ opcode: OP.CONTINUATION, payload: text.subarray(-1) });
  assert.equal(JSON.parse((await answers(1)).payload).type, 'ack');
  await raw.frame(({ opcode, payload }) => opcode === OP.PONG && payload.toString() === 'between 10', { what: 'the pong of a ping between fragments' });

  raw.send({ opcode: OP.PONG, payload: 'nobody asked' });
  raw.send({ opcode: OP.PING });
  for (const [i, length] of [125 - 70, 200, 65_000].entries()) {
    raw.send({ payload: say('x'.repeat(length), 10 + i) });
    assert.equal(JSON.parse((await answers(10 + i)).payload).type, 'ack');
  }
  raw.socket.write(Buffer.concat([frameBytes({ payload: say('two', 20) }), frameBytes({ payload: say('in one packet', 21) })]));
  await answers(20);
  await answers(21);
  for (const byte of frameBytes({ payload: say('byte by byte', 22) })) raw.socket.write(Buffer.from([byte]));
  await answers(22);
});

// The close handshake of RFC 6455 7.1: the server answers with the same code or 1000, and closes the connection.
story('a close frame is answered with a close frame, and the server closes the connection', async (scene) => {
  const { bridge } = await scene.start();
  for (const [payload, code] of [[Buffer.from([0x03, 0xe8]), 1000], [Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from('bye')]), 1001], ['', undefined]]) {
    const raw = await scene.rawWs(bridge, '/ws?channel=public:a');
    raw.send({ opcode: OP.CLOSE, payload });
    await raw.hungUp();
    assert.ok(raw.closeFrame, 'a close frame came back');
    if (code) assert.ok([code, 1000].includes(raw.closeFrame.code), `answered with ${raw.closeFrame.code}`);
  }
});

// Cookies of other applications on the same domain make large headers; attackers make larger ones.
story('large headers work, enormous ones end only their own connection', async (scene) => {
  const { redis, bridge } = await scene.start();
  const check = await sentinel(scene, redis, bridge);
  const large = await scene.listen(bridge, 'public:a', { headers: { Cookie: `session=${'c'.repeat(8000)}` } });
  await redis.record('public:a', 'hello');
  await large.received(1);

  for (const [what, head] of [
    ['a header of 1 MB', `GET /events?channel=public:a HTTP/1.1\r\nHost: x\r\nCookie: ${'c'.repeat(1 << 20)}\r\n\r\n`],
    ['10,000 headers', `GET /events?channel=public:a HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(10_000)}\r\n`],
    ['a URL of 200 KB', `GET /events?channel=${'a'.repeat(200_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['a header line without an end', `GET /events?channel=public:a HTTP/1.1\r\n${'x'.repeat(300_000)}`],
  ]) {
    const raw = await scene.raw(bridge, { bytes: head });
    await raw.answered({ deadline: 30_000 });
    assert.ok([undefined, 200, 400, 413, 414, 431].includes(raw.status), `${what}: ${raw.status}`);
    raw.close();
    await check(what);
  }
});

// Port scanners, TLS on the plain port, HTTP/2 with prior knowledge.
story('bytes that are not HTTP end only their own connection', async (scene) => {
  const { redis, bridge } = await scene.start();
  const check = await sentinel(scene, redis, bridge);
  const rubbish = {
    'a TLS hello': Buffer.concat([Buffer.from('16030100c8010000c40303', 'hex'), Buffer.alloc(200, 7)]),
    'an HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    zeros: Buffer.alloc(5000),
    'line breaks': '\r\n'.repeat(2000),
    'a Redis command': '*1\r\n$8\r\nFLUSHALL\r\n',
    'no version': 'GET /events?channel=public:a\r\n\r\n',
    'a bad version': 'GET /events?channel=public:a HTTP/9.9\r\n\r\n',
    'a bad method': 'FLY /events?channel=public:a HTTP/1.1\r\nHost: x\r\n\r\n',
    'a bad escape': 'GET /events?channel=%zz%1 HTTP/1.1\r\nHost: x\r\n\r\n',
    'a NUL in the path': 'GET /%00/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\n\r\n',
    'a path with ..': 'GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n',
    'a negative length': 'POST /publish?channel=public:a HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nhello',
    'an enormous length': 'POST /publish?channel=public:a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nhello',
    'a bad upgrade': 'GET /ws?channel=public:a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n',
    'an upgrade of an unknown path': 'GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  };
  for (const [what, bytes] of Object.entries(rubbish)) {
    const raw = await scene.raw(bridge, { bytes });
    await check(what);
    assert.ok(!raw.text.includes('root:'), what);
    assert.ok(!/^HTTP\/1\.[01] 5\d\d/.test(raw.text), `${what}: ${raw.text.slice(0, 100)}`);
    raw.close();
  }
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:a'), 0);
});

// A proxy in front might see the end of the body elsewhere: then the body must not be read as a request (request
// smuggling).
story('the bytes after a Content-Length that is not a number are never read as a request', async (scene) => {
  const { bridge } = await scene.start();
  for (const [method, status] of [['GET', 400], ['HEAD', 400], ['OPTIONS', 200], ['PUT', 405], ['POST', 411]]) {
    for (const length of ['x', '-1', '+3', '0x3', '3, 3']) {
      const head = `${method} /publish?channel=public:a HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
      const raw = await scene.raw(bridge, { bytes: head + 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' });
      await waitFor(() => raw.isClosed, { what: `the connection to be closed after ${method} with a length of ${length}` });
      assert.deepEqual(raw.text.match(/HTTP\/1\.1 \d+/g), [`HTTP/1.1 ${status}`], `${method} ${length}`);
    }
  }
});

// A hundred clients stop in the middle of a request.
story('stalled and abandoned requests delay no other client', async (scene) => {
  const { redis, bridge } = await scene.start();
  const check = await sentinel(scene, redis, bridge);
  const stalled = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      scene.raw(bridge, {
        bytes: [
          'GET /events?chan',
          'POST /publish?channel=public:a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe',
          'GET /ws?channel=public:a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n',
          '',
        ][i % 4],
      }),
    ),
  );
  await check('stalled requests');
  await post(bridge, 'public:b', 'served');
  for (const raw of stalled.slice(0, 50)) raw.close();
  await check('abandoned requests');
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:a'), 0, 'half a body is not published');
});

// Whatever a browser sends stays data: it can't end a command and begin another one.
story('nothing that a browser sends becomes a Redis command', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*' });
  const check = await sentinel(scene, redis, bridge);
  await redis.call('SET', 'guard', 'stands');
  const injections = ['\r\nFLUSHALL\r\n', '*1\r\n$8\r\nFLUSHALL\r\n', '"; redis.call("FLUSHALL") --', "'..redis.call('FLUSHALL')..'", '$(redis-cli FLUSHALL)'];
  const client = await scene.speak(bridge);
  for (const text of injections) {
    await request(bridge, '/publish' + query(text, { event: text }), { method: 'POST', body: text });
    await request(bridge, '/publish' + query('public:a', { event: text }), { method: 'POST', body: text });
    await request(bridge, '/history' + query(text, { after: text, limit: text }));
    await request(bridge, '/history' + query('public:a', { after: text, limit: text }));
    await client.ask({ type: 'publish', channel: text, data: text, key: text });
    await client.ask({ type: 'publish', channel: 'public:a', data: text, key: text });
    await client.ask({ type: 'subscribe', channel: text, after: text });
  }
  await check('injections');
  assert.equal(await redis.call('GET', 'guard'), 'stands');
});

// The limit of /history and the event name of /publish come from browsers, too.
story('invalid parameters of /history are refused or ignored; an event name that would forge SSE fields is refused', async (scene) => {
  const { redis, bridge } = await scene.start();
  for (const parameters of [{ limit: '-1' }, { limit: 'x' }, { limit: '9'.repeat(30) }, { after: 'x' }, { after: '1-2-3' }]) {
    const answer = await request(bridge, '/history' + query('public:a', parameters));
    assert.ok([200, 400].includes(answer.status), `${JSON.stringify(parameters)}: ${answer.status}`);
    if (answer.status === 400) assert.notEqual(answer.json().error.message, '');
  }
  const stream = await scene.listen(bridge, 'public:a');
  for (const event of ['x\ndata: forged', 'x\r\n\r\ndata: forged', 'cursor', 'gap', 'a\0b']) {
    const answer = await request(bridge, '/publish' + query('public:a', { event }), { method: 'POST', body: 'real' });
    assert.equal(answer.status, 400, `event ${JSON.stringify(event)}`);
  }
  await redis.record('public:a', 'end');
  await stream.received(1);
  assert.deepEqual(stream.payloads, ['end']);
});
