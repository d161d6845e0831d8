// 24-snippets - what the protocol page tells people to paste, and the traps around it, in Chromium and in Firefox: the page on
// one origin, the bridge on another.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { post, request } from '../lib/http.mjs';
import { freePort } from '../lib/port.mjs';
import { story } from '../lib/story.mjs';
import { BROWSERS, visit } from '../lib/visit.mjs';
import { holdsFor, waitFor } from '../lib/wait.mjs';
import { codeWith } from './page.mjs';
import { prove } from './prove.mjs';
import { startNginx } from './proxies.mjs';

const PAGE = 'bridge/web/README.md';
const EVENTS = '(function listen()';
const SOCKET = 'let socket, id';

// The functions that the snippets expect a page to have, and the snippet with the address of this bridge.
function pasted(part, port) {
  const functions = ['show', 'reload', 'refused'].map((name) => `const ${name} = (...what) => report('${name}', ...what);\n`).join('');
  const code = codeWith(PAGE, part).replaceAll('https://live', 'http://live').replaceAll('wss://live', 'ws://live');
  return functions + code.replaceAll('live.example.com', `127.0.0.1:${port}`);
}

const shown = (tab) => tab.of('show').map(([text]) => text).filter((text) => text !== 'probe');

// The page is subscribed once it shows a message.
function listens(tab, bridge, channel) {
  return waitFor(async () => {
    await post(bridge, channel, 'probe');
    return tab.of('show').length > 0;
  }, { deadline: 60_000, every: 100, what: `${tab.name} to show a message` });
}

const shows = (tab, expected) =>
  waitFor(() => shown(tab).length >= expected.length, { deadline: 40_000, what: () => `${expected} (it shows ${shown(tab)})` })
    .then(() => assert.deepEqual(shown(tab), expected));

function each(name, tell) {
  for (const browser of Object.keys(BROWSERS)) story(`${browser}: ${name}`, (scene) => tell(scene, browser), { timeout: 150_000 });
}

each('the snippet for Server-Sent Events decodes bytes, survives a restart and is told of a gap', async (scene, browser) => {
  const { redis, bridge } = await scene.start();
  const tab = scene.own(await visit(browser, pasted(EVENTS, bridge.port)));
  await listens(tab, bridge, 'public:news');
  await post(bridge, 'public:news', 'one');
  await shows(tab, ['one']);
  await bridge.kill();
  await redis.record('public:news', 'two');
  await bridge.start();
  await post(bridge, 'public:news', Buffer.from([0xff, 0x41]));
  await shows(tab, ['one', 'two', '\u00ffA']);
  await bridge.kill();
  await redis.call('FLUSHALL');
  await bridge.start();
  const [[gap]] = await tab.reported('reload');
  assert.deepEqual([gap.channel, gap.reason], ['public:news', 'reset']);
  assert.deepEqual(tab.of('error'), []);
});

each('the snippet for Server-Sent Events learns that it is refused', async (scene, browser) => {
  const { bridge } = await scene.start({ BRIDGE_SUBSCRIBE: 'other' });
  const tab = scene.own(await visit(browser, pasted(EVENTS, bridge.port)));
  await tab.reported('refused');
});

// nginx answers 502 while the bridge is away, and EventSource stops for good.
each('the snippet for Server-Sent Events goes on after a 502 of a proxy', async (scene, browser) => {
  const { redis, bridge } = await scene.start();
  const proxy = scene.own(await startNginx(`server { listen 8080; location / { proxy_pass ${bridge.base}; } }`));
  const tab = scene.own(await visit(browser, pasted(EVENTS, proxy.port)));
  await listens(tab, bridge, 'public:news');
  await bridge.kill();
  await waitFor(async () => (await request(proxy, '/healthz')).status === 502);
  await redis.record('public:news', 'missed');
  await holdsFor(6000, () => assert.deepEqual(shown(tab), []));
  await bridge.start();
  await shows(tab, ['missed']);
});

// An id of another product, or of another Redis, from before a move.
each('the WebSocket loop starts anew if its id is refused', async (scene, browser) => {
  const { bridge } = await scene.start();
  const script = pasted(SOCKET, bridge.port).replace('let socket, id,', "let socket, id = 'urn:uuid:1',");
  const tab = scene.own(await visit(browser, script));
  await listens(tab, bridge, 'public:chat');
  assert.deepEqual(tab.of('refused'), []);
});

each('the WebSocket loop misses nothing through restarts', async (scene, browser) => {
  const { redis, bridge } = await scene.start({ BRIDGE_DRAIN: '1s' });
  const tab = scene.own(await visit(browser, pasted(SOCKET, bridge.port)));
  await listens(tab, bridge, 'public:chat');
  assert.deepEqual(tab.of('error'), []);
  const expected = [];
  for (const end of ['kill', 'stop', 'kill']) {
    for (let i = 0; i < 5; i++) expected.push(`message ${expected.length}`) && (await post(bridge, 'public:chat', expected.at(-1)));
    await bridge[end]();
    for (let i = 0; i < 5; i++) expected.push(`message ${expected.length}`) && (await redis.record('public:chat', expected.at(-1)));
    await bridge.start();
    await shows(tab, expected);
  }
  assert.deepEqual([tab.of('error'), tab.of('refused')], [[], []]);
});

// Each row of traps has its page; the same script runs in both browsers.
async function inBoth(scene, script, check) {
  for (const browser of Object.keys(BROWSERS)) {
    const tab = scene.own(await visit(browser, script));
    await check(tab);
    assert.deepEqual(tab.of('error'), []);
    await tab.close();
  }
}

prove('bridge/web/README.md', 'Snippets and their traps', (scene) => scene.start(), {
  'several channels, and onmessage stays silent': ({ bridge }, scene) => {
    const script = `
      const url = '${bridge.base}/events?channel=public:a&channel=public:b';
      const named = new EventSource(url), whole = new EventSource(url + '&format=json');
      named.onmessage = () => report('onmessage');
      named.addEventListener('public:a', ({ data }) => report('show', data));
      whole.onmessage = ({ data }) => report('whole', JSON.parse(data).channel);`;
    return inBoth(scene, script, async (tab) => {
      await listens(tab, bridge, 'public:a');
      await tab.reported('whole');
      assert.deepEqual([tab.of('onmessage'), tab.of('whole')[0]], [[], ['public:a']]);
    });
  },
  // The new object sends no Last-Event-ID, so it begins now.
  'a new EventSource is made in every onerror': async ({ bridge, redis }, scene) => {
    const stream = await scene.listen(bridge, 'public:a');
    await redis.record('public:a', 'missed');
    await stream.received(1);
    const fresh = await scene.listen(bridge, 'public:a');
    await redis.record('public:a', 'next');
    await fresh.received(1);
    assert.deepEqual(fresh.payloads, ['next']);
  },
  'a page that was reloaded misses what came in between': async ({ bridge, redis }, scene) => {
    const lastEventId = await redis.record('public:a', 'seen');
    await redis.record('public:a', 'missed');
    const stream = await scene.sse(bridge, { path: `/events?channel=public:a&last_event_id=${lastEventId}` });
    await stream.received(1);
    assert.deepEqual(stream.payloads, ['missed']);
  },
  "EventSource can't show why it was refused": ({ bridge }, scene) => {
    const script = `
      const url = '${bridge.base}/events?channel=private', source = new EventSource(url);
      source.onerror = async (event) => report('why', Object.keys(event).includes('status'), (await (await fetch(url)).json()).error.message);`;
    return inBoth(scene, script, async (tab) => {
      const [[hasStatus, message]] = await tab.reported('why');
      assert.deepEqual([hasStatus, message], [false, 'channel "private" is not open for listening (BRIDGE_SUBSCRIBE)']);
    });
  },
  'six tabs are open, and the seventh hangs': ({ bridge }, scene) => {
    const script = `
      const url = '${bridge.base}/events?channel=public:a', sources = Array.from({ length: 7 }, () => new EventSource(url));
      let open = 0;
      for (const source of sources) source.onopen = () => {
        if (++open === 6) setTimeout(() => { report('open', open); sources.find(({ readyState }) => readyState === 1).close(); }, 1000);
        if (open === 7) report('open', open);
      };`;
    return inBoth(scene, script, async (tab) => assert.deepEqual(await tab.reported('open', 2), [[6], [7]]));
  },
  // A server that accepts and closes: the delay grows, so there are few attempts.
  'reconnecting at once, or every client at the same moment': async (_, scene) => {
    for (const browser of Object.keys(BROWSERS)) {
      const attempts = [];
      const server = net.createServer((socket) => {
        attempts.push(Date.now());
        socket.destroy();
      });
      const port = await freePort();
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      const tab = scene.own(await visit(browser, pasted(SOCKET, port)));
      await waitFor(() => attempts.length >= 4, { deadline: 60_000, what: `${browser} to try four times` });
      const waits = attempts.slice(1).map((at, i) => at - attempts[i]);
      assert.ok(waits[0] >= 450 && waits[2] >= 1900, `${waits} ms`);
      await tab.close();
      server.close();
    }
  },
  'reconnecting after 4403 or 1008': async ({ redis }, scene) => {
    const bridge = await scene.bridge({ redis, env: { BRIDGE_SUBSCRIBE: 'other' } });
    await inBoth(scene, pasted(SOCKET, bridge.port), async (tab) => {
      const [[reason]] = await tab.reported('refused');
      assert.equal(reason, 'channel "public:chat" is not open for listening (BRIDGE_SUBSCRIBE)');
      await holdsFor(1500, () => assert.equal(tab.of('refused').length, 1));
    });
  },
  'binary payloads': async ({ bridge }, scene) => {
    const script = `
      const socket = new WebSocket('${bridge.base.replace('http', 'ws')}/ws?channel=public:bytes');
      let isBlob;
      socket.onmessage = ({ data }) => {
        if (typeof data === 'string') return JSON.parse(data).type === 'subscribed' && report('listens');
        if (data instanceof Blob) { isBlob = true; socket.binaryType = 'arraybuffer'; return report('blob'); }
        const bytes = new Uint8Array(data);
        report('bytes', isBlob, [...bytes.slice(bytes.indexOf(10) + 1)]);
      };`;
    await inBoth(scene, script, async (tab) => {
      await tab.reported('listens');
      await post(bridge, 'public:bytes', Buffer.from([255, 10, 0]));
      await tab.reported('blob');
      await post(bridge, 'public:bytes', Buffer.from([255, 10, 0]));
      assert.deepEqual(await tab.reported('bytes'), [[true, [255, 10, 0]]]);
    });
  },
  'send while the socket is not open': ({ bridge }, scene) => {
    const script = `
      const socket = new WebSocket('${bridge.base.replace('http', 'ws')}/ws');
      try { socket.send('too early'); } catch ({ name }) { report('early', name); }
      socket.onopen = () => { socket.close(); socket.send('too late'); report('late', 'lost'); };`;
    return inBoth(scene, script, async (tab) => {
      assert.deepEqual(await tab.reported('early'), [['InvalidStateError']]);
      assert.deepEqual(await tab.reported('late'), [['lost']]);
    });
  },
}, { timeout: 290_000 });
