// 30-redis-always - Redis itself is killed and comes back, with an append-only file that it syncs before it answers.
import { chaos } from './chaos.mjs';
import { pinpricks } from './faults.mjs';
import { killRedis } from './outages.mjs';

// What Redis has answered is on its disk, so no acked message is lost, and no browser gets a gap.
chaos('Redis is killed with appendfsync always: every acked message is there once, in order, and there is no gap', {
  seconds: 15,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  redis: { appendonly: true },
  reasons: [],
  script: (world) => Promise.all([killRedis({ loses: false })(world), pinpricks(world)]),
});
