// 31-redis-everysec - the machine that Redis runs on dies, and with it goes the last second.
import { chaos } from './chaos.mjs';
import { killRedis } from './outages.mjs';

// A page shows messages that Redis has forgotten, or was never given what Redis had taken: it is told.
chaos('Redis is killed with appendfsync everysec, and loses the last second: what is lost is told as a gap', {
  seconds: 15,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  redis: { appendonly: true, args: ['--appendfsync', 'everysec'] },
  loses: true,
  reasons: ['ahead', 'reset'],
  script: killRedis({ loses: true }),
});
