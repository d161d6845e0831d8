// evenness - several workers share one port: how evenly the kernel distributes connections to them.
import { waitFor } from '../lib/wait.mjs';
import { socketCount } from './gauge.mjs';

const WORKERS = 4;

async function evenness(scene, report) {
  const count = scene.pick(400, 4000);
  await scene.start({ BRIDGE_WORKERS: String(WORKERS) });
  const { crowd, port } = scene;
  const workers = await waitFor(() => scene.workers().length === WORKERS && scene.workers(), { what: 'all workers' });
  const before = workers.map(socketCount);
  await crowd.open('browsers', { count, channels: 10, port });
  const each = workers.map((pid, i) => socketCount(pid) - before[i]);
  const most = Math.max(...each) / (count / WORKERS);
  report.promise('every connection is held by a worker', each.reduce((a, b) => a + b) === count, each.join(', '));
  report.promise(
    'every worker has less than 1.5 times its share',
    most < 1.5,
    `at most ${most.toFixed(2)} times its share`,
  );
  await crowd.say({ count: 20, channels: 10 });
  await crowd.complete('browsers');
  await scene.checkOrder('browsers');
}

export const variants = { workers: evenness };
