// 40-slow - a browser is a cursor, not a queue: one that stops reading delays no other, and gets everything in the end.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { numbers } from '../lib/position.mjs';
import { assertSameList } from '../lib/lists.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

const COUNT = 8000;
const FILLER = '.'.repeat(2048); // 16 MB in all: far more than the socket buffers hold

async function pour(redis, count = COUNT, first = 1) {
  const said = numbers(first, first + count - 1).map((number) => `${number} ${FILLER}`);
  for (let i = 0; i < said.length; i += 500) await redis.publishAll('public:a', said.slice(i, i + 500));
  return said;
}

const numberOf = (payload) => Number(payload.split(' ', 1)[0]);

// A phone in a tunnel reads nothing for a minute while thousands of messages are published.
story('a browser that stops reading gets everything when it reads again, and others do not wait for it', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '20000' });
  const slow = await scene.listen(bridge, 'public:a');
  const slowChat = await scene.speak(bridge, 'public:a');
  const fast = await scene.listen(bridge, 'public:a');
  const fastChat = await scene.speak(bridge, 'public:a');
  slow.pause();
  slowChat.pause();
  const said = await pour(redis);

  await fast.received(COUNT, { deadline: 30_000 });
  await fastChat.received(COUNT, { deadline: 30_000 });
  assert.ok(slow.messages.length < COUNT && slowChat.messages.length < COUNT, 'the slow browsers are behind');
  slow.resume();
  slowChat.resume();
  await slow.received(COUNT, { deadline: 30_000 });
  await slowChat.received(COUNT, { deadline: 30_000 });
  for (const one of [fast, fastChat, slow, slowChat]) {
    assertSameList(one.payloads.map(numberOf), said.map(numberOf), 'what one of them received');
    assert.deepEqual(one.gaps, []);
  }
  assert.equal(slow.payloads.at(-1), said.at(-1));

  await redis.publish('public:a', 'live again');
  await slow.received(COUNT + 1);
  await slowChat.received(COUNT + 1);
});

// The browser reads again only when the entries that it needs next have been trimmed from the log.
story('a browser that stops reading for longer than the history lasts gets a gap on the same connection, and continues', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '100' });
  const slow = await scene.listen(bridge, 'public:a');
  const slowChat = await scene.speak(bridge, 'public:a');
  const fast = await scene.listen(bridge, 'public:a');
  slow.pause();
  slowChat.pause();
  const said = await pour(redis);
  await waitFor(async () => (await redis.call('XRANGE', 'bridge:log:public:a', '-', '+')).at(-1)?.[1].includes(said.at(-1)), {
    deadline: 30_000,
    what: 'the last entry to be in the log',
  });
  slow.resume();
  slowChat.resume();
  const last = numberOf(said.at(-1));
  for (const one of [slow, slowChat, fast]) {
    await waitFor(() => one.payloads.length > 0 && numberOf(one.payloads.at(-1)) === last, {
      deadline: 30_000,
      what: () => `entry ${last}, at ${one.payloads.at(-1)?.slice(0, 10)}`,
    });
    // Each jump in the numbers must come directly after a gap.
    const events = (one.blocks ?? one.frames).map((event) => {
      const kind = event.event ?? event.type;
      return kind === 'gap' ? 'gap' : kind === 'message' ? numberOf(event.data) : undefined;
    });
    let previous = 0;
    let isTold = false;
    for (const event of events.filter((one) => one !== undefined)) {
      if (event === 'gap') {
        isTold = true;
        continue;
      }
      assert.ok(event > previous, `${event} after ${previous}`);
      assert.ok(event === previous + 1 || isTold, `from ${previous} to ${event} without a gap`);
      previous = event;
      isTold = false;
    }
    for (const gap of one.gaps) assert.equal(gap.reason, 'trimmed');
  }
  assert.ok(slow.gaps.length > 0 && slowChat.gaps.length > 0, 'the slow browsers got a gap');
});

// A stalled browser is a cursor: the server does not keep a copy of the messages for each of them.
story('the memory of the server does not grow with what stalled browsers have not read', async (scene) => {
  // AddressSanitizer keeps freed memory for a while, which would count as memory in use here.
  const { redis, bridge } = await scene.start({ BRIDGE_HISTORY_LENGTH: '5000', ASAN_OPTIONS: 'detect_leaks=1:quarantine_size_mb=1' });
  const stalled = await Promise.all(Array.from({ length: 60 }, () => scene.listen(bridge, 'public:a')));
  for (const stream of stalled) stream.pause();
  const witness = await scene.listen(bridge, 'public:a');
  const before = residentBytes(bridge);
  const said = await pour(redis, 4000);
  await witness.received(said.length, { deadline: 40_000 });
  await redis.publish('public:a', 'still here');
  await witness.received(said.length + 1);
  stalled[0].resume();
  await stalled[0].received(said.length + 1, { deadline: 30_000 });
  assert.deepEqual(stalled[0].gaps, []);
  const grown = residentBytes(bridge) - before;
  const unread = said.length * FILLER.length * (stalled.length - 1); // about half a gigabyte
  assert.ok(grown < unread / 4, `grown by ${grown} bytes, ${unread} were sent to readers that do not read`);
});

function residentBytes(bridge) {
  const pages = [bridge.pid, ...bridge.children()].map((pid) => Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]));
  return pages.reduce((sum, each) => sum + each, 0) * 4096;
}
