// rank.mjs - positions, <ms>-<seq>, as numbers that compare in the same way; at most 4096 in one millisecond.

const PER_MS = 4096;

// The millisecond of a position, by Redis's clock.
export function millisecond(place) {
  return Math.floor(place / PER_MS);
}

// The position just before this one.
export function before(position) {
  const place = rank(position) - 1;
  return `${millisecond(place)}-${place % PER_MS}`;
}

export function rank(position) {
  const dash = position.indexOf('-');
  const seq = Number(position.slice(dash + 1));
  if (dash < 0 || !(seq < PER_MS)) throw new Error(`not a position of this run: ${position}`);
  return Number(position.slice(0, dash)) * PER_MS + seq;
}
