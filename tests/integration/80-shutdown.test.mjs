// 80-shutdown - the process ends as a platform expects, starts as an operator expects, and reports settings that it
// does not accept.
import assert from 'node:assert/strict';
import { BINARY, environment } from '../lib/bridge.mjs';
import { query, request } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { Program, isGone, signal } from '../lib/program.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

// A deploy. Browsers are disconnected cleanly and told how long to wait before they reconnect.
story('SIGTERM ends streams at an event boundary with retry, WebSockets with 1012, and exits 0 within BRIDGE_DRAIN', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_DRAIN: '3s' });
  const streams = await Promise.all(Array.from({ length: 10 }, () => scene.listen(bridge, 'public:a')));
  const chats = await Promise.all(Array.from({ length: 10 }, () => scene.speak(bridge, 'public:a')));
  await redis.publish('public:a', 'before');
  for (const one of [...streams, ...chats]) await one.received(1);

  const start = Date.now();
  await bridge.stop();
  const took = Date.now() - start;
  assert.ok(took < 3_000 + 2_000, `it took ${took} ms`);
  for (const stream of streams) {
    await stream.end();
    assert.equal(stream.ended, 'clean');
    assert.equal(stream.parser.unfinished, '', 'the stream ends after a blank line');
    const last = stream.blocks.at(-1);
    assert.ok(stream.blocks.length >= 3 && last.retry >= 0, `the last block is ${JSON.stringify(last?.fields)}`);
  }
  for (const chat of chats) {
    const { code, reason } = await chat.end();
    assert.equal(code, 1012);
    assert.notEqual(reason, '');
  }
});

// A client that does not read must not delay a deploy.
story('stalled readers and half a request do not delay the shutdown', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_DRAIN: '2s', BRIDGE_HISTORY_LENGTH: '20000' });
  const stalled = await scene.listen(bridge, 'public:a');
  const stalledChat = await scene.speak(bridge, 'public:a');
  stalled.pause();
  stalledChat.pause();
  const witness = await scene.listen(bridge, 'public:a');
  const said = Array.from({ length: 6000 }, (_, i) => `${i} ${'.'.repeat(2048)}`);
  await redis.publishAll('public:a', said);
  await witness.received(said.length, { deadline: 30_000 });
  await scene.raw(bridge, { bytes: 'GET /events?chan' });
  await scene.raw(bridge, { bytes: 'POST /publish?channel=public:a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe' });
  const start = Date.now();
  await bridge.stop();
  const took = Date.now() - start;
  assert.ok(took < 2_000 + 2_000, `it took ${took} ms`);
});

story('publishes in flight at SIGTERM are finished or refused, never acknowledged and lost', async (scene) => {
  const { redis, bridge } = await scene.start();
  const chat = await scene.speak(bridge);
  const posts = [];
  const frames = [];
  for (let i = 0; i < 60; i++) {
    posts.push(request(bridge, '/publish' + query('public:a'), { method: 'POST', body: `post ${i}` }).catch(() => undefined));
    chat.send({ type: 'publish', channel: 'public:a', data: `frame ${i}`, ref: i });
    frames.push(i);
  }
  await Promise.race(posts);
  await bridge.stop();
  const log = new Map((await redis.call('XRANGE', 'bridge:log:public:a', '-', '+')).map(([id, fields]) => [id, fields[fields.indexOf('d') + 1]]));
  const answers = await Promise.all(posts);
  const kept = answers.map((answer, i) => answer?.status === 200 && [answer.json().id, `post ${i}`]).filter(Boolean);
  assert.ok(kept.length > 0, 'some were answered');
  for (const [id, data] of kept) assert.equal(log.get(id), data);
  for (const ack of chat.frames.filter(({ type }) => type === 'ack')) assert.equal(log.get(ack.id), `frame ${ack.ref}`);
  const data = [...log.values()];
  assert.equal(new Set(data).size, data.length, 'nothing twice');
});

// An orphan would keep the port, and the lease that makes its recorder the active one.
story('when the supervisor is killed, its children die with it', async (scene) => {
  const { bridge } = await scene.start();
  const children = bridge.children();
  assert.ok(children.length >= 2);
  scene.own({ close: () => children.forEach((pid) => isGone(pid) || signal(pid, 'SIGKILL')) });
  signal(bridge.pid, 'SIGKILL');
  await waitFor(() => children.every(isGone), { what: 'the children to be gone' });
  await bridge.kill();
  await bridge.start();
});

// Redis was never started, and the platform stops the bridge.
story('SIGTERM ends an instance that has never reached Redis', async (scene) => {
  const bridge = await scene.bridge({ redis: `redis://127.0.0.1:${await freePort()}`, ready: false });
  await waitFor(async () => (await request(bridge, '/healthz')).status === 200, { what: '/healthz' });
  const waiting = await scene.sse(bridge, { channel: 'public:a', lastEventId: '5-0' }).catch(() => undefined);
  await bridge.stop();
  if (waiting) await waiting.end();
});

async function run(settings, args = []) {
  const program = new Program('redis-bridge', BINARY, args, { env: environment(settings) });
  try {
    await waitFor(() => program.ended, { deadline: 15_000, what: `redis-bridge ${args.join(' ')} ${JSON.stringify(settings)} to end` });
  } finally {
    await program.kill();
  }
  assert.doesNotMatch(program.log, /AddressSanitizer|LeakSanitizer|runtime error:/);
  return { code: program.ended.code, log: program.log, out: program.text };
}

// A typo in a setting is found at the start, not at three in the morning.
story('an invalid setting is reported with its name, its value and what is accepted, and the exit code is 1', async () => {
  const usual = { PORT: String(await freePort()), BRIDGE_HOST: '127.0.0.1', REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
  const bad = [
    ['PORT', 'http'], ['PORT', '70000'], ['PORT', '-1'], ['PORT', '80 80'],
    ['REDIS_URL', 'http://localhost'], ['REDIS_URL', 'redis://localhost:99999'], ['REDIS_URL', 'redis://localhost/db'],
    ['BRIDGE_HISTORY_LENGTH', '-1'], ['BRIDGE_HISTORY_LENGTH', 'many'], ['BRIDGE_HISTORY_LENGTH', '99999999999999999999'],
    ['BRIDGE_HISTORY_TTL', '1 fortnight'], ['BRIDGE_HEARTBEAT', 'often'], ['BRIDGE_MAX_AGE', '3parsecs'], ['BRIDGE_DRAIN', '-2s'],
    ['BRIDGE_WORKERS', 'some'], ['BRIDGE_WORKERS', '-1'], ['BRIDGE_MAX_PAYLOAD', 'big'], ['BRIDGE_MAX_CHANNELS', '0x10'],
    ['BRIDGE_LOG', 'loud'], ['BRIDGE_HOST', 'not an address'],
  ];
  for (const [name, value] of bad) {
    const { code, log } = await run({ ...usual, [name]: value });
    assert.equal(code, 1, `${name}=${value}: exit code ${code}\n${log}`);
    const shown = name === 'REDIS_URL' ? 'not shown' : value; // it may contain a password
    const line = log.split('\n').find((one) => one.includes(name) && one.includes(shown));
    assert.ok(line, `${name}=${value} is named:\n${log}`);
    assert.match(line, /accept|expect|must|one of|between|allowed|from .* to|such as|like/i, `${name}=${value}: what is accepted`);
  }
});

// The URL has an invalid port, and a password that must not end up in a log collector.
story('an invalid REDIS_URL is reported without its password', async () => {
  const { code, log } = await run({ PORT: String(await freePort()), REDIS_URL: 'redis://user:hunter2@localhost:99999' });
  assert.equal(code, 1);
  assert.match(log, /REDIS_URL/);
  assert.doesNotMatch(log, /hunter2/);
});

story('--help lists every setting, --version prints the version, and an unknown flag is refused', async () => {
  const help = await run({}, ['--help']);
  assert.equal(help.code, 0);
  for (const name of [
    'PORT', 'BRIDGE_HOST', 'REDIS_URL', 'BRIDGE_PREFIX', 'BRIDGE_WORKERS', 'BRIDGE_SUBSCRIBE', 'BRIDGE_PUBLISH', 'BRIDGE_CHANNELS',
    'BRIDGE_DEFAULT_CHANNELS', 'BRIDGE_HISTORY_LENGTH', 'BRIDGE_HISTORY_TTL', 'BRIDGE_HEARTBEAT', 'BRIDGE_MAX_AGE', 'BRIDGE_DRAIN',
    'BRIDGE_ORIGINS', 'BRIDGE_MAX_PAYLOAD', 'BRIDGE_MAX_CHANNELS', 'BRIDGE_LOG',
  ]) {
    assert.ok(help.out.includes(name), `--help lists ${name}`);
  }
  const version = await run({}, ['--version']);
  assert.equal(version.code, 0);
  assert.match(version.out, /^redis-bridge \d+\.\d+/);
  const unknown = await run({}, ['--fly-to-the-moon']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.log, /--fly-to-the-moon/);
});
