// 30-resume - a browser that reconnects, to whichever instance, gets exactly what it missed.
import assert from 'node:assert/strict';
import { history } from '../lib/http.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { areIncreasing, comparePositions, numbers } from '../lib/position.mjs';
import { story } from '../lib/story.mjs';

// Publishes `count` numbers, from `first` on, to the channels in turn; returns what a listener to all of them must get.
async function publishRound(redis, channels, count, first = 1) {
  const said = numbers(first, first + count - 1).map((data, i) => ({ channel: channels[i % channels.length], data }));
  await Promise.all(said.map(({ channel, data }) => redis.publish(channel, data)));
  return said;
}

// Listens on A, drops the connection after three entries, publishes 50 more, and resumes on B with the last id: B must
// send exactly those, in order, once.
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
  assertSameList(onB.payloads, [...missed.map(({ data }) => data), 'after'], 'what B sent');
  assert.deepEqual(onB.gaps, []);
  assertSameList(onB.messages.slice(0, 50).map(({ id }) => id), witness.messages.slice(3, 53).map(({ id }) => id), 'the ids');
  assert.ok(areIncreasing([onA.lastEventId, ...onB.messages.map(({ id }) => id)]));
}

// A laptop moves to another network; the load balancer sends it to another instance.
story('a browser that reconnects to another instance gets exactly the 50 entries that it missed, in order, once', (scene) =>
  resumeElsewhere(scene, 'public:a', ['public:a']));

// One id covers all the channels of a connection.
story('three channels on one connection resume with one id', (scene) =>
  resumeElsewhere(scene, ['public:a', 'public:b', 'public:c'], ['public:a', 'public:b', 'public:c']));

story('a pattern resumes with one id, including channels that are new', (scene) =>
  resumeElsewhere(scene, 'public:room:*', ['public:room:1', 'public:room:2', 'public:room:3', 'public:room:4']));

// A page with a WebSocket remembers the last id and sends it as `after` when it subscribes on another instance.
story('a WebSocket client resumes on another instance, with `after` or with last_event_id in the URL', async (scene) => {
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
  assert.deepEqual(byFrame.payloads, missed, '`subscribed` comes when the channel has caught up');
  const byAddress = await scene.speak(bridges[1], 'public:a', { parameters: { last_event_id: onA.lastId } });
  await redis.publish('public:a', 'after');
  for (const client of [byFrame, byAddress]) {
    await client.received(51);
    assertSameList(client.payloads, [...missed, 'after'], 'what was received');
    assert.deepEqual(client.gaps, []);
    assert.ok(areIncreasing(client.messages.map(({ id }) => id)));
  }
});

// The connection is lost before the first message: the cursor in the first block is enough.
story('a stream that was lost before its first entry resumes as well', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const onA = await scene.listen(bridges[0], 'public:a');
  onA.cut();
  await redis.record('public:a', 'missed');
  const onB = await scene.listen(bridges[1], 'public:a', { lastEventId: onA.lastEventId });
  await onB.received(1);
  assert.deepEqual(onB.payloads, ['missed']);
  assert.deepEqual(onB.gaps, []);
});

story('an id is valid with any other channels, protocol and instance', async (scene) => {
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

// Client libraries differ in how they send the last id. The native EventSource reconnects to the same URL, so its
// header takes precedence.
story('the start can be given by header, or by parameter in every spelling, and the header takes precedence', async (scene) => {
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

// A server renders a page from /history and gives the browser the cursor; nothing must be missing or shown twice.
story('/history returns everything, page by page, and a stream continues from its cursor', async (scene) => {
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
