// stall - two hundred browsers that stop reading beside a thousand that read: phones in tunnels, tabs in a debugger.
// They must not delay the others, their cost must not grow, and when they read again they must get everything.
import { metric, metrics } from '../lib/metrics.mjs';
import { kernelBytes } from './gauge.mjs';
import { kib, mib, ms } from './report.mjs';

const SIZE = 4096;
const MOST_LATER_MS = 5;
const STALL_SECONDS = 2;
const ROUNDS = 5;

// What the server may keep for a browser that does not read: one write that the kernel accepted only in part. At small
// size more: there what is allocated once is shared by few, and a sanitizer needs memory of its own.
const MOST_KIB_EACH = { small: 512, full: 64 };

// What the kernel may keep, at both ends of the connection.
const MOST_KERNEL_KIB_EACH = 1024;

const describe = ({ p50, p99, max, us, reads }) =>
  `${[p50, p99, max].map((ns) => ms(ns).toFixed(2)).join(', ')} ms; ${us.toFixed(2)} µs; ${reads}`;

// Publishes `count` messages on channel 0, and as many on channel 1 if there is one, and waits until all live browsers
// have them. Returns their latency, and the cost of a delivery.
async function round(scene, channels, { count, size = SIZE, rate = scene.pick(200, 50) }) {
  const { crowd } = scene;
  await crowd.tell('clear', 'live');
  const cost = await scene.cost(async () => {
    await crowd.say({ count: count * channels, channels, size, rate: rate * channels, via: 'fcall' });
    return crowd.complete('live');
  });
  return { ...cost.value.latency, us: cost.cpuNs / cost.value.received / 1000, reads: cost.ranges };
}

// More than any kernel holds for a socket (tcp_wmem: 4 MB): only then can the server notice that they do not read.
const FILLING = { count: 300, size: 16_000 };
const fillingRate = (scene) => scene.pick(150, 50);

// Several rounds, and the least of each figure: whatever else runs on this machine can only add to it.
async function rounds(scene, channels, count) {
  const all = [];
  for (let i = 0; i < ROUNDS; i++) all.push(await round(scene, channels, { count: count / ROUNDS }));
  return Object.fromEntries(
    ['p50', 'p99', 'max', 'us', 'reads'].map((name) => [name, Math.min(...all.map((one) => one[name]))]),
  );
}

// sameChannel  whether the stalled browsers are on the same channel as the live ones
async function stall(scene, report, { wire, sameChannel }) {
  const live = scene.pick(100, 1000);
  const stalled = scene.pick(20, 200);
  const count = scene.pick(150, 255);
  const channels = sameChannel ? 1 : 2;
  const at = { channels: 1, first: sameChannel ? 0 : 1 };
  await scene.start({ BRIDGE_HISTORY_LENGTH: '5000' });
  const { crowd, port } = scene;
  await crowd.tell('spin');
  await crowd.open('live', { count: live, wire, port });
  if (!sameChannel) await crowd.open('other', { count: 1, wire, port, ...at });

  const control = await rounds(scene, channels, count);
  const before = scene.resident();

  const names = ['narrow', 'wide']; // by their receive buffers: as small as possible, and the kernel's default
  await crowd.open('narrow', { count: stalled / 2, wire, port, rcvbuf: 4096, ...at });
  await crowd.open('wide', { count: stalled / 2, wire, port, ...at });
  const opened = scene.resident();
  for (const name of names) await crowd.tell('pause', name);
  scene.clearPeak();
  const kernelBefore = kernelBytes();
  const filling = await round(scene, channels, { ...FILLING, rate: fillingRate(scene) });
  const kernel = kernelBytes() - kernelBefore;
  const beside = await rounds(scene, channels, count);
  const each = kib(scene.resident() - opened) / stalled;
  const most = scene.pick(MOST_KIB_EACH.small, MOST_KIB_EACH.full);
  const owed = [];
  for (const name of names) owed.push((await crowd.state(name)).owed);
  report.promise(
    'each stalled browser is owed everything',
    owed.every((all) => all === (FILLING.count + count) * (stalled / 2)),
    `${mib(FILLING.count * FILLING.size + count * SIZE).toFixed(1)} MiB each`,
  );
  report.promise(`the worker keeps less than ${most} KiB for each of them`, each < most, `${each.toFixed(1)} KiB`);
  const inKernel = kib(kernel) / stalled;
  report.promise(
    `the kernel keeps less than ${MOST_KERNEL_KIB_EACH} KiB for each of them`,
    inKernel < MOST_KERNEL_KIB_EACH,
    `${inKernel.toFixed(0)} KiB, both ends`,
  );
  report.figure(
    'resident memory: live only, all connected, with stalled browsers, peak',
    [before, opened, scene.resident(), scene.peak()].map((bytes) => mib(bytes).toFixed(1)).join(', '),
    'MiB',
  );
  report.figure(
    'live browsers alone: p50, p99, max; CPU per delivery; reads of a log',
    describe(control),
  );
  report.figure('… while the buffers of stalled ones fill up, with messages of 16 kB', describe(filling));
  report.figure('… beside stalled ones whose buffers are full', describe(beside));
  const later = ms(beside.p99 - control.p99);
  if (scene.isFull)
    report.promise(
      `p99 of the live browsers is less than ${MOST_LATER_MS} ms higher than alone`,
      later < MOST_LATER_MS,
      `${later.toFixed(2)} ms, a ratio of ${(beside.p99 / control.p99).toFixed(2)}; ` +
        `max ${ms(beside.max - control.max).toFixed(2)} ms`,
    );

  for (const name of names) await crowd.tell('resume', name);
  for (const name of names) await crowd.complete(name, { deadline: 60_000 });
  await scene.checkOrder('live', ...names, 'other');
  report.promise(
    'no connection was cut',
    (await Promise.all(['live', ...names].map((name) => crowd.state(name)))).every(({ cut }) => cut === 0),
  );
}

// A browser that reads nothing for BRIDGE_STALL is disconnected. One that reads a little now and then stays.
async function letGo(scene, report, { wire }) {
  const each = scene.pick(20, 100);
  // SSE: a stall is noticed long before the next heartbeat. WebSocket: a ping may be far behind in what a slow browser
  // has yet to read, so it stays although many heartbeats pass without a pong.
  await scene.start({ BRIDGE_HISTORY_LENGTH: '5000', BRIDGE_STALL: `${STALL_SECONDS}s`, BRIDGE_HEARTBEAT: wire === 'ws' ? '1s' : '15s' });
  const { crowd, port } = scene;
  for (const name of ['live', 'slow', 'stalled'])
    await crowd.open(name, { count: each, wire, port, rcvbuf: name === 'live' ? undefined : 4096 });
  for (const name of ['slow', 'stalled']) await crowd.tell('pause', name);
  await crowd.tell('sip', 'slow', { bytes: 65_536, every_ms: (STALL_SECONDS * 1000) / 8 });
  await crowd.say({ ...FILLING, rate: fillingRate(scene), via: 'fcall' });
  await crowd.complete('live');
  const counted = async () => await metric(scene.bridge, 'connections');
  await scene.settled(async () => (await counted()) <= 2 * each, 'the stalled browsers to be disconnected', {
    deadline: STALL_SECONDS * 5000,
  });
  // Long enough for the server to check the slow ones again.
  const until = Date.now() + STALL_SECONDS * 2000;
  await scene.settled(() => Date.now() > until, 'some more seconds', { deadline: STALL_SECONDS * 4000 });
  report.promise(
    'those that read nothing are disconnected, the others are not',
    (await counted()) === 2 * each,
    `${await counted()} of ${3 * each} are left`,
  );
  const metricsNow = await metrics(scene.bridge);
  const told = [...metricsNow].filter(([name]) => /stalled/.test(name));
  report.promise(
    '/metrics counts them as stalled',
    told.some(([, value]) => value >= each),
    told.map((pair) => pair.join(' ')).join('; ') || 'no such metric',
  );
  for (const name of ['slow', 'stalled']) await crowd.tell('resume', name);
  await crowd.complete('slow');
  const { cut } = await crowd.until('stalled', ({ listening }) => listening === 0);
  report.promise('a stalled browser sees the close, at the latest when it reads', cut === each, `${cut} of ${each}`);
  await scene.checkOrder('live', 'slow', 'stalled');
  // And it reconnects for what it missed.
  await crowd.tell('reopen', 'stalled');
  await crowd.opened('stalled', each);
  await crowd.complete('stalled');
  await scene.checkOrder('stalled');
}

const variant = (tell, settings) => (scene, report) => tell(scene, report, settings);

export const variants = {
  sse: variant(stall, { wire: 'sse', sameChannel: true }),
  'sse-elsewhere': variant(stall, { wire: 'sse', sameChannel: false }),
  ws: variant(stall, { wire: 'ws', sameChannel: true }),
  'ws-elsewhere': variant(stall, { wire: 'ws', sameChannel: false }),
  'sse-let-go': variant(letGo, { wire: 'sse' }),
  'ws-let-go': variant(letGo, { wire: 'ws' }),
};
