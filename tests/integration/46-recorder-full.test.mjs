// 46-recorder-full - Redis records more slowly than others publish. The recorder goes on reading what Redis pushes
// (Redis disconnects slow readers), queues it up to a limit, and counts and logs what does not fit. What is queued is
// recorded later, in order, and browsers are told where something is missing.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { metric } from '../lib/metrics.mjs';
import { overload } from '../lib/overload.mjs';
import { areIncreasing, numbers } from '../lib/position.mjs';
import { placeOf } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

const SIZE = 60_000;
const COUNT = 6000; // 360 MB: more than the 256 MiB that a recorder queues
const BATCH = 100;
const LOG = 'bridge:log:public:a';
const MARKER = '\u0001overload';

const gapsOf = ({ gaps }) => gaps.map(({ channel, reason }) => `${channel} ${reason}`);

const residentKib = async (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]);

// Read in pages, because it is some 256 MB.
async function recordedNumbers(redis) {
  const found = [];
  for (let after = '-'; ; ) {
    const part = await redis.call('XRANGE', LOG, after, '+', 'COUNT', 50);
    if (part.length === 0) return found;
    for (const [, fields] of part) if (!fields.includes(MARKER)) found.push(parseInt(fields[fields.indexOf('d') + 1], 10));
    after = `(${part.at(-1)[0]}`;
  }
}

story('while Redis refuses to record, memory is bounded, and what is lost is counted, logged and told', async (scene) => {
  const redis = await scene.redis();
  // Only the recorder that holds the seat (a lease) counts what is recorded. With a long lease a busy machine keeps it.
  const env = { BRIDGE_HISTORY_LENGTH: '100000', BRIDGE_WORKERS: '1', BRIDGE_LEASE: '30s' };
  const bridge = await scene.bridge({ redis, env });
  const { pid } = placeOf(bridge);
  const streams = await Promise.all(['public:b', 'public:quiet'].map((channel) => scene.listen(bridge, channel)));
  await redis.call('CONFIG', 'SET', 'maxmemory', '1');
  for (let first = 1; first <= COUNT; first += BATCH) {
    for (const number of numbers(first, first + BATCH - 1)) redis.publish('public:a', number.padEnd(SIZE, '.'));
    // Redis disconnects a subscriber that is 32 MB behind, so wait until the recorder has caught up.
    await waitFor(async () => (await metric(bridge, 'recorder_queued_messages')) === first + BATCH - 1, {
      what: 'the recorder to receive what was published',
    });
  }
  const lost = await waitFor(() => metric(bridge, 'recorder_lost_total'), { what: 'the loss to be counted' });
  await bridge.said(/recorder_full lost=\d+/);
  for (let i = 0; i < 3; i++) await redis.publish('public:b', 'lost');
  await waitFor(async () => (await metric(bridge, 'recorder_lost_total')) === lost + 3, { what: 'others to be lost' });
  assert.ok((await metric(bridge, 'recorder_queued_bytes')) <= (256 << 20) + 2 * SIZE);
  assert.ok((await residentKib(pid)) < 700 << 10, 'the queue, and what the address sanitizer adds');

  await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  await waitFor(async () => (await metric(bridge, 'recorder_queued_messages')) === 0, {
    deadline: 60_000,
    what: 'what was queued to be recorded',
  });
  assert.equal(await metric(bridge, 'recorder_lost_total'), lost + 3);
  const recorded = await recordedNumbers(redis);
  assert.equal(await metric(bridge, 'recorder_recorded_total'), recorded.length);
  assert.equal(recorded.length, COUNT - lost, 'every message is either recorded or counted as lost');
  assert.ok(areIncreasing(recorded.map((number) => `${number}-0`)), 'in order, none twice');
  assert.equal(recorded[0], 1);

  // One marker for each channel and run of losses, whatever was lost.
  for (const channel of ['public:a', 'public:b']) {
    const log = await redis.call('XREVRANGE', `bridge:log:${channel}`, '+', '-', 'COUNT', 5);
    assert.equal(log.filter(([, fields]) => fields.includes(MARKER)).length, 1, channel);
  }
  assert.deepEqual(streams.map(gapsOf), [['public:b overload'], []]);

  await redis.publish('public:a', `${COUNT + 1}`);
  await waitFor(async () => (await redis.call('XLEN', LOG)) === recorded.length + 2, { what: 'a marker, and the next message to be recorded' });
});

// Markers for ever so many channels would take the memory that is missing, and Redis's time: then everybody is told once.
story('if more than 1000 channels lose messages, everybody is told once', async (scene) => {
  const redis = await scene.redis();
  const bridge = await scene.bridge({ redis, env: { BRIDGE_WORKERS: '1', BRIDGE_LEASE: '30s' } });
  const channels = numbers(1, 1100).map((number) => `public:many:${number}`);
  await redis.record('public:quiet', 'before');
  const streams = await Promise.all(['public:quiet', channels[0], channels.at(-1)].map((channel) => scene.listen(bridge, channel)));
  const before = await overload(redis, bridge, 'public:a');
  for (const channel of channels) redis.publish(channel, 'lost');
  await waitFor(async () => (await metric(bridge, 'recorder_lost_total')) === before + channels.length, { what: 'the losses' });
  await redis.call('CONFIG', 'SET', 'maxmemory', '0');
  await waitFor(async () => (await metric(bridge, 'recorder_queued_messages')) === 0, { deadline: 60_000, what: 'the queue' });
  const reasons = () => streams.map(({ gaps }) => gaps.map(({ reason }) => reason).sort().join());
  await waitFor(() => reasons().join(' ') === 'reset overload,reset reset', { what: () => `the gaps: ${reasons().join(' ')}` });
  const marked = await Promise.all(channels.map((channel) => redis.call('EXISTS', `bridge:log:${channel}`)));
  assert.ok(marked.filter(Boolean).length <= 1000);
  for (const [stream, channel] of [[streams[0], 'public:quiet'], [streams[2], channels.at(-1)]]) {
    await redis.publish(channel, 'after');
    await stream.received(1);
    assert.deepEqual(stream.payloads, ['after']);
  }
});
