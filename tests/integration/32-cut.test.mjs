// 32-cut - connections are cut and processes die all the time; browsers that just reconnect get everything in the end.
import assert from 'node:assert/strict';
import { post } from '../lib/http.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { numbers } from '../lib/position.mjs';
import { isGone, signal } from '../lib/program.mjs';
import { story } from '../lib/story.mjs';
import { paced, waitFor } from '../lib/wait.mjs';
import { openWs } from '../lib/ws.mjs';

// The machine crashes and restarts. The page relies on what its EventSource does by itself.
story('after SIGKILL and a restart between two messages, a browser that reconnects misses nothing', async (scene) => {
  const { redis, bridge } = await scene.start();
  const events = scene.eventSource(bridge, { channel: 'public:a' });
  await events.opened();
  await redis.publish('public:a', 'before');
  await events.received(1);

  await bridge.kill();
  await redis.record('public:a', 'while nobody was there');
  await bridge.start();
  await redis.publish('public:a', 'after');

  await events.received(3, { deadline: 20_000 });
  assert.deepEqual(events.payloads, ['before', 'while nobody was there', 'after']);
  assert.deepEqual(events.gaps, []);
});

// Any single process of an instance may die: the supervisor restarts it, and browsers resume.
story('whichever child process is killed, browsers get everything in the end', async (scene) => {
  const { redis, bridge } = await scene.start();
  const events = scene.eventSource(bridge, { channel: 'public:a' });
  await events.opened();
  const said = [];
  const say = async (data) => {
    said.push(data);
    await redis.record('public:a', data);
  };
  await say('first');
  const children = bridge.children();
  assert.ok(children.length >= 2, 'a supervisor with a worker and a recorder');
  for (const [i, pid] of children.entries()) {
    signal(pid, 'SIGKILL');
    await waitFor(() => isGone(pid), { what: `process ${pid} to be gone` });
    await say(`killed ${i}`);
    await waitFor(() => bridge.children().length >= children.length, { what: 'the supervisor to start a new process' });
    await bridge.ready();
    await say(`back ${i}`);
  }
  await events.received(said.length, { deadline: 20_000 });
  assert.deepEqual(events.payloads, said);
  // A plain PUBLISH that no recorder receives is lost, as Redis pub/sub has it; soon a recorder listens again.
  const plain = async () => (await redis.publish('public:a', 'plain')) && events.payloads.includes('plain');
  await waitFor(plain, { deadline: 15_000, every: 100, what: 'a plain PUBLISH to be recorded again' });
});

// Proxies cut every connection after some minutes. Here the bridge closes them every 3 seconds, during 1,000 messages.
story('with BRIDGE_MAX_AGE=3s, EventSource and a bare WebSocket loop get all of 1,000 messages, once, in order', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_MAX_AGE: '3s', BRIDGE_DRAIN: '1s' });
  const events = scene.eventSource(bridge, { channel: 'public:a' });
  const loop = scene.own(webSocketLoop(bridge, 'public:a'));
  await events.opened();
  await loop.opened();
  const said = numbers(1, 1000);
  await paced(100, 150, (i) => redis.publishAll('public:a', said.slice(i * 10, i * 10 + 10)));

  await events.received(1000, { deadline: 20_000 });
  await waitFor(() => loop.messages.length >= 1000, { deadline: 20_000, what: () => `1000 messages, ${loop.messages.length} came` });
  assertSameList(events.payloads, said, 'what the EventSource received');
  assertSameList(loop.messages.map(({ data }) => data), said, 'what the WebSocket loop received');
  assert.deepEqual([events.gaps, loop.gaps], [[], []]);
  assert.ok(events.opens >= 3, `the stream was opened ${events.opens} times`);
  assert.ok(loop.closes.length >= 3, `the WebSocket was closed ${loop.closes.length} times`);
  for (const { code, reason } of loop.closes) {
    assert.ok([1001, 1012].includes(code), `closed with ${code}`);
    assert.notEqual(reason, '');
  }
});

// What a page without any library does: connect, subscribe after the last id, and repeat that after each disconnect.
function webSocketLoop(bridge, channel) {
  const loop = { messages: [], gaps: [], closes: [], cursor: undefined, isOver: false };
  const turn = async () => {
    const client = await openWs(bridge);
    loop.client = client;
    if (loop.isOver) return client.cut();
    client.send({ type: 'subscribe', channel, ...(loop.cursor ? { after: loop.cursor } : {}) });
    client.socket.on('message', (bytes) => {
      const frame = JSON.parse(bytes.toString());
      if (frame.type === 'message') loop.messages.push(frame);
      if (frame.type === 'gap') loop.gaps.push(frame);
      if (frame.id && ['message', 'gap', 'subscribed'].includes(frame.type)) loop.cursor = frame.id;
    });
    client.socket.on('close', (code, reason) => {
      loop.closes.push({ code, reason: reason.toString() });
      if (!loop.isOver) turn().catch((error) => (loop.error = error));
    });
    return undefined;
  };
  loop.opened = async () => {
    await turn();
    await waitFor(() => loop.cursor, { what: 'the first subscribed' });
  };
  loop.close = () => {
    loop.isOver = true;
    loop.client?.cut();
  };
  return loop;
}

// Publishing never stops while browsers join: no message may be lost or doubled between backlog and live stream.
story('a browser that joins while messages pour in gets the backlog and then the live stream, each message once', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, { BRIDGE_HISTORY_LENGTH: '5000' });
  await post(bridges[0], 'public:a', '1');
  const said = numbers(1, 2000);
  const streams = [];
  await paced(100, 25, async (i) => {
    const batch = said.slice(Math.max(1, i * 20), i * 20 + 20);
    await redis.publishAll('public:a', batch);
    if (i % 5 === 0) streams.push(await scene.sse(bridges[streams.length % 2], { channel: 'public:a', parameters: { since: '0' } }));
  });
  for (const stream of streams) {
    await stream.received(said.length, { deadline: 20_000 });
    assertSameList(stream.payloads, said, 'what one of them received');
    assert.deepEqual(stream.gaps, []);
  }
});
