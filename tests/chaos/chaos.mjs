// chaos.mjs - one chaos run as a test: faults are injected for a while, and in the end everything must be complete.
//
//   CHAOS_SEED     the seed; a run that fails prints its own
//   CHAOS_SECONDS  for how long faults are injected
//   CHAOS_KEEP     a folder: the whole journal and all logs are written there
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { story } from '../lib/story.mjs';
import { figures, keep, report } from './report.mjs';
import { World } from './world.mjs';

const END_SECONDS = 180; // for a run to finish once there are no more faults

// name     the promise
// seconds  how long a usual test run injects faults
// options  see World
// script   async (world) => …: injects faults while world.isOn
export function chaos(name, { seconds, script, ...options }) {
  const length = Number(process.env.CHAOS_SECONDS || seconds);
  const seed = Number(process.env.CHAOS_SEED || randomInt(2 ** 31));
  const tell = async (scene) => {
    const world = new World(seed, options);
    try {
      await world.open(scene);
      await world.live(length, script);
      await world.settle();
    } catch (error) {
      world.blame(error.stack);
    }
    world.close();
    figures(world).forEach((line) => scene.tell(line));
    if (process.env.CHAOS_KEEP) keep(world, process.env.CHAOS_KEEP, `${path.basename(process.argv[1])}-${seed}`);
    if (world.oracle.violations.length === 0) return;
    const again = `repeat with CHAOS_SEED=${seed} CHAOS_SECONDS=${length}`;
    throw new Error(`${world.oracle.violations.length} violations (${again})\n${report(world)}\n(${again})`);
  };
  story(name, tell, { timeout: (length + END_SECONDS) * 1000, hasLogs: false });
}
