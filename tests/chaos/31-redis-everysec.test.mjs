// 31-redis-everysec - the machine that Redis runs on dies, and the writes of the last second are lost.
import { chaos } from './chaos.mjs';
import { killRedis } from './outages.mjs';

// A page may show messages that Redis has lost, or have missed some that Redis had acked: it gets a gap.
chaos('Redis is killed with appendfsync everysec, and loses the last second: browsers get a gap for what is lost', {
  seconds: 15,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  redis: { appendonly: true, args: ['--appendfsync', 'everysec'] },
  loses: true,
  reasons: ['ahead', 'reset'],
  script: killRedis({ loses: true }),
});
