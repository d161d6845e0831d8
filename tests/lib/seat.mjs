// seat.mjs - who of several instances records, who stands by, who waits: by what Redis and their logs say.
import { isGone } from './program.mjs';
import { waitFor } from './wait.mjs';

const PLACE = /recorder\[(\d+)\] recorder \w+ -> (\w+) node=(\S+)/g;

// What an instance's recorder said last about its place: { bridge, pid, state, node }; GONE where its process is.
export function placeOf(bridge) {
  const [, pid, state, node] = [...bridge.log.matchAll(PLACE)].at(-1) ?? [];
  return { bridge, pid: Number(pid), state: !pid || isGone(pid) ? 'GONE' : state, node };
}

// Waits until each instance has its place and is ready: one holds the seat, one stands by, the others wait; one that
// has hung or was cut off may stand by for a while, too. Gives { holder, standby }.
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
    { deadline, what: () => `one instance to hold, one to stand by, the others to wait (${states})` },
  );
}
