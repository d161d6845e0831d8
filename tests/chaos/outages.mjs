// outages.mjs - what can go wrong with Redis itself, and scripts that inject such faults.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startRedis } from '../lib/redis.mjs';
import { startRedisProxy } from '../lib/redisproxy.mjs';
import { waitFor, within } from '../lib/wait.mjs';

const MOST_LOST_MS = 10_000; // Redis never loses more than this
const SYNC_MS = 1000; // with `everysec` a machine that dies loses the writes of the last second

// Redis is killed and started again, over and over. loses: it loses the writes that were not on its disk yet.
export function killRedis({ loses }) {
  return async (world) => {
    const dice = world.dice.of('outages');
    const sizes = loses ? watchSize(world) : undefined;
    await outages(world, dice, async () => {
      const away = dice.mostly(20, 1500);
      world.outage(`Redis is killed, and down for ${Math.round(away)} ms`);
      await world.redis.kill();
      if (loses) sizes.goBack(dice.between(0, SYNC_MS));
      await pause(away);
      await world.redis.start();
    });
    sizes?.stop();
  };
}

// A replica takes over from a primary that dies, hangs, or is cut off, over and over. Replicas lag.
export async function failOver(world) {
  const dice = world.dice.of('outages');
  let standby = await openReplica(world);
  await outages(world, dice, async () => {
    const lag = dice.chance(0.3) ? 0 : dice.mostly(20, 1000);
    const old = world.redis;
    const end = dice.pick(['dies', 'hangs', 'is cut off']);
    world.journal.note('Redis', `the replica lags from now on, for ${Math.round(lag)} ms`);
    if (lag) standby.proxy.cut();
    await pause(lag);
    world.outage(`the primary ${end}, and the replica takes over, ${Math.round(lag)} ms behind`);
    if (end === 'dies') await old.kill();
    if (end === 'hangs') old.freeze();
    await standby.redis.call('REPLICAOF', 'NO', 'ONE');
    world.redis = standby.redis;
    world.primary.become(standby.redis);
    for (const { proxy } of world.fleet.instances) proxy.drop();
    await old.kill();
    standby.proxy.close();
    standby = await openReplica(world);
  });
}

// step: one complete outage; Redis answers again when it resolves.
async function outages(world, dice, step) {
  while (world.isOn) {
    await world.pause(dice.between(300, 3000));
    if (!world.isOn) return;
    const beganMs = Date.now();
    await step();
    const gone = await world.archive.reread(world.line, beganMs - MOST_LOST_MS);
    world.journal.count('entries that Redis lost', gone.length);
    world.archive.isPaused = false;
    await within(40_000, 'the fleet to be in place again after an outage of Redis', inPlace(world));
  }
}

async function inPlace(world) {
  while (world.episodes.current) await pause(5);
}

// Remembers how large the append-only file was at what time, to simulate a machine that dies: what was written after
// the last sync is lost.
function watchSize({ redis }) {
  const seen = []; // { at, size }
  const file = () => {
    const folder = path.join(redis.folder, 'appendonlydir');
    return path.join(folder, fs.readdirSync(folder).filter((name) => name.endsWith('.incr.aof')).sort().at(-1));
  };
  const look = () => seen.push({ at: Date.now(), size: fs.statSync(file()).size });
  const timer = setInterval(look, 20);
  return {
    // Truncates it to the size that it had this long ago, but not below the size after the previous outage.
    goBack(ms) {
      const then = seen.findLast(({ at }) => at <= Date.now() - ms) ?? seen[0];
      fs.truncateSync(file(), then.size);
      seen.length = 0;
      look();
    },
    stop: () => clearInterval(timer),
  };
}

// A replica of the current primary, fully synced, behind a proxy that can make it lag.
async function openReplica(world) {
  const { redis: primary, scene } = world;
  const proxy = scene.own(await startRedisProxy(primary));
  const args = [...world.redisOptions.args, '--replicaof', '127.0.0.1', String(new URL(proxy.url).port)];
  const redis = scene.own(await startRedis({ ...world.redisOptions, args }));
  const isUp = async () => /master_link_status:up/.test(await redis.call('INFO', 'replication'));
  await waitFor(isUp, { deadline: 20_000, every: 20, what: 'a replica to be fully synced' });
  return { redis, proxy };
}
