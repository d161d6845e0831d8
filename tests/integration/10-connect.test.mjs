// 10-connect - a browser connects and receives what a backend publishes; every byte of the first seconds.
import assert from 'node:assert/strict';
import net from 'node:net';
import WebSocket from 'ws';
import { openEventSource } from '../lib/eventsource.mjs';
import { request } from '../lib/http.mjs';
import { POSITION, comparePositions } from '../lib/position.mjs';
import { Program } from '../lib/program.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

// The two commands of the README.
story('redis-cli PUBLISH arrives in curl -N with an id', async (scene) => {
  const { redis, bridge } = await scene.start();
  const curl = new Program('curl', 'curl', ['-sSN', `${bridge.base}/events?channel=public:news`]);
  scene.own(Object.assign(curl, { close: () => curl.kill() }));
  await curl.said(/event: cursor\n/);

  await redis.cli('PUBLISH', 'public:news', 'hello');

  const [, first, id] = await curl.said(/^retry: \d+\nevent: cursor\ndata: (\d+-\d+)\nid: \1\n\ndata: hello\nid: (\d+-\d+)\n\n/);
  assert.ok(comparePositions(first, id) < 0, `the cursor ${first} is before the first entry ${id}`);
});

// A proxy or a browser that buffers, caches or compresses an event stream breaks it; the headers forbid that.
story('the headers of /events forbid buffering and caching, and its blocks are as documented, byte for byte', async (scene) => {
  const { redis, bridge } = await scene.start();
  const raw = await scene.raw(bridge, {
    bytes: 'GET /events?channel=public:news HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n',
  });
  await raw.said(/\r\n\r\n/);
  const [head] = raw.text.split('\r\n\r\n');
  const [status, ...lines] = head.split('\r\n');
  assert.match(status, /^HTTP\/1\.1 200 OK$/);
  const headers = lines.map((line) => line.split(/: */, 2)).map(([name, value]) => [name.toLowerCase(), value]);
  const values = (name) => headers.filter(([one]) => one === name).map(([, value]) => value);
  assert.deepEqual(values('content-type'), ['text/event-stream']);
  assert.deepEqual(values('cache-control'), ['no-store, no-transform']);
  assert.deepEqual(values('x-accel-buffering'), ['no']);
  assert.deepEqual(values('content-length'), []);
  assert.deepEqual(values('content-encoding'), []);

  const stream = await scene.listen(bridge, 'public:news');
  assert.match(stream.text, /^retry: [1-9]\d*\nevent: cursor\ndata: (\d+-\d+)\nid: \1\n\n$/);
  const before = stream.bytes.length;
  const id = await redis.record('public:news', 'one\ntwo\r\nthree\rfour', 'greeting');
  await stream.received(1);
  const block = `event: greeting\ndata: one\ndata: two\ndata: three\ndata: four\nid: ${id}\n\n`;
  assert.equal(stream.bytes.subarray(before).toString(), block);
});

// The tutorials have two lines: new EventSource('/events') and new WebSocket('/ws'), each with onmessage. They must
// work unchanged.
story('with BRIDGE_DEFAULT_CHANNELS, EventSource and WebSocket work without naming a channel', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_DEFAULT_CHANNELS: 'public:news' });
  const events = scene.own(openEventSource(bridge, { path: '/events' }));
  const socket = new WebSocket(`${bridge.base.replace('http', 'ws')}/ws`);
  scene.own({ close: () => socket.terminate() });
  const frames = [];
  socket.onmessage = (event) => frames.push(JSON.parse(event.data));
  socket.onerror = () => {};
  await events.opened();
  await waitFor(() => frames.some(({ type }) => type === 'subscribed'), { what: 'the bare WebSocket to be subscribed' });

  await redis.cli('PUBLISH', 'public:news', 'hello');

  const [event] = await events.received(1);
  assert.equal(event.data, 'hello');
  assert.match(event.lastEventId, POSITION);
  const message = await waitFor(() => frames.find(({ type }) => type === 'message'), { what: 'the message on the WebSocket' });
  assert.deepEqual(message, { type: 'message', channel: 'public:news', id: event.lastEventId, data: 'hello' });
  assert.equal(frames[0].type, 'hello');
});

// A client that names no channel is told how to do so, with a status that tells it not to retry.
story('/events without a channel is answered with 400 and says how to name one', async (scene) => {
  const { bridge } = await scene.start();
  const answer = await request(bridge, '/events');
  assert.equal(answer.status, 400);
  const { error } = answer.json();
  assert.match(error.code, /^[a-z_]+$/);
  assert.match(error.message, /channel=/);
});

// Scripts and monitors send HEAD, pages of other origins send OPTIONS first; both get a response and not a stream.
story('HEAD, OPTIONS and cross-origin requests are answered as the Fetch standard requires', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_ORIGINS: 'https://app.example' });

  const head = await request(bridge, '/healthz', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
  const headOfStream = await request(bridge, '/events?channel=public:news', { method: 'HEAD' });
  assert.ok([200, 405].includes(headOfStream.status), `HEAD /events: ${headOfStream.status}`);
  assert.equal(headOfStream.body.length, 0);

  for (const [path, method] of [['/events', 'GET'], ['/publish', 'POST'], ['/history', 'GET']]) {
    const preflight = await request(bridge, `${path}?channel=public:news`, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://app.example',
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'last-event-id,authorization',
      },
    });
    assert.ok([200, 204].includes(preflight.status), `OPTIONS ${path}: ${preflight.status}`);
    assert.equal(preflight.headers['access-control-allow-origin'], 'https://app.example');
    const allowed = preflight.headers['access-control-allow-headers'].toLowerCase().split(/ *, */);
    for (const name of ['last-event-id', 'authorization', 'cache-control', 'content-type']) {
      assert.ok(allowed.includes(name), `OPTIONS ${path} allows ${allowed}, not ${name}`);
    }
    assert.ok(preflight.headers['access-control-allow-methods'].includes(method));
  }

  const stream = await scene.listen(bridge, 'public:news', { headers: { Origin: 'https://app.example' } });
  assert.equal(stream.headers['access-control-allow-origin'], 'https://app.example');
  assert.match(stream.headers.vary ?? '', /origin/i);
  const stranger = await request(bridge, '/history?channel=public:news', { headers: { Origin: 'https://evil.example' } });
  assert.ok(!['*', 'https://evil.example'].includes(stranger.headers['access-control-allow-origin']));
});

// Platforms probe /healthz and /readyz; people open /.
story('/healthz, /readyz and / answer; an unknown path gets 404, and a wrong method 405', async (scene) => {
  const { bridge } = await scene.start();
  const health = await request(bridge, '/healthz');
  assert.equal(health.status, 200);
  const ready = await request(bridge, '/readyz');
  assert.equal(ready.status, 200);
  assert.equal(ready.json().ready, true);
  const page = await request(bridge, '/');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html; *charset=utf-8/i);

  const missing = await request(bridge, '/nothing/here');
  assert.equal(missing.status, 404);
  assert.equal(missing.json().error.code, 'not_found');
  for (const [method, path, allowed] of [
    ['PUT', '/events?channel=public:a', 'GET'],
    ['POST', '/history?channel=public:a', 'GET'],
    ['GET', '/publish?channel=public:a', 'POST'],
    ['DELETE', '/healthz', 'GET'],
  ]) {
    const wrong = await request(bridge, path, { method, body: method === 'POST' ? 'x' : undefined });
    assert.equal(wrong.status, 405, `${method} ${path}`);
    assert.ok(wrong.headers.allow?.includes(allowed), `${method} ${path}: Allow is ${wrong.headers.allow}`);
    assert.equal(wrong.json().error.code, 'method_not_allowed');
  }
});

// After a deploy ten thousand browsers reconnect; if all had the same retry time, they would do so at the same moment.
story('browsers are told different times to wait before they reconnect', async (scene) => {
  const { bridge } = await scene.start();
  const streams = await Promise.all(Array.from({ length: 12 }, () => scene.listen(bridge, 'public:news')));
  const retries = streams.map(({ blocks }) => blocks[0].retry);
  assert.ok(retries.every((retry) => retry > 0 && retry <= 60_000), `retries ${retries}`);
  assert.ok(new Set(retries).size > 3, `retries ${retries}`);
});

// A channel is silent for an hour while others are busy. Heartbeats advance the cursor of its browser, so that the
// cursor does not become older than what is kept.
story('a silent stream receives heartbeats, and they advance its cursor', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HEARTBEAT: '1s' });
  const quiet = await scene.listen(bridge, 'public:quiet');
  const chat = await scene.speak(bridge, 'public:quiet');
  const id = await redis.record('public:busy', 'not for you');

  const beat = await quiet.block((block) => block.event === 'cursor' && comparePositions(block.id, id) >= 0, {
    what: `a cursor at or after ${id}`,
  });
  assert.equal(beat.data, beat.id);
  await chat.frame((frame) => frame.type === 'ping', { what: 'a ping' });
  await chat.frame((frame) => frame.type === 'cursor' && comparePositions(frame.id, id) >= 0, { what: `a cursor at or after ${id}` });
  assert.deepEqual(quiet.messages, []);
  assert.deepEqual(chat.messages, []);
});

function hasIpv6() {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port: 0, host: '::1' }, () => server.close(() => resolve(true)));
  });
}

// Some platforms reach their services over IPv6 only.
story('the server listens on the address in BRIDGE_HOST, IPv6 included', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HOST: '::1' });
  const stream = await scene.listen(bridge, 'public:news');
  await redis.publish('public:news', 'hello');
  assert.equal((await stream.received(1))[0].data, 'hello');
}, { skip: !(await hasIpv6()) });
