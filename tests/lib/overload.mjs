// overload.mjs - more plain messages than a recorder queues while Redis refuses to record them.
import { metric } from './metrics.mjs';
import { waitFor } from './wait.mjs';

const SIZE = 60_000;
const COUNT = 4600; // 276 MB: more than the 256 MiB that a recorder queues
const BATCH = 100;

// Publishes on this channel until messages are lost. Redis is left out of memory; the bridge is to have one recorder.
export async function overload(redis, bridge, channel) {
  await redis.call('CONFIG', 'SET', 'maxmemory', '1');
  for (let sent = BATCH; sent <= COUNT; sent += BATCH) {
    for (let i = 0; i < BATCH; i++) redis.publish(channel, '.'.repeat(SIZE));
    // Redis disconnects a subscriber that is 32 MB behind, so wait until the recorder has caught up.
    await waitFor(async () => (await metric(bridge, 'recorder_queued_messages')) === sent, {
      what: 'the recorder to receive what was published',
    });
  }
  return waitFor(() => metric(bridge, 'recorder_lost_total'), { what: 'the loss to be counted' });
}
