// 60-admit - who may subscribe and publish where: patterns in the settings, internal names, invalid names.
import assert from 'node:assert/strict';
import { query, request } from '../lib/http.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';
import { RAW_PROTOCOL } from '../lib/ws.mjs';

const say = (bridge, channel, body = 'x') => request(bridge, '/publish' + query(channel), { method: 'POST', body });

async function refused(bridge, path, status, code, options) {
  const answer = await request(bridge, path, options);
  assert.equal(answer.status, status, `${path}: ${answer.status} ${answer.text.slice(0, 200)}`);
  assert.match(answer.headers['content-type'], /^application\/json/);
  const { error } = answer.json();
  assert.equal(error.code, code, path);
  assert.notEqual(error.message ?? '', '', path);
}

// A WebSocket is accepted first, and then gets an error frame or a close code if something is forbidden.
async function refusedByWs(client) {
  const told = await waitFor(() => client.frames.find(({ type }) => type === 'error') ?? client.closed, { what: 'a refusal' });
  assert.ok(told.code === 'forbidden' || told.code === 4403, JSON.stringify(told));
}

// Anonymous browsers may listen to what the setting names and to nothing else: not by name, not by pattern, not on any
// endpoint.
story('channels outside BRIDGE_SUBSCRIBE are forbidden everywhere', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_SUBSCRIBE: 'public:*,news', BRIDGE_CHANNELS: '*' });
  for (const channel of ['private:a', 'newsletter', 'publi', 'PUBLIC:a', 'private:*', '*', 'p*', '*:a']) {
    await refused(bridge, '/events' + query(channel), 403, 'forbidden');
    await refused(bridge, '/history' + query(channel), 403, 'forbidden');
    await refusedByWs(await scene.ws(bridge, { channel }));
    await refusedByWs(await scene.ws(bridge, { channel, protocols: [RAW_PROTOCOL] }));
  }
  await refused(bridge, '/events' + query(['public:a', 'private:a']), 403, 'forbidden');

  const allowed = await scene.listen(bridge, ['public:a', 'news', 'public:x:*']);
  const client = await scene.speak(bridge, 'public:a');
  const answer = await client.subscribe('private:a');
  assert.deepEqual([answer.type, answer.code], ['error', 'forbidden']);
  for (const channel of ['private:a', 'news', 'public:x:1', 'public:a']) await redis.record(channel, `to ${channel}`);
  await allowed.received(3);
  await client.received(1);
  assert.deepEqual(allowed.payloads, ['to news', 'to public:x:1', 'to public:a']);
  assert.deepEqual(client.payloads, ['to public:a']);
});

// A wiki lets everyone read and nobody write.
story('without BRIDGE_PUBLISH no browser may publish, and with it only to the channels that it names', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_PUBLISH: undefined });
  assert.equal((await say(bridge, 'public:a')).status, 403);
  const mute = await scene.speak(bridge, 'public:a');
  const answer = await mute.ask({ type: 'publish', channel: 'public:a', data: 'x' });
  assert.deepEqual([answer.type, answer.code], ['error', 'forbidden']);
  mute.send(Buffer.from('publish public:a 5\nx'));
  assert.equal((await mute.frame(({ ref }) => Number(ref) === 5)).code, 'forbidden');
  const raw = await scene.ws(bridge, { channel: 'public:a', protocols: [RAW_PROTOCOL] });
  raw.send('x');
  assert.equal((await raw.end()).code, 4403);
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:a'), 0);

  const other = await scene.bridge({ redis, env: { BRIDGE_PUBLISH: 'public:chat:*' } });
  assert.equal((await say(other, 'public:a')).status, 403);
  assert.equal((await say(other, 'public:chat:1')).status, 200);
  assert.equal((await say(other, 'public:chat:*')).status >= 400, true, 'a pattern is not a channel to publish to');
});

// BRIDGE_CHANNELS is the outer limit, whatever the other patterns allow.
story('nothing outside BRIDGE_CHANNELS is served', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_CHANNELS: 'public:a:*', BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*' });
  await refused(bridge, '/events' + query('public:b:1'), 403, 'forbidden');
  await refused(bridge, '/history' + query('public:b:1'), 403, 'forbidden');
  await refused(bridge, '/publish' + query('public:b:1'), 403, 'forbidden', { method: 'POST', body: 'x' });
  const stream = await scene.listen(bridge, 'public:a:1');
  await redis.publish('public:b:1', 'outside');
  await redis.publish('public:a:1', 'inside');
  await stream.received(1);
  assert.equal(await redis.call('EXISTS', 'bridge:log:public:b:1'), 0);
});

// The bridge's own channels carry everyone's messages and its internal protocol. No setting gives access to them.
story('internal names can never be subscribed to, published to or recorded', async (scene) => {
  for (const [prefix, env] of [['bridge:', {}], ['inner:', { BRIDGE_PREFIX: 'inner:' }]]) {
    const open = { BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*', BRIDGE_CHANNELS: '*', ...env };
    const { redis, bridge } = await scene.start(open);
    const everything = await scene.listen(bridge, '*');
    const client = await scene.speak(bridge);
    for (const name of ['live:public:a', 'control', 'beat:1', 'log:public:a', 'x']) {
      const channel = prefix + name;
      await refused(bridge, '/events' + query(channel), 403, 'forbidden');
      await refused(bridge, '/history' + query(channel), 403, 'forbidden');
      await refused(bridge, '/publish' + query(channel), 403, 'forbidden', { method: 'POST', body: 'x' });
      assert.equal((await client.subscribe(channel)).code, 'forbidden', channel);
      assert.equal((await client.ask({ type: 'publish', channel, data: 'x' })).code, 'forbidden', channel);
    }
    await refused(bridge, '/events' + query(`${prefix}*`), 403, 'forbidden');
    assert.equal((await client.subscribe(`${prefix}live:*`)).code, 'forbidden');

    await redis.publish(`${prefix}x`, 'a plain PUBLISH on an inner name');
    await redis.publish('public:a', 'a plain PUBLISH');
    await everything.received(1);
    await redis.call('FCALL', `${prefix.slice(0, -1)}_publish`, 1, 'public:a', 'end');
    await everything.received(2);
    assert.deepEqual(everything.messages.map(({ event, data }) => [event, data]), [
      ['public:a', 'a plain PUBLISH'],
      ['public:a', 'end'],
    ]);
    assert.equal(await redis.call('EXISTS', `${prefix}log:${prefix}x`), 0);
  }
});

// A channel name is used in Redis commands, logs and event names. An invalid one is refused before it gets there.
story('invalid channel names are answered with 400 and bad_channel', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_SUBSCRIBE: '*', BRIDGE_PUBLISH: '*' });
  const bad = {
    empty: '',
    'too long': encodeURIComponent('x'.repeat(257)),
    'too long in bytes': encodeURIComponent('€'.repeat(86)),
    NUL: 'a%00b',
    LF: 'a%0Ab',
    CRLF: 'a%0D%0APUBLISH%20x%20y',
    tab: 'a%09b',
    escape: 'a%1Bb',
    DEL: 'a%7Fb',
    'not UTF-8': 'a%FFb',
    'half a character': 'a%E2%82',
    surrogate: '%ED%A0%80',
  };
  const refusal = (what) => (/LF/.test(what) ? /^bad_(channel|request)$/ : /^bad_channel$/); // a URL may not contain line breaks
  for (const [what, encoded] of Object.entries(bad)) {
    for (const path of ['/events', '/history']) {
      const answer = await request(bridge, `${path}?channel=${encoded}`);
      assert.equal(answer.status, 400, `${what} at ${path}`);
      assert.match(answer.json().error.code, refusal(what), `${what} at ${path}`);
    }
    const posted = await request(bridge, `/publish?channel=${encoded}`, { method: 'POST', body: 'x' });
    assert.equal(posted.status, 400, `${what} at /publish`);
    assert.match(posted.json().error.code, refusal(what));
  }
  const client = await scene.speak(bridge);
  for (const channel of ['', 'x'.repeat(257), 'a\0b', 'a\nb', 'a\x7fb']) {
    for (const type of ['subscribe', 'publish']) {
      const answer = await client.ask({ type, channel, data: 'x' });
      assert.deepEqual([answer.type, answer.code], ['error', 'bad_channel'], `${type} ${JSON.stringify(channel)}`);
    }
  }
  assert.equal((await request(bridge, '/publish', { method: 'POST', body: 'x' })).status, 400, 'no channel at all');

  const good = ['x'.repeat(256), 'räume:größe €😀', 'with blank', 'a&b=c+d%2F/;#', `quotes"'`];
  for (const channel of good) {
    const stream = await scene.listen(bridge, channel);
    const chat = await scene.speak(bridge, channel);
    await redis.record(channel, 'hello');
    await stream.received(1);
    const [message] = await chat.received(1);
    assert.equal(message.channel, channel);
    assert.equal((await say(bridge, channel)).status, 200, channel);
  }
});

// A client tries to open one connection with a million channels.
story('a connection can have no more channels than BRIDGE_MAX_CHANNELS', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_MAX_CHANNELS: '5' });
  const names = (count) => Array.from({ length: count }, (_, i) => `public:${i}`);
  await scene.listen(bridge, names(5));
  const answer = await request(bridge, '/events' + query(names(6)));
  assert.ok([400, 403].includes(answer.status), `six channels: ${answer.status}`);
  assert.notEqual(answer.json().error.message, '');
  const client = await scene.speak(bridge);
  for (const name of names(5)) assert.equal((await client.subscribe(name)).type, 'subscribed');
  assert.equal((await client.subscribe('public:6')).type, 'error');
  client.send({ type: 'unsubscribe', channel: 'public:0' });
  assert.equal((await client.subscribe('public:6')).type, 'subscribed', 'unsubscribing makes room for another channel');
});
