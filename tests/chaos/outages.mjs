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

// Somebody, or Redis itself, deletes what is the bridges'. The library writes these keys; the logs come on top.
const KEYS = ['position', 'genesis', 'lost', 'channels', 'channels:since', 'era', 'recorder', 'recorder:standby', 'recorder:members',
  'inbox:position', 'inbox:rejected'];

const SPOILS = [
  { weight: 6, name: 'DEL of a key', spoil: (world, dice) => del(world, `bridge:${dice.pick(KEYS)}`) },
  { weight: 3, name: 'DEL of a log', spoil: (world, dice) => del(world, `bridge:log:${dice.pick(world.channels)}`) },
  { weight: 3, name: 'FLUSHALL', spoil: flush },
  { weight: 2, name: 'eviction', spoil: evict },
];

export async function spoilKeys(world) {
  const dice = world.dice.of('outages');
  await outages(world, dice, () => dice.weighted(SPOILS).spoil(world, dice), { everything: true });
}

async function del(world, key) {
  world.outage(`DEL ${key}`);
  await world.line.ask('DEL', key);
}

async function flush(world) {
  world.outage('FLUSHALL');
  await world.line.ask('FLUSHALL');
}

// Redis needs a third of what the logs take, and may take it from them. (If it took the idempotency keys, a repeated message would
// be recorded again: they are kept.)
const KEEP = `for _, key in ipairs(redis.call('KEYS', 'bridge:key:*')) do redis.call(ARGV[1], key, unpack(ARGV, 2)) end`;

async function evict(world) {
  const sizes = await Promise.all(world.channels.map((channel) => world.line.ask('MEMORY', 'USAGE', `bridge:log:${channel}`)));
  const wanted = sizes.reduce((sum, size) => sum + (size ?? 0), 0) / 3;
  const [, used] = (await world.line.ask('INFO', 'memory')).match(/^used_memory:(\d+)/m);
  world.outage('Redis evicts some logs');
  await world.line.ask('EVAL', KEEP, 0, 'PERSIST');
  await world.line.ask('CONFIG', 'SET', 'maxmemory-policy', 'volatile-random', 'maxmemory', String(Math.round(used - wanted)));
  await world.line.ask('CONFIG', 'SET', 'maxmemory', '0');
  await world.line.ask('EVAL', KEEP, 0, 'PEXPIRE', '120000');
}

// A replica takes over from a primary that dies, hangs, is cut off, or is demoted, over and over. Replicas lag. A demoted primary
// keeps its connections: whoever writes there is told that it is read-only.
export async function failOver(world) {
  const dice = world.dice.of('outages');
  let standby = await openReplica(world);
  await outages(world, dice, async () => {
    const lag = dice.chance(0.3) ? 0 : dice.mostly(20, 1000);
    const old = world.redis;
    const end = dice.pick(['dies', 'hangs', 'is cut off', 'is demoted']);
    world.journal.note('Redis', `the replica lags from now on, for ${Math.round(lag)} ms`);
    if (lag) standby.proxy.cut();
    await pause(lag);
    world.outage(`the primary ${end}, and the replica takes over, ${Math.round(lag)} ms behind`);
    if (end === 'dies') await old.kill();
    if (end === 'hangs') old.freeze();
    await standby.redis.call('REPLICAOF', 'NO', 'ONE');
    world.redis = standby.redis;
    world.primary.become(standby.redis);
    if (end === 'is demoted') await demote(old, standby.redis);
    else for (const { proxy } of world.fleet.instances) proxy.drop();
    await old.kill();
    standby.proxy.close();
    standby = await openReplica(world);
  });
}

const DEMOTED_MS = 3000; // within this time every connection is to lead to the new primary

async function demote(old, primary) {
  await old.call('REPLICAOF', '127.0.0.1', primary.port);
  let names;
  const ours = async () => (names = [...(await old.call('CLIENT', 'LIST')).matchAll(/name=(redis-bridge\S*)/g)].map(([, name]) => name));
  await waitFor(async () => (await ours()).length === 0, {
    deadline: DEMOTED_MS,
    what: () => `the bridges to leave a demoted primary (${names})`,
  });
}

// step        one complete outage; Redis answers again when it resolves
// everything  also what is old may be lost
async function outages(world, dice, step, { everything = false } = {}) {
  while (world.isOn) {
    await world.pause(dice.between(300, 3000));
    if (!world.isOn) return;
    const beganMs = Date.now();
    await step();
    const gone = await world.archive.reread(world.line, everything ? 0 : beganMs - MOST_LOST_MS);
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
