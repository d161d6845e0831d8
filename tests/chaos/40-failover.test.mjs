// 40-failover - a replica takes over, which may not have heard all that the primary had taken.
import { chaos } from './chaos.mjs';
import { failOver } from './outages.mjs';

chaos('a replica that lags takes over: what is lost is told as a gap, the rest comes once, in order', {
  seconds: 15,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  redis: { args: ['--repl-diskless-sync-delay', '0'] },
  loses: true,
  reasons: ['ahead', 'reset'],
  script: failOver,
});
