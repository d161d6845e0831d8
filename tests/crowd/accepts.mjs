// accepts - thousands of new connections a second while others are being served: a mass reconnect, as seen by the
// connections that were never lost. If a thousand of those share a channel, one round of sends takes 10 ms by itself on
// a slow processor; so for them the p99 is only reported, next to that without new connections, and not promised.
import { ms } from './report.mjs';

const MOST_P99_MS = 10;
const MESSAGES_PER_SECOND = 50;
const CHANNELS = 100; // of the new connections; the listeners are on another one

async function accepts(scene, report, { wire, listeners }) {
  const rate = scene.pick(500, 5000);
  const seconds = scene.pick(1, 3);
  const count = rate * seconds;
  await scene.start();
  const { crowd, port } = scene;
  await crowd.tell('spin');
  await crowd.open('listeners', { count: listeners, wire, port });

  // First without new connections, to compare.
  const say = { count: MESSAGES_PER_SECOND * seconds, rate: MESSAGES_PER_SECOND };
  const control = await scene.cost(async () => {
    await crowd.say(say);
    return crowd.complete('listeners');
  });
  await crowd.tell('clear', 'listeners');

  const cost = await scene.cost(async () => {
    await crowd.tell('say', say);
    await crowd.tell('open', 'newcomers', { count, rate, channels: CHANNELS, first: 1, wire, port, source: 1 });
    // Each disconnects half a second after it was started.
    await crowd.until('newcomers', ({ started }) => started >= rate / 2);
    await crowd.tell('shut', 'newcomers', { rate });
    await crowd.said();
    await crowd.until(
      'newcomers',
      ({ started, idle, ended_by_server: gone }) => started === count && idle + gone === count,
    );
    return crowd.complete('listeners');
  });
  const [live, fresh] = [cost.value, await crowd.state('newcomers')];
  const reached = (fresh.waiting.count - 1) / ((fresh.last_listening_ns - fresh.opening_ns) / 1e9);
  report.promise(
    'every new connection is served',
    fresh.waiting.count === count,
    `${fresh.waiting.count} of ${count}, ${fresh.refused} refused`,
  );
  report.promise('no connection is cut', live.cut + fresh.cut === 0);
  await scene.checkOrder('listeners');
  const p99 = ms(live.latency.p99);
  if (scene.isFull && listeners < 1000)
    report.promise(`p99 of the listeners is at most ${MOST_P99_MS} ms`, p99 <= MOST_P99_MS, `${p99.toFixed(2)} ms`);
  else report.figure('p99 of the listeners', p99, 'ms');
  if (scene.isFull)
    report.promise(`the rate is reached`, reached > rate * 0.98, `${reached.toFixed(0)} of ${rate} a second`);
  else report.figure('accepted', reached, 'a second');
  report.figure(
    'p50, max of the listeners',
    `${ms(live.latency.p50).toFixed(2)}, ${ms(live.latency.max).toFixed(2)} ms`,
  );
  const quiet = control.value.latency;
  report.figure(
    'p50, p99, max without new connections',
    [quiet.p50, quiet.p99, quiet.max].map((ns) => ms(ns).toFixed(2)).join(', '),
    'ms',
  );
  report.figure(
    'until a new connection listens: p50, p99, max',
    [fresh.waiting.p50, fresh.waiting.p99, fresh.waiting.max].map((ns) => ms(ns).toFixed(2)).join(', '),
    'ms',
  );
  const { turns } = await crowd.tell('state', '-');
  report.figure(
    "the generator's own turns: p99, max",
    [turns.p99, turns.max].map((ns) => ms(ns).toFixed(2)).join(', '),
    'ms',
  );
  report.figure(
    'CPU use of the worker: without, with new connections',
    [control, cost].map(({ cpuNs, ns }) => `${((cpuNs / ns) * 100).toFixed(0)} %`).join(', '),
  );
  report.figure('Redis functions per new connection', (cost.functions - control.functions) / count);
  report.figure('CPU of the worker per new connection, with close', (cost.cpuNs - control.cpuNs) / count / 1000, 'µs');
}

const variant = (settings) => (scene, report) => accepts(scene, report, settings);

export const variants = {
  sse: variant({ wire: 'sse', listeners: 100 }),
  ws: variant({ wire: 'ws', listeners: 100 }),
  'sse-many': variant({ wire: 'sse', listeners: 1000 }),
  'ws-many': variant({ wire: 'ws', listeners: 1000 }),
};
