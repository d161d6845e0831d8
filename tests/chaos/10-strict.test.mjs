// 10-strict - whatever happens to one instance at a time, nothing is lost: not even a plain PUBLISH, whose answer
// promises nothing.
import { chaos } from './chaos.mjs';
import { oneByOne, pinpricks } from './faults.mjs';

// A fleet in production: processes crash, hang and are restarted, networks break; one fault at a time, all the time.
chaos('one instance at a time is killed, hung, restarted or cut off: every browser gets all messages once, in order', {
  seconds: 80,
  settings: { BRIDGE_WORKERS: '1', BRIDGE_HISTORY_LENGTH: '10000000' },
  reasons: [], // nothing is missing, so no gap is told
  script: (world) => Promise.all([oneByOne(world), pinpricks(world)]),
});
