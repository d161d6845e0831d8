// 20-wild - anything may happen at any time, to all instances at once. Plain messages that nobody could hear are lost,
// in these moments only; what was acked is not, and what a browser can't be given any more it is told.
import { chaos } from './chaos.mjs';
import { allAtOnce, pinpricks } from './faults.mjs';

// The logs are short, and browsers stay away for so long that what they missed is trimmed.
chaos('all instances are killed, hung, restarted and cut off at any time: what was acked is there, the rest is told', {
  seconds: 40,
  settings: { BRIDGE_WORKERS: '2', BRIDGE_HISTORY_LENGTH: '150' },
  redis: { args: ['--stream-node-max-entries', '10'] },
  reasons: ['trimmed'],
  awayMs: 15_000,
  script: (world) => Promise.all([allAtOnce(world), pinpricks(world)]),
});
