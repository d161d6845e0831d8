// storm - all browsers of a worker reconnect within a second, each up to a hundred entries behind: after a deploy, or
// the restart of a proxy, or when a train leaves a tunnel. The load on Redis must not grow with their number.
import { mib, ms } from './report.mjs';

const PAYLOAD = 100;
const READS_PER_CHANNEL = 10;

// others    another browser stays on each channel, so the worker receives what is published meanwhile
// isCold    they reconnect to a fresh instance
// isSpread  they disconnect while messages are published, so their cursors differ; otherwise all disconnect before
async function storm(scene, report, { wire = 'sse', others = false, isCold = false, isSpread = false }) {
  const count = scene.pick(500, 10_000);
  const channels = scene.pick(20, 100);
  const behind = scene.pick(50, 100);
  await scene.start();
  const { crowd, port } = scene;
  await crowd.tell('spin');
  if (others) await crowd.open('others', { count: channels, channels, port });
  await crowd.open('browsers', { count, channels, port, wire }, { deadline: 60_000 });
  await crowd.say({ count: channels * 2, channels, size: PAYLOAD, via: 'fcall' });
  await crowd.complete('browsers');

  const seconds = scene.pick(0.5, 8); // slow enough that each has what was published by then
  if (isSpread) await crowd.tell('shut', 'browsers', { rate: count / seconds });
  else await crowd.shut('browsers');
  const rate = isSpread ? (channels * behind) / seconds : 0;
  await crowd.say({ count: channels * behind, channels, size: PAYLOAD, via: 'fcall', rate });
  await crowd.until('browsers', ({ idle }) => idle === count);
  const { owed } = await crowd.state('browsers');
  await crowd.tell('clear', 'browsers');

  const bridge = isCold ? await scene.addBridge() : scene.bridge;
  const idle = scene.resident(bridge);
  scene.clearPeak(bridge);
  const cost = await scene.cost(
    async () => {
      await crowd.tell('reopen', 'browsers', { rate: count, port: bridge.port });
      await crowd.opened('browsers', count, { deadline: 60_000 });
      return crowd.complete('browsers', { deadline: 60_000 });
    },
    { bridge },
  );
  const state = cost.value;
  report.promise(
    'every browser has everything',
    state.owed === 0 && state.received === owed,
    `${count} browsers, ${owed} owed`,
  );
  await scene.checkOrder('browsers', 'others');
  const reads = cost.ranges + cost.functions;
  report.promise(
    'Redis reads per channel, not per browser',
    reads <= channels * READS_PER_CHANNEL,
    `${reads} for ${channels} channels (${cost.ranges} ranges, ${cost.functions} functions)`,
  );
  report.figure('from the first reconnect to the last message', ms(state.last_message_ns - state.opening_ns), 'ms');
  report.figure('time until a browser listens again, p50', ms(state.waiting.p50), 'ms');
  report.figure('time until a browser listens again, p99', ms(state.waiting.p99), 'ms');
  report.figure('CPU of the worker', ms(cost.cpuNs), 'ms');
  report.figure('CPU of the worker per browser', cost.cpuNs / count / 1000, 'µs');
  report.figure('resident memory before', mib(idle), 'MiB');
  report.figure('resident memory at most', mib(scene.peak(bridge)), 'MiB');
}

const variant = (settings) => (scene, report) => storm(scene, report, settings);

export const variants = {
  'others-equal': variant({ others: true }),
  'others-spread': variant({ others: true, isSpread: true }),
  'alone-equal': variant({}),
  'alone-spread': variant({ isSpread: true }),
  'cold-equal': variant({ isCold: true }),
  'cold-spread': variant({ isCold: true, isSpread: true }),
  'ws-alone-spread': variant({ wire: 'ws', isSpread: true }),
  'ws-cold-spread': variant({ wire: 'ws', isCold: true, isSpread: true }),
};
