// memory - idle connections: most of what a server of browsers holds, most of the time.
import { kib } from './report.mjs';

const MOST_KIB = { sse: 2.5, ws: 3.5 };
const COOKIE = 3900; // bytes; with the rest of the request, some 4 KiB of header

async function memory(scene, report, { wire, cookie }) {
  const count = scene.pick(500, 15_000);
  await scene.start();
  const { crowd, port } = scene;
  // What is allocated once belongs to no connection: channels, pools, pages of the program never touched before.
  await crowd.open('first', { count: 50, channels: 1, wire, port, cookie });
  await crowd.shut('first');
  const before = scene.resident();
  const state = await crowd.open('idle', { count, channels: 1, wire, port, cookie }, { deadline: 60_000 });
  const each = kib(scene.resident() - before) / count;
  report.promise('all connections are open', state.listening === count, `${count} of ${wire}`);
  if (scene.isFull)
    report.promise(
      `a connection takes at most ${MOST_KIB[wire]} KiB`,
      each <= MOST_KIB[wire],
      `${each.toFixed(2)} KiB`,
    );
  else report.figure('resident memory per connection', each, 'KiB');
  report.figure('time until a browser listens, p99', state.waiting.p99 / 1e6, 'ms');

  await crowd.say({ count: 1, channels: 1 });
  await crowd.complete('idle');
  await scene.checkOrder('idle');
  report.figure('the same after a message to each connection', kib(scene.resident() - before) / count, 'KiB');
  await crowd.shut('idle');
  await scene.settled(async () => (await scene.liveChannels()) === 0, 'the channel to be unsubscribed');
  report.figure(
    'resident memory that stays when all have disconnected, per connection',
    kib(scene.resident() - before) / count,
    'KiB',
  );
}

const variant = (settings) => (scene, report) => memory(scene, report, settings);

export const variants = {
  sse: variant({ wire: 'sse' }),
  ws: variant({ wire: 'ws' }),
  'sse-cookie': variant({ wire: 'sse', cookie: COOKIE }),
  'ws-cookie': variant({ wire: 'ws', cookie: COOKIE }),
};
