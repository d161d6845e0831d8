// 30-redis-always - Redis itself is killed and comes back, with an append-only file that it syncs before it answers.
import { chaos } from './chaos.mjs';
import { pinpricks } from './faults.mjs';
import { killRedis } from './outages.mjs';

// What Redis has answered is on its disk; so nothing that was acked is lost, and nobody is told that anything is.
chaos('Redis is killed with appendfsync always: what was acked is there, once, in order, and no gap is told', {
  seconds: 15,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  redis: { appendonly: true },
  reasons: [],
  script: (world) => Promise.all([killRedis({ loses: false })(world), pinpricks(world)]),
});
