// churn - browsers connect, listen, publish and disconnect in a random mix, in many unusual ways, for as long as you
// like. Nothing may be kept of those that have disconnected.
import { request } from '../lib/http.mjs';
import { metric } from '../lib/metrics.mjs';
import { kib, mib } from './report.mjs';

const CHANNELS = 20; // to which messages are published all the time, and browsers return with a cursor
const NEVER_TWICE = 20; // new channels that each band of browsers has for itself
const MESSAGES_PER_SECOND = 500;
const TAIL = 600; // more than a worker keeps of a channel in memory
const SAMPLE_MS = 500;

// The same seed gives the same mix. (mulberry32)
function dice(seed) {
  let state = seed >>> 0;
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(roll() * count);
  return { below, pick: (list) => list[below(list.length)], chance: (share) => roll() < share };
}

// One band: a group of browsers of one kind, from its first connect to its last disconnect. Returns its last figures.
async function band(scene, { below, pick, chance }, name, fresh) {
  const { crowd, port } = scene;
  const wire = pick(['sse', 'ws']);
  const kind = pick(['one', 'one', 'many', 'pattern', 'fresh', 'half', 'frames']);
  const count = 1 + below(scene.pick(10, 60));
  const settings = {
    count,
    wire,
    port,
    rate: pick([0, 200, 2000]),
    rcvbuf: chance(0.3) ? 4096 : undefined,
    cookie: chance(0.2) ? 3000 : undefined,
  };
  const channels = {
    one: { channels: CHANNELS },
    many: { channels: CHANNELS, each: 10 },
    pattern: { channels: CHANNELS, each: CHANNELS, pattern: 'public:c*' },
    fresh: { channels: NEVER_TWICE, each: 5, first: fresh },
    half: { channels: CHANNELS, half: 1 + below(120) },
    frames: { channels: CHANNELS, each: 5, frames: 1, wire: 'ws' },
  }[kind];
  await crowd.tell('open', name, { ...settings, ...channels });
  const pause = (most) => new Promise((resolve) => setTimeout(resolve, below(most)));
  await pause(600);
  if (kind === 'fresh') await crowd.tell('speak', name, { size: 36 + below(2000) });
  if (chance(0.3)) {
    await crowd.tell('pause', name); // it may then disconnect with a message half read
    await pause(400);
    if (chance(0.3)) await crowd.tell('resume', name);
  }
  const leave = () => crowd.shut(name, { how: pick(['fin', 'reset']), rate: pick([0, 0, 500]) });
  await leave();
  // To return, a browser that subscribes by frames would have to keep an id for each of its channels.
  for (let turns = below(3); turns > 0 && !['half', 'frames'].includes(kind); turns--) {
    await crowd.tell('reopen', name, { rate: pick([0, 1000]) });
    await pause(400);
    await leave();
  }
  const state = await crowd.state(name);
  await crowd.tell('drop', name);
  return { kind, ...state };
}

// KiB a minute, by least squares over the second half; the first half is warm-up.
function slope(samples) {
  const late = samples.slice(samples.length >> 1);
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  const [t, y] = [mean(late.map((one) => one.at)), mean(late.map((one) => one.resident))];
  const up = late.reduce((sum, one) => sum + (one.at - t) * (one.resident - y), 0);
  const across = late.reduce((sum, one) => sum + (one.at - t) ** 2, 0);
  return across ? kib((up / across) * 60_000) : 0;
}

async function churn(scene, report, { seconds = scene.pick(6, 30), seed }) {
  const bands = scene.pick(6, 16);
  await scene.start({ BRIDGE_HISTORY_LENGTH: '20000', BRIDGE_WORKERS: '2' });
  const { crowd } = scene;
  const roll = dice(seed);
  const totals = {};
  const samples = [];
  let start = Date.now();
  const isOver = () => Date.now() - start > seconds * 1000;
  let named = 0;

  await crowd.open('stay', { count: CHANNELS, channels: CHANNELS, port: scene.port });
  // Fill what each worker keeps of these channels before the first sample. A pattern counts as one more channel.
  await crowd.open('warm', { count: 10, channels: CHANNELS, each: CHANNELS, pattern: 'public:c*', port: scene.port });
  await crowd.say({ count: TAIL * CHANNELS, channels: CHANNELS, size: 200, via: 'fcall' });
  await crowd.complete('stay');
  await crowd.shut('warm');
  start = Date.now();
  await crowd.tell('say', {
    count: MESSAGES_PER_SECOND * (seconds + 5),
    channels: CHANNELS,
    rate: MESSAGES_PER_SECOND,
    size: 200,
    via: 'fcall',
  });
  const lane = async () => {
    while (!isOver()) {
      const state = await band(scene, roll, `band${named++}`, 1_000 + named * NEVER_TWICE);
      for (const [what, value] of Object.entries(state))
        if (typeof value === 'number') totals[what] = (totals[what] ?? 0) + value;
    }
  };
  const sampler = async () => {
    while (!isOver()) {
      samples.push({ at: Date.now() - start, resident: scene.resident() });
      await request(scene.bridge, '/publish?channel=public:post', { method: 'POST', body: 'from a backend' });
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  };
  await Promise.all([...Array.from({ length: bands }, lane), sampler()]);
  await crowd.tell('hush');
  await crowd.said();
  await crowd.complete('stay');
  const faults = totals.lost + totals.doubled + totals.damaged + totals.gaps;
  report.promise(
    'nothing lost, doubled, damaged, or reported as a gap',
    faults === 0,
    `${totals.received.toLocaleString('en')} messages for ${named} bands; ` +
      `lost ${totals.lost}, doubled ${totals.doubled}, damaged ${totals.damaged}, gaps ${totals.gaps}`,
  );
  await scene.checkOrder('stay');
  report.promise(
    'the server disconnected no listening browser',
    totals.cut === 0 && (await crowd.state('stay')).cut === 0,
    `${totals.cut}`,
  );
  await crowd.shut('stay');
  await scene.settled(async () => (await scene.liveChannels()) === 0, 'no channel to be subscribed at Redis');
  await scene.settled(async () => (await metric(scene.bridge, 'connections')) === 0, 'no connection to be left');
  report.promise('no connection and no channel is left behind', true);
  const perMinute = slope(samples);
  const tenths = Array.from({ length: 11 }, (_, i) => samples[Math.floor((i * (samples.length - 1)) / 10)]);
  report.figure(
    'resident memory, each tenth of the time',
    tenths.map(({ resident }) => mib(resident).toFixed(1)).join(', '),
    'MiB',
  );
  report.figure('its growth over the second half', perMinute, 'KiB a minute');
  const half = samples.slice(samples.length >> 1).map(({ resident }) => resident);
  const most = scene.pick(8, 4); // MiB: what one more band takes for a moment is not growth
  const grown = mib(Math.min(...half.slice(half.length >> 1)) - Math.min(...half.slice(0, half.length >> 1)));
  report.promise(
    `memory is flat: the second half's end is less than ${most} MiB above its beginning`,
    grown < most,
    `${grown.toFixed(2)} MiB`,
  );
}

export const variants = { mix: churn };
