// 57-redis-links - the ways to reach Redis (TLS, unix sockets, IPv6), connections that hang, and TLS towards browsers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { promisify } from 'node:util';
import WebSocket from 'ws';
import { makeCertificate } from '../lib/certificate.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { post } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { numbers } from '../lib/position.mjs';
import { startRedisProxy } from '../lib/redisproxy.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';
import { JSON_PROTOCOL } from '../lib/ws.mjs';

const run = promisify(execFile);

async function hears(scene, bridge, redis) {
  const stream = await scene.listen(bridge, 'public:a');
  await redis.publish('public:a', 'hello');
  await stream.received(1);
  assert.deepEqual(stream.payloads, ['hello']);
}

// The password is sent over the network, so the server must be the one that REDIS_URL names.
story('rediss:// verifies the certificate and its name', async (scene) => {
  const redis = await scene.redis({ start: false });
  const { cert, key } = await makeCertificate(redis.folder);
  const port = await freePort();
  redis.args.push('--tls-port', String(port), '--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no');
  await redis.start();

  const trusting = { SSL_CERT_FILE: cert };
  const unknown = await scene.bridge({ redis: `rediss://localhost:${port}`, ready: false });
  const otherName = await scene.bridge({ redis: `rediss://127.0.0.1:${port}`, env: trusting, ready: false });
  const plain = await scene.bridge({ redis: `redis://localhost:${port}`, ready: false });
  await unknown.said(/certificate was refused.*self-signed.*SSL_CERT_FILE/);
  await otherName.said(/certificate was refused.*mismatch/);
  await plain.said(/redis_away/);
  for (const bridge of [unknown, otherName, plain]) assert.match((await bridge.unready()).join(), /Redis is away/);
  await hears(scene, await scene.bridge({ redis: `rediss://localhost:${port}`, env: trusting }), redis);
});

story('REDIS_URL may name a unix socket, a database, an IPv6 address or a host', async (scene) => {
  const redis = await scene.redis({ start: false });
  const socket = path.join(redis.folder, 'r.sock');
  redis.args.push('--unixsocket', socket, '--bind', '127.0.0.1', '::1');
  await redis.start();
  for (const url of [`unix://${socket}`, `redis://localhost:${redis.port}/0`, `redis://[::1]:${redis.port}`]) {
    const bridge = await scene.bridge({ redis: url });
    await hears(scene, bridge, redis);
    await bridge.stop();
  }
});

// A managed Redis fails over, and its name leads to the new primary. The old one lives on as a replica, and closes nothing.
story('after a failover behind a stable address every connection is made anew, and nothing is missed', async (scene) => {
  const old = await scene.redis();
  const next = await scene.redis({ args: ['--replicaof', '127.0.0.1', String(old.port)] });
  await waitFor(async () => (await next.call('INFO', 'replication')).includes('master_link_status:up'));
  const address = scene.own(await startRedisProxy(old));
  const bridge = await scene.bridge({ redis: address, env: { BRIDGE_WORKERS: '1' } });
  const stream = await scene.listen(bridge, 'public:a');
  await post(bridge, 'public:a', 'before');
  await stream.received(1);

  address.lead(next);
  await next.call('REPLICAOF', 'NO', 'ONE');
  await old.call('REPLICAOF', '127.0.0.1', String(next.port));
  const ours = async (redis) => (await redis.call('CLIENT', 'LIST')).split('\n').filter((line) => line.includes('name=redis-bridge')).length;
  const connections = await ours(old);
  assert.ok(connections >= 4, `${connections} connections to the old primary`);
  await waitFor(async () => (await ours(old)) === 0 && (await ours(next)) >= connections, { what: 'all connections to be to the new primary' });
  await bridge.ready();
  await post(bridge, 'public:a', 'after');
  await next.call('PUBLISH', 'public:a', 'plain');
  await stream.received(3);
  assert.deepEqual([stream.payloads, stream.gaps, stream.ended], [['before', 'after', 'plain'], [], undefined]);
  assert.match(bridge.log, /redis_away .*why="READONLY/);
});

// A failover after which the old primary never closes its connections, a stuck proxy: the connection stays open for
// ever, and nothing arrives.
story('a connection for calls that hangs is replaced, and everything arrives', async (scene) => {
  const redis = await scene.redis();
  const proxy = scene.own(await startRedisProxy(redis));
  const bridge = await scene.bridge({ redis: proxy.url, env: { BRIDGE_WORKERS: '1' } });
  const stream = await scene.listen(bridge, 'public:a');
  assert.equal(proxy.freeze('redis-bridge-calls'), 1);
  await redis.record('public:a', 'while it hangs');
  await stream.received(1);
  const late = await scene.sse(bridge, { channel: 'public:b' });
  await bridge.said(/no answer within the deadline/, { deadline: 15_000 });
  await late.opened();
  await redis.record('public:b', 'after');
  await late.received(1);
  await bridge.ready();
  assert.doesNotMatch(bridge.log, /link=live why/, 'the live connection was not dropped');
});

story('a live connection (pub/sub) that hangs is replaced, and what was missed comes from the log', async (scene) => {
  const redis = await scene.redis();
  const proxy = scene.own(await startRedisProxy(redis));
  const bridge = await scene.bridge({ redis: proxy.url, env: { BRIDGE_WORKERS: '1' } });
  const stream = await scene.listen(bridge, 'public:a');
  assert.equal(proxy.freeze('redis-bridge-live'), 1);
  await redis.record('public:a', 'while it hangs');
  await stream.received(1, { deadline: 15_000 });
  await redis.record('public:a', 'after');
  await stream.received(2);
  assert.deepEqual(stream.payloads, ['while it hangs', 'after']);
  assert.deepEqual(stream.gaps, []);
});

story('a recorder whose live connection hangs notices that, and records again', async (scene) => {
  const redis = await scene.redis();
  const proxy = scene.own(await startRedisProxy(redis));
  const bridge = await scene.bridge({ redis: proxy.url });
  const stream = await scene.listen(bridge, 'public:a');
  assert.equal(proxy.freeze('redis-bridge-recorder-live'), 1);
  await bridge.said(/does not hear itself/, { deadline: 15_000 });
  await waitFor(async () => (await redis.publish('public:a', 'again')) && stream.payloads.length > 0, {
    every: 100,
    what: 'a plain PUBLISH to be recorded again',
  });
});

// Opens an event stream over TLS, and does not read its body before go() is called; text() is what has been read.
function openSlowly(url, ca) {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { ca, servername: 'localhost' }, (response) => {
      const chunks = [];
      const go = () => response.on('data', (chunk) => chunks.push(chunk));
      resolve({ go, text: () => Buffer.concat(chunks).toString('utf8'), close: () => request.destroy() });
    });
    request.on('error', reject);
  });
}

// TLS is terminated by the bridge itself. What a slow reader has not read yet is held back and sent in order.
story('with BRIDGE_TLS_CERT the bridge serves HTTP, event streams and WebSockets over TLS', async (scene) => {
  const redis = await scene.redis();
  const { cert, key } = await makeCertificate(redis.folder);
  const bridge = await scene.bridge({ redis, env: { BRIDGE_TLS_CERT: cert, BRIDGE_TLS_KEY: key }, ready: false });
  const curl = async (path) => (await run('curl', ['-s', '--cacert', cert, '--resolve', `localhost:${bridge.port}:127.0.0.1`,
    `https://localhost:${bridge.port}${path}`])).stdout;
  await waitFor(async () => JSON.parse(await curl('/readyz')).ready, { what: 'the bridge to be ready' });
  await redis.record('public:a', 'secret');
  assert.equal(JSON.parse(await curl('/history?channel=public:a')).entries[0].data, 'secret');

  const ca = await readFile(cert);
  const address = `127.0.0.1:${bridge.port}`;
  const stream = await openSlowly(`https://${address}/events?channel=public:a&since=0`, ca);
  const socket = new WebSocket(`wss://${address}/ws?channel=public:a&since=0`, [JSON_PROTOCOL], {
    ca,
    servername: 'localhost',
  });
  const messages = [];
  socket.on('message', (bytes) => messages.push(JSON.parse(bytes)));
  await once(socket, 'open');
  socket.pause();
  const filler = 'x'.repeat(32 * 1024);
  const sent = numbers(1, 400).map((number) => `${number} ${filler}`);
  for (const payload of sent) await redis.record('public:a', payload);
  stream.go();
  socket.resume();
  const data = (text) => [...text.matchAll(/^data: (secret|\d+ x+)$/gm)].map(([, payload]) => payload);
  await waitFor(() => data(stream.text()).length > sent.length, { what: 'all events' });
  await waitFor(() => messages.filter(({ type }) => type === 'message').length > sent.length, { what: 'all messages' });
  assertSameList(data(stream.text()), ['secret', ...sent]);
  assertSameList(messages.filter(({ type }) => type === 'message').map((message) => message.data), ['secret', ...sent]);
  stream.close();
  socket.close(1000);
  await once(socket, 'close');
});
