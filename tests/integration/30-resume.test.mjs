// 30-resume - a browser that comes back gets exactly what it missed, wherever it comes back to.
import assert from 'node:assert/strict';
import { history } from '../lib/http.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { areIncreasing, comparePositions, numbers } from '../lib/position.mjs';
import { story } from '../lib/story.mjs';

// Publishes "1" … "count", taking turns among the channels; what a listener to all of them must get.
async function publishRound(redis, channels, count, first = 1) {
  const said = numbers(first, first + count - 1).map((data, i) => ({ channel: channels[i % channels.length], data }));
  await Promise.all(said.map(({ channel, data }) => redis.publish(channel, data)));
  return said;
}

// On A until the first entry came, then cut; `count` entries meanwhile; on B with the last id: exactly those, in order, once.
async function resumeElsewhere(scene, asked, channels) {
  const { redis, bridges } = await scene.fleet(2);
  const witness = await scene.listen(bridges[1], asked);
  const onA = await scene.listen(bridges[0], asked);
  await publishRound(redis, channels, 3);
  await onA.received(3);
  onA.cut();
  const missed = await publishRound(redis, channels, 50, 4);
  await witness.received(53);

  const onB = await scene.listen(bridges[1], asked, { lastEventId: onA.lastEventId });
  await onB.received(50);
  await redis.publish(channels[0], 'after');
  await onB.received(51);
  assertSameList(onB.payloads, [...missed.map(({ data }) => data), 'after'], 'what B gave');
  assert.deepEqual(onB.gaps, []);
  assertSameList(onB.messages.slice(0, 50).map(({ id }) => id), witness.messages.slice(3, 53).map(({ id }) => id), 'the ids');
  assert.ok(areIncreasing([onA.lastEventId, ...onB.messages.map(({ id }) => id)]));
}

// A laptop is carried to another network; the load balancer sends it to another instance.
story('one channel, cut on A, resumed on B: exactly the 50 missed entries, in order, once', (scene) =>
  resumeElsewhere(scene, 'public:a', ['public:a']));

// One id speaks for all the channels of a connection.
story('three channels on one connection resume with one id', (scene) =>
  resumeElsewhere(scene, ['public:a', 'public:b', 'public:c'], ['public:a', 'public:b', 'public:c']));

// The same for a pattern, channels that came into being meanwhile included.
story('a pattern resumes with one id, new channels included', (scene) =>
  resumeElsewhere(scene, 'public:room:*', ['public:room:1', 'public:room:2', 'public:room:3', 'public:room:4']));

// A page over WebSocket remembers the last id and gives it back with `after` when it subscribes on another instance.
story('a WebSocket client resumes with `after` on another instance, and with last_event_id in the address', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const onA = await scene.speak(bridges[0], 'public:a');
  await redis.publish('public:a', 'seen');
  await onA.received(1);
  onA.cut();
  const missed = numbers(1, 50);
  for (const data of missed) await redis.record('public:a', data);

  const byFrame = await scene.speak(bridges[1]);
  const subscribed = await byFrame.subscribe('public:a', onA.lastId);
  assert.equal(subscribed.type, 'subscribed');
  assert.deepEqual(byFrame.payloads, missed, '`subscribed` comes when the channel has been caught up');
  const byAddress = await scene.speak(bridges[1], 'public:a', { parameters: { last_event_id: onA.lastId } });
  await redis.publish('public:a', 'after');
  for (const client of [byFrame, byAddress]) {
    await client.received(51);
    assertSameList(client.payloads, [...missed, 'after'], 'what was given');
    assert.deepEqual(client.gaps, []);
    assert.ok(areIncreasing(client.messages.map(({ id }) => id)));
  }
});

// The cut comes before the first message: the cursor of the first block is enough.
story('a stream that was cut before its first entry resumes as well', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const onA = await scene.listen(bridges[0], 'public:a');
  onA.cut();
  await redis.record('public:a', 'missed');
  const onB = await scene.listen(bridges[1], 'public:a', { lastEventId: onA.lastEventId });
  await onB.received(1);
  assert.deepEqual(onB.payloads, ['missed']);
  assert.deepEqual(onB.gaps, []);
});

// A cursor is one for everything: another set of channels, another protocol, another instance.
story('an id from one protocol and set of channels is good for any other', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const stream = await scene.listen(bridges[0], 'public:a');
  await redis.record('public:a', 'seen');
  await stream.received(1);
  const id = stream.lastEventId;
  await redis.record('public:b', 'b after');
  await redis.record('public:a', 'a after');
  const chat = await scene.speak(bridges[1], ['public:b', 'public:a'], { parameters: { last_event_id: id } });
  await chat.received(2);
  assert.deepEqual(chat.payloads, ['b after', 'a after']);
  const pattern = await scene.listen(bridges[1], 'public:*', { lastEventId: chat.messages[0].id });
  await pattern.received(1);
  assert.deepEqual(pattern.payloads, ['a after']);
});

// Each library has its own way to say where it was; the native EventSource repeats the address, so its header wins.
story('the start can be given by header or parameter in every spelling, and the header wins', async (scene) => {
  const { redis, bridge } = await scene.start();
  const ids = [];
  for (const data of numbers(1, 5)) ids.push(await redis.record('public:a', data));
  const starts = [
    [{ lastEventId: ids[2] }, ['4', '5']],
    [{ parameters: { last_event_id: ids[2] } }, ['4', '5']],
    [{ parameters: { lastEventId: ids[2] } }, ['4', '5']],
    [{ parameters: { 'last-event-id': ids[2] } }, ['4', '5']],
    [{ parameters: { 'Last-Event-Id': ids[2] } }, ['4', '5']],
    [{ parameters: { replay: '2' } }, ['4', '5']],
    [{ parameters: { replay: '100' } }, ['1', '2', '3', '4', '5']],
    [{ parameters: { since: '0' } }, ['1', '2', '3', '4', '5']],
    [{ parameters: { since: ids[2] } }, ['4', '5']],
    [{ lastEventId: ids[3], parameters: { last_event_id: ids[0] } }, ['5']],
    [{ lastEventId: ids[3], parameters: { since: '0' } }, ['5']],
    [{ lastEventId: ids[3], parameters: { replay: '5' } }, ['5']],
    [{ parameters: {} }, []],
  ];
  const streams = [];
  for (const [options] of starts) streams.push(await scene.listen(bridge, 'public:a', options));
  await redis.record('public:a', 'end');
  for (const [i, [options, expected]] of starts.entries()) {
    await streams[i].received(expected.length + 1);
    assert.deepEqual(streams[i].payloads, [...expected, 'end'], JSON.stringify(options));
    assert.deepEqual(streams[i].gaps, [], JSON.stringify(options));
  }
});

// A server renders the first page from /history and hands the browser the cursor; nothing is shown twice or missing.
story('/history pages through everything, and its cursor goes on over SSE', async (scene) => {
  const { redis, bridge } = await scene.start();
  const said = [];
  for (const data of numbers(1, 25)) {
    said.push({ channel: `public:${Number(data) % 2}`, data });
    await redis.record(said.at(-1).channel, data);
  }
  for (const channel of [['public:0', 'public:1'], 'public:*']) {
    const entries = [];
    let cursor = '0-0';
    for (let more = true, pages = 0; more; pages++) {
      assert.ok(pages < 10, 'the pages come to an end');
      const page = await history(bridge, channel, { after: cursor, limit: 10 });
      assert.ok(page.entries.length <= 10);
      assert.deepEqual(page.gaps, []);
      entries.push(...page.entries);
      ({ cursor, more } = page);
    }
    assert.deepEqual(entries.map(({ type, channel: from, data }) => ({ type, channel: from, data })),
      said.map((one) => ({ type: 'message', ...one })));
    assert.ok(areIncreasing(entries.map(({ id }) => id)));
    assert.ok(comparePositions(entries.at(-1).id, cursor) <= 0);

    const stream = await scene.listen(bridge, channel, { parameters: { since: cursor } });
    const next = await redis.record('public:1', 'next');
    await stream.received(1);
    assert.deepEqual(stream.messages.map(({ id }) => id), [next]);
    said.push({ channel: 'public:1', data: 'next' });
  }
});
