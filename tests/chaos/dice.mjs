// dice.mjs - seeded random numbers: the same seed gives the same numbers.
// Each participant of a run has dice of its own, made from the run's seed and its name, so that the decisions of one do
// not depend on how fast the others are.

export class Dice {
  constructor(seed, name = '') {
    this.seed = seed;
    this.state = hash(`${seed} ${name}`);
  }

  // Separate dice for the participant of this name.
  of(name) {
    return new Dice(this.seed, name);
  }

  // 0 ≤ x < 1, by mulberry32.
  next() {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low, high) {
    return low + this.next() * (high - low);
  }

  // Mostly near `low`, now and then near `high`: how long faults take.
  mostly(low, high) {
    return low * (high / low) ** (this.next() ** 1.5);
  }

  whole(low, high) {
    return Math.floor(this.between(low, high + 1));
  }

  chance(share) {
    return this.next() < share;
  }

  pick(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  // One of several, each with a probability in proportion to its `weight`.
  weighted(list) {
    let left = this.next() * list.reduce((sum, { weight }) => sum + weight, 0);
    return list.find(({ weight }) => (left -= weight) < 0) ?? list.at(-1);
  }

  // Some of a list, at least one, in the list's order.
  some(list) {
    const found = list.filter(() => this.chance(0.5));
    return found.length ? found : [this.pick(list)];
  }
}

// FNV-1a and the finalizer of MurmurHash3: names that differ in one letter give unrelated numbers.
function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
