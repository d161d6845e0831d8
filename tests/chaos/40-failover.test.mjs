// 40-failover - a replica takes over that may not have received everything that the primary had acked.
import { chaos } from './chaos.mjs';
import { failOver } from './outages.mjs';

chaos('a replica that lags takes over: browsers get a gap for what is lost, and the rest once, in order', {
  seconds: 15,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  redis: { args: ['--repl-diskless-sync-delay', '0'] },
  loses: true,
  reasons: ['ahead', 'reset'],
  script: failOver,
});
