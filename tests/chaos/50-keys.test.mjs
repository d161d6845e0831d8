// 50-keys - keys of the bridges are deleted, one or all of them, by somebody or by Redis itself.
import { chaos } from './chaos.mjs';
import { pinpricks } from './faults.mjs';
import { spoilKeys } from './outages.mjs';

chaos('keys are deleted, flushed and evicted: browsers get a gap for what is lost, and the rest once, in order', {
  seconds: 25,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  loses: true,
  reasons: ['expired', 'trimmed', 'reset', 'ahead'],
  neighbours: true,
  script: (world) => Promise.all([spoilKeys(world), pinpricks(world)]),
});
