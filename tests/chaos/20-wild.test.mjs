// 20-wild - any fault may happen at any time, to all instances at once. Plain messages may be lost, but only while
// several instances are at fault; no acked message is lost, and a browser gets a gap for entries that were trimmed.
import { chaos } from './chaos.mjs';
import { allAtOnce, pinpricks } from './faults.mjs';

// The logs are short, and browsers stay disconnected for so long that entries that they missed are trimmed.
chaos('all instances are killed, hung, restarted or cut off at any time: acked messages survive, gaps are reported', {
  seconds: 40,
  settings: { BRIDGE_WORKERS: '2', BRIDGE_HISTORY_LENGTH: '150' },
  redis: { args: ['--stream-node-max-entries', '10'] },
  reasons: ['trimmed'],
  awayMs: 15_000,
  neighbours: true,
  script: (world) => Promise.all([allAtOnce(world), pinpricks(world)]),
});
