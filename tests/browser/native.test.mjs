// native - a real browser with its native EventSource and WebSocket, against the real binary.
import assert from 'node:assert/strict';
import { inPage, openBrowser } from '../lib/chromium.mjs';
import { areIncreasing, numbers } from '../lib/position.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { story } from '../lib/story.mjs';
import { paced, waitFor } from '../lib/wait.mjs';

async function browse(scene, address) {
  const browser = scene.own(await openBrowser());
  await browser.page.goto(address);
  return browser;
}

// The two lines of every tutorial, unchanged.
story('with BRIDGE_DEFAULT_CHANNELS, EventSource and WebSocket work in a browser without naming a channel', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_DEFAULT_CHANNELS: 'public:news' });
  const { page, errors } = await browse(scene, `${bridge.base}/healthz`);
  await page.evaluate((address) => {
    globalThis.heard = { events: [], frames: [] };
    const source = new EventSource('/events');
    source.onmessage = (event) => globalThis.heard.events.push({ data: event.data, id: event.lastEventId });
    source.addEventListener('cursor', () => (globalThis.heard.isListening = true));
    const socket = new WebSocket(address);
    socket.onmessage = (event) => globalThis.heard.frames.push(JSON.parse(event.data));
  }, `${bridge.base.replace('http', 'ws')}/ws`);
  await inPage(page, 'heard.isListening && heard.frames.some(({ type }) => type === "subscribed")', { what: 'both to listen' });

  await redis.cli('PUBLISH', 'public:news', 'hello');
  await redis.publish('public:news', 'zwei\r\nZeilen 😀\0');

  await inPage(page, 'heard.events.length >= 2 && heard.frames.filter(({ type }) => type === "message").length >= 2');
  const heard = await page.evaluate('heard');
  const messages = heard.frames.filter(({ type }) => type === 'message');
  assert.deepEqual(heard.events.map(({ data }) => data), ['hello', 'zwei\nZeilen 😀\0']);
  assert.deepEqual(messages.map(({ data }) => data), ['hello', 'zwei\r\nZeilen 😀\0']);
  assert.deepEqual(heard.events.map(({ id }) => id), messages.map(({ id }) => id));
  assert.deepEqual(errors, []);
});

// The hardest case for a page without any library: connections are closed all the time, a load balancer without
// affinity is in front of two instances, and messages never stop.
story('streams cut every 3 s, two instances: native EventSource and WebSocket get all of 1,000 messages, once, in order', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, { BRIDGE_MAX_AGE: '3s', BRIDGE_DRAIN: '1s' });
  const proxy = await scene.proxy(bridges);
  const { page, errors } = await browse(scene, `${proxy.base}/healthz`);
  await page.evaluate((address) => {
    const heard = (globalThis.heard = { events: [], messages: [], gaps: [], opens: 0, closes: [], isListening: 0 });
    const source = new EventSource('/events?channel=public:a');
    source.onopen = () => heard.opens++;
    source.onmessage = (event) => heard.events.push({ data: event.data, id: event.lastEventId });
    source.addEventListener('gap', (event) => heard.gaps.push(event.data));
    source.addEventListener('cursor', () => heard.isListening++, { once: true });
    let last;
    const connect = () => {
      const socket = new WebSocket(address);
      socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', channel: 'public:a', after: last }));
      socket.onmessage = (event) => {
        const frame = JSON.parse(event.data);
        if (frame.type === 'subscribed' && !last) heard.isListening++;
        if (frame.type === 'message') heard.messages.push(frame);
        if (frame.type === 'gap') heard.gaps.push(frame);
        if (frame.type === 'ping') socket.send('{"type":"pong"}');
        if (frame.id && ['message', 'gap', 'subscribed'].includes(frame.type)) last = frame.id;
      };
      socket.onclose = (event) => {
        heard.closes.push({ code: event.code, reason: event.reason });
        connect();
      };
    };
    connect();
  }, `${proxy.base.replace('http', 'ws')}/ws`);
  await inPage(page, 'heard.isListening === 2', { what: 'both to listen' });

  const said = numbers(1, 1000);
  await paced(100, 150, (i) => redis.publishAll('public:a', said.slice(i * 10, i * 10 + 10)));

  await inPage(page, 'heard.events.length >= 1000 && heard.messages.length >= 1000', { deadline: 20_000, what: 'all messages' });
  const heard = await page.evaluate('heard');
  assertSameList(heard.events.map(({ data }) => data), said, 'what the EventSource received');
  assertSameList(heard.messages.map(({ data }) => data), said, 'what the WebSocket received');
  assertSameList(heard.events.map(({ id }) => id), heard.messages.map(({ id }) => id), 'the ids');
  assert.ok(areIncreasing(heard.events.map(({ id }) => id)));
  assert.deepEqual(heard.gaps, []);
  assert.ok(heard.opens >= 3, `the EventSource was opened ${heard.opens} times`);
  assert.ok(heard.closes.length >= 3 && heard.closes.every(({ code, reason }) => [1001, 1012].includes(code) && reason), 'closed with a reason');
  for (const [port, count] of proxy.counts) assert.ok(count > 0, `instance ${port} served`);
  assert.deepEqual(errors, []);
}, { timeout: 58_000 });

// A deploy while a page is open.
story('in a deploy the page sees 1012 on its WebSocket, and its EventSource reconnects by itself and misses nothing', async (scene) => {
  const { redis, bridge } = await scene.start();
  const { page } = await browse(scene, `${bridge.base}/healthz`);
  await page.evaluate((address) => {
    const heard = (globalThis.heard = { events: [], isListening: false, closes: [] });
    globalThis.source = new EventSource('/events?channel=public:a');
    source.onmessage = (event) => heard.events.push(event.data);
    source.addEventListener('cursor', () => (heard.isListening = true));
    const socket = new WebSocket(address, 'bridge.v1.json');
    socket.onclose = (event) => heard.closes.push({ code: event.code, reason: event.reason, wasClean: event.wasClean });
    socket.onmessage = () => (heard.isOpen = true);
  }, `${bridge.base.replace('http', 'ws')}/ws?channel=public:a`);
  await inPage(page, 'heard.isListening && heard.isOpen', { what: 'both to listen' });
  await redis.publish('public:a', 'before');
  await inPage(page, 'heard.events.length >= 1');

  await bridge.stop();
  await redis.record('public:a', 'during');
  await inPage(page, 'heard.closes.length >= 1');
  assert.notEqual(await page.evaluate('source.readyState'), 2, 'the EventSource has not given up');
  await bridge.start();
  await redis.publish('public:a', 'after');

  await inPage(page, 'heard.events.length >= 3', { deadline: 20_000 });
  const heard = await page.evaluate('heard');
  assert.deepEqual(heard.events, ['before', 'during', 'after']);
  assert.equal(heard.closes[0].code, 1012);
  assert.notEqual(heard.closes[0].reason, '');
  assert.equal(heard.closes[0].wasClean, true);
});

// Only the URL tells where this EventSource was.
story('a native EventSource receives a gap', async (scene) => {
  const { redis, bridge } = await scene.start();
  await redis.record('public:a', 'kept');
  const { page } = await browse(scene, `${bridge.base}/healthz`);
  await page.evaluate(() => {
    globalThis.heard = { gaps: [], events: [] };
    const source = new EventSource('/events?channel=public:a&lastEventId=99999999999999-0');
    source.onmessage = (event) => globalThis.heard.events.push(event.data);
    source.addEventListener('gap', (event) => globalThis.heard.gaps.push(JSON.parse(event.data)));
  });
  await inPage(page, 'heard.gaps.length && heard.events.length');
  const { gaps, events } = await page.evaluate('heard');
  assert.equal(gaps[0].reason, 'ahead');
  assert.deepEqual(events, ['kept']);
});

// The browser enforces CORS here.
story('a page of another origin can subscribe, publish and read the history', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const { page } = await browse(scene, `${bridges[0].base}/healthz`);
  await page.evaluate((base) => {
    globalThis.heard = { events: [] };
    const source = new EventSource(`${base}/events?channel=public:a`);
    source.onmessage = (event) => globalThis.heard.events.push(event.data);
    source.addEventListener('cursor', () => (globalThis.heard.isListening = true));
  }, bridges[1].base);
  await inPage(page, 'heard.isListening');
  await redis.publish('public:a', 'from redis');
  const id = await page.evaluate(async (base) => {
    const answer = await fetch(`${base}/publish?channel=public:a`, { method: 'POST', body: 'from the page' });
    return (await answer.json()).id;
  }, bridges[1].base);
  assert.match(id, /^\d+-\d+$/);
  await inPage(page, 'heard.events.length >= 2');
  assert.deepEqual((await page.evaluate('heard')).events.sort(), ['from redis', 'from the page']);
  const { entries } = await page.evaluate(
    async (base) => (await fetch(`${base}/history?channel=public:a&after=0-0`, { headers: { 'Last-Event-ID': '0-0' } })).json(),
    bridges[1].base,
  );
  assert.equal(entries.length, 2);
});

// The first thing that a new user opens.
story('the page at / shows what is published and publishes what is typed', async (scene) => {
  const { redis, bridge } = await scene.start();
  const backend = scene.own(await redis.cliSubscribe('public:room'));
  const { page, errors } = await browse(scene, `${bridge.base}/`);
  const shows = (text) => page.evaluate((one) => document.body.innerText.includes(one), text);
  await page.getByRole('textbox', { name: /channel/i }).fill('public:room', { timeout: 5_000 });
  await page.getByRole('button', { name: /listen/i }).click({ timeout: 5_000 });
  let count = 0;
  await waitFor(
    async () => {
      await redis.publish('public:room', `shown on the page ${++count}`);
      return shows('shown on the page');
    },
    { deadline: 20_000, every: 200, what: 'the page to show a message' },
  );

  const text = 'typed in the page <b>&amp;</b> 😀';
  const field = page.getByRole('textbox', { name: /message/i });
  await field.fill(text, { timeout: 5_000 });
  await field.press('Enter');
  await waitFor(() => backend.heard().includes(text), { what: 'redis-cli SUBSCRIBE to receive what was typed' });
  await waitFor(() => shows(text), { what: 'the page to show what was typed, as text' });
  assert.deepEqual(errors, []);
});
