// neighbours.mjs - other fleets on the same Redis: one with another prefix that serves every channel, one with the same prefix in
// another database. Whatever they say, the fleet under test is to record, show and count none of it.
import { setTimeout as pause } from 'node:timers/promises';
import { post } from '../lib/http.mjs';

const EVERY_MS = 100;

export async function openNeighbours(world, scene) {
  const env = { BRIDGE_WORKERS: '1', BRIDGE_PUBLISH: '*' };
  const other = await scene.bridge({ redis: world.redis, env: { ...env, BRIDGE_PREFIX: 'other:', BRIDGE_CHANNELS: '*' } });
  const staging = await scene.bridge({ redis: `${world.redis.url}/1`, env });
  return async () => {
    for (let i = 1; !world.isClosed; i++) {
      // Where Redis is out of order they are told so.
      await post(other, 'elsewhere:1', `neighbour ${i}`).catch(() => {});
      await post(staging, world.channels[0], `neighbour ${i}`).catch(() => {});
      await pause(EVERY_MS);
    }
  };
}
