// seat.mjs - which of several instances records, which one stands by and which ones wait, according to Redis and their
// logs. The seat is the lease that decides which recorder is active.
import { isGone } from './program.mjs';
import { waitFor } from './wait.mjs';

const PLACE = /recorder\[(\d+)\] recorder \w+ -> (\w+) node=(\S+)/g;

// The state that an instance's recorder logged last: { bridge, pid, state, node }; GONE if its process has ended.
export function placeOf(bridge) {
  const [, pid, state, node] = [...bridge.log.matchAll(PLACE)].at(-1) ?? [];
  return { bridge, pid: Number(pid), state: !pid || isGone(pid) ? 'GONE' : state, node };
}

// Waits until all instances are ready and have settled: one holds the seat, one stands by, the others wait. One that
// hung or was cut off may be SYNCED for a while, too. Resolves to { holder, standby }, both as placeOf returns them.
export async function settled(redis, bridges, { deadline = 15_000 } = {}) {
  let states;
  return waitFor(
    async () => {
      const seat = await redis.call('GET', 'bridge:recorder');
      const places = bridges.map(placeOf);
      states = places.map(({ state, node }) => `${state} ${node}`).join(', ') + `; the seat is ${seat}'s`;
      const holder = places.find(({ state, node }) => state === 'HOLDING' && node === seat);
      const standby = places.find(({ state }) => state === 'SYNCED');
      const others = places.filter((place) => place !== holder && place !== standby);
      if (!holder || (bridges.length > 1 && !standby)) return undefined;
      if (!others.every(({ state }) => state === 'WAITING' || state === 'SYNCED')) return undefined;
      await Promise.all(bridges.map((bridge) => bridge.ready({ deadline })));
      return { holder, standby };
    },
    { deadline, what: () => `one instance to hold the seat, one to stand by, the others to wait (${states})` },
  );
}
