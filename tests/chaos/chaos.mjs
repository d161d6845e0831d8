// chaos.mjs - one run as a test: a world in which things go wrong for a while, and which must be whole in the end.
//
//   CHAOS_SEED     the seed; a run that fails says its own
//   CHAOS_SECONDS  for how long things go wrong
//   CHAOS_KEEP     a folder: the whole journal and all logs are written there
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { story } from '../lib/story.mjs';
import { figures, keep, report } from './report.mjs';
import { World } from './world.mjs';

const END_SECONDS = 180; // for a run to come to its end when nothing goes wrong any more

// name     the promise
// seconds  in a usual test run
// options  see World
// script   async (world) => …: makes things go wrong while world.isOn
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
    const again = `again: CHAOS_SEED=${seed} CHAOS_SECONDS=${length}`;
    throw new Error(`${world.oracle.violations.length} things are wrong (${again})\n${report(world)}\n(${again})`);
  };
  story(name, tell, { timeout: (length + END_SECONDS) * 1000, hasLogs: false });
}
