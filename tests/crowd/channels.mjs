// channels - a hundred thousand channels with one browser each, and one channel with a hundred thousand browsers. The
// cost of a delivery grows with neither, a channel takes memory only while it has listeners, and nothing is left over.
import { kib, mib, ms } from './report.mjs';

const PAYLOAD = 100;
const WORKERS = 6;
const FLEET = {
  BRIDGE_WORKERS: String(WORKERS),
  BRIDGE_MAX_CONNECTIONS: '18000',
  BRIDGE_HEARTBEAT: '44s', // so rare that none disturbs the measurements
};
const PER_CONNECTION = 100;
const MOST_RATIO = 1.2; // what a delivery may cost, relative to one with far fewer channels or browsers

// One generator after the other opens its share, from its own addresses. share(i) gives the settings of each.
async function openAll(scene, name, share) {
  for (const [i, crowd] of scene.generators.entries()) {
    await crowd.open(name, { port: scene.port, source: i * 2, ...share(i) }, { deadline: 60_000 });
  }
}

// The first generator publishes `times` messages on each of these channels; the browsers of all generators must receive
// theirs. Returns what a delivery has cost the workers. said: how many messages each of these channels had before.
async function say(scene, name, { first = 0, channels, times, rate }, said = 0) {
  const [speaker, ...others] = scene.generators;
  for (const crowd of scene.generators) await crowd.tell('clear', name);
  const cost = await scene.cost(async () => {
    await speaker.say({ size: PAYLOAD, via: 'fcall', first, channels, count: channels * times, rate });
    for (const crowd of others) await crowd.tell('expect', { first, channels, said: said + times });
    return Promise.all(scene.generators.map((crowd) => crowd.complete(name, { deadline: 60_000 })));
  });
  const received = cost.value.reduce((sum, state) => sum + state.received, 0);
  return {
    received,
    us: cost.cpuNs / received / 1000,
    slowestMs: Math.max(...cost.value.map(({ latency }) => ms(latency.max))),
  };
}

async function many(scene, report) {
  const count = scene.pick(600, 99_000);
  const few = scene.pick(120, 1_020);
  const times = scene.pick(5, 6);
  const rate = scene.pick(500, 2_000);
  const share =
    (all, first = 0) =>
    (i) => ({ count: all / WORKERS, channels: all / WORKERS, first: first + (i * all) / WORKERS });
  await scene.start(FLEET, { generators: WORKERS });

  await openAll(scene, 'few', share(few));
  await say(scene, 'few', { channels: few, times: 1, rate });
  const control = await say(scene, 'few', { channels: few, times, rate }, 1);
  for (const crowd of scene.generators) await crowd.shut('few');

  const before = scene.resident();
  const start = Date.now();
  const first = 200_000; // channels that were not used before
  await openAll(scene, 'many', share(count, first));
  report.promise('each browser has a channel of its own', true, `${count} channels, ${WORKERS} workers`);
  report.figure('opened', (count / (Date.now() - start)) * 1000, 'a second');
  report.figure('resident memory for a browser and its channel', kib(scene.resident() - before) / count, 'KiB');
  report.figure('resident memory of all workers', mib(scene.resident()), 'MiB');
  const once = await say(scene, 'many', { channels: count, first, times: 1, rate: scene.pick(500, 6_000) });
  report.figure('resident memory for each, with a message in it', kib(scene.resident() - before) / count, 'KiB');
  const some = few * times; // as many messages at the same rate, each on another channel
  const spread = await say(scene, 'many', { channels: some, first, times: 1, rate }, 1);
  report.figure(`CPU per delivery: ${few} channels`, control.us, 'µs');
  report.figure(`… ${count} channels at the same rate`, spread.us, 'µs');
  report.figure(`… ${count} channels, a message on each`, once.us, 'µs');
  if (scene.isFull)
    report.promise(
      `a delivery costs at most ${MOST_RATIO} of one with few channels`,
      spread.us / control.us <= MOST_RATIO,
      (spread.us / control.us).toFixed(2),
    );
  await scene.checkOrder('few', 'many');
  for (const crowd of scene.generators) await crowd.shut('many');
  await left(scene, report);
}

// Waits until no channel is subscribed at Redis any more.
async function left(scene, report) {
  let live;
  await scene.settled(
    async () => (live = await scene.liveChannels()) === 0,
    () => `no channel to be subscribed at Redis (${live} are)`,
  );
  report.promise('no channel stays subscribed at Redis', live === 0, `${live} channels`);
}

async function one(scene, report) {
  const counts = scene.pick([120, 600], [1_020, 10_200, 99_000]);
  const rate = 40_000; // deliveries a second
  const costs = [];
  let said = 0;
  await scene.start(FLEET, { generators: WORKERS });
  for (const count of counts) {
    const name = `by${count}`;
    const times = Math.max(scene.pick(5, 10), (scene.pick(1, 3) * rate) / count) | 0;
    await openAll(scene, name, () => ({ count: count / WORKERS, channels: 1 }));
    await say(scene, name, { channels: 1, times: 2, rate: rate / count }, said);
    const all = await say(scene, name, { channels: 1, times, rate: rate / count }, said + 2);
    said += 2 + times;
    costs.push(all.us);
    report.promise(
      'every browser has every message',
      all.received === count * times,
      `${count} browsers, ${times} messages`,
    );
    await scene.checkOrder(name);
    report.figure(`CPU per delivery: ${count} browsers`, all.us, 'µs');
    report.figure('the last browser has a message after', all.slowestMs, 'ms');
    for (const crowd of scene.generators) await crowd.shut(name);
  }
  // From a thousand to ten thousand browsers the cost grows, because the kernel's data of the connections no longer
  // fits the processor's caches; a program that only calls send() shows the same (tests/bench). From there on the cost
  // is flat.
  const ratio = costs.at(-1) / costs.at(-2);
  if (scene.isFull)
    report.promise(
      `a delivery costs at most ${MOST_RATIO} of one with ${counts.at(-2)} browsers`,
      ratio <= MOST_RATIO,
      ratio.toFixed(2),
    );
  await left(scene, report);
}

// A thousand WebSockets in one worker, each with a hundred channels by `subscribe` frames.
async function frames(scene, report) {
  const sockets = scene.pick(20, 1_000);
  const channels = sockets * PER_CONNECTION;
  const rate = scene.pick(500, 2_000);
  const some = scene.pick(500, 6_000);
  await scene.start();
  const { crowd, port } = scene;
  await crowd.tell('spin');
  await crowd.open('few', { count: sockets, wire: 'ws', frames: 1, channels: sockets, first: 200_000, port });
  await crowd.say({ count: some, channels: sockets, first: 200_000, rate, size: PAYLOAD, via: 'fcall' });
  await crowd.complete('few');
  await crowd.tell('clear', 'few');
  const control = await scene.cost(async () => {
    await crowd.say({ count: some, channels: sockets, first: 200_000, rate, size: PAYLOAD, via: 'fcall' });
    return crowd.complete('few');
  });
  await crowd.shut('few');

  const before = scene.resident();
  await crowd.open(
    'many',
    { count: sockets, wire: 'ws', frames: 1, each: PER_CONNECTION, channels, port },
    { deadline: 60_000 },
  );
  report.promise(
    'each has subscribed to all of its channels',
    true,
    `${sockets} sockets, ${channels} channels, one worker`,
  );
  report.figure(
    "resident memory per channel, its socket's share included",
    kib(scene.resident() - before) / channels,
    'KiB',
  );
  await crowd.say({ count: channels, channels, rate: scene.pick(1_000, 8_000), size: PAYLOAD, via: 'fcall' });
  await crowd.complete('many');
  report.figure('… with a message in each', kib(scene.resident() - before) / channels, 'KiB');
  await crowd.tell('clear', 'many');
  // Spread out: the same number of messages, each on another channel.
  const spread = await scene.cost(async () => {
    await crowd.say({ count: some, channels: some, rate, size: PAYLOAD, via: 'fcall' });
    return crowd.complete('many');
  });
  const [cheap, dear] = [control, spread].map(({ cpuNs, value }) => cpuNs / value.received / 1000);
  report.figure(
    `CPU per delivery, ${sockets} channels, and ${channels}`,
    `${cheap.toFixed(1)}, ${dear.toFixed(1)}`,
    'µs',
  );
  if (scene.isFull)
    report.promise(
      `a delivery costs no more than ${MOST_RATIO} of one with few channels`,
      dear / cheap <= MOST_RATIO,
      (dear / cheap).toFixed(2),
    );
  await scene.checkOrder('few', 'many');
  await crowd.shut('many');
  await left(scene, report);
}

// Channels that have no listener any more: the memory is the same after each round of other channels.
async function rounds(scene, report, { wire }) {
  const sockets = scene.pick(100, 1_000);
  const each = 20;
  const times = scene.pick(4, 4);
  const channels = sockets * each;
  await scene.start();
  const { crowd, port } = scene;
  const after = [];
  for (let i = 0; i < times; i++) {
    const name = `round${i}`;
    const first = i * channels;
    await crowd.open(name, { count: sockets, wire, each, channels, first, port }, { deadline: 60_000 });
    await crowd.say({ count: channels, channels, first, size: PAYLOAD, via: 'fcall', rate: scene.pick(2_000, 8_000) });
    await crowd.complete(name, { deadline: 60_000 });
    await scene.checkOrder(name);
    await crowd.shut(name);
    await left(scene, report);
    await crowd.tell('drop', name);
    after.push(scene.resident());
  }
  // The first round may allocate pools and arenas; after it nothing may be added.
  const grown = kib(after.at(-1) - after[0]);
  const most = scene.pick(2_048, 512);
  report.promise(
    `rounds of ${channels} other channels leave less than ${most} KiB behind`,
    grown < most,
    `${after.map((bytes) => mib(bytes).toFixed(2)).join(', ')} MiB`,
  );
}

export const variants = {
  many,
  one,
  frames,
  'rounds-sse': (scene, report) => rounds(scene, report, { wire: 'sse' }),
  'rounds-ws': (scene, report) => rounds(scene, report, { wire: 'ws' }),
};
