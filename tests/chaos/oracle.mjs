// oracle.mjs - what must hold, whatever happens. Most of it is checked while it happens (see archive.mjs and lane.mjs);
// here are the promises of the ways in, and the list of all that was wrong.

// Times in which plain messages may be lost. An episode begins with a fault and ends when the whole fleet is in place
// again: one records, another stands by. While only one instance is at fault, nothing may be lost; where two are, those
// may have been the two that had the message.
export class Episodes {
  constructor(journal) {
    this.journal = journal;
    this.list = []; // { beganMs, from, to, who }; the last one may be open
  }

  get current() {
    const last = this.list.at(-1);
    return last?.to === undefined ? last : undefined;
  }

  // Somebody is at fault from now on; what was said from an earlier moment on may be concerned.
  touch(who, from = Date.now()) {
    if (!this.current) this.list.push({ beganMs: Date.now(), from, to: undefined, who: new Set() });
    this.current.from = Math.min(this.current.from, from);
    this.current.who.add(who);
  }

  // The fleet is in place.
  close() {
    if (!this.current) return;
    this.journal.note('fleet', `is in place after ${Date.now() - this.current.beganMs} ms`);
    this.current.to = Date.now();
  }

  // May a plain message that was said then be lost? undefined: that is not decided yet.
  isFragile(at, until = at) {
    const found = this.list.filter(({ from, to }) => from <= until && (to === undefined || at <= to));
    if (found.some(({ who }) => who.size > 1)) return true;
    return found.some(({ to }) => to === undefined) ? undefined : false;
  }
}

const RECORDED_MS = 500; // what was heard may be recorded so much later on a busy machine

export class Oracle {
  constructor(world) {
    this.world = world;
    this.violations = []; // { what, at, message, channel, topic }
    this.lostPlain = [];
    this.judged = new Map(); // source → up to which number
  }

  blame(what, { at = Date.now(), ...about } = {}) {
    this.violations.push({ what, at, ...about });
    this.world.journal.note('oracle', what);
  }

  // Plain messages are recorded in the order in which they were said: what was passed over won't come any more.
  judgePlain() {
    for (const source of this.world.ledger.sources.values()) {
      if (!source.isPlain || !source.newest) continue;
      let i = this.judged.get(source) ?? 0;
      while (i < source.newest.number - 1 && this.#judgePlain(source.messages[i])) i++;
      this.judged.set(source, i);
    }
  }

  // false: not yet.
  #judgePlain(message) {
    const { source, saidMs, answeredMs, channel } = message;
    if (message.entry || message.isLost || message.state !== 'acked') return true;
    const mayBeLost = this.world.episodes.isFragile(saidMs, answeredMs + RECORDED_MS);
    if (mayBeLost === undefined) return false;
    this.lostPlain.push(message);
    const what = `${message} is not recorded, but "${source.name} ${source.newest.number}" is`;
    const keeper = mayBeLost && this.#keeperOf(message);
    if (!mayBeLost) this.blame(what, { at: saidMs, message, channel });
    if (keeper) this.blame(`${what}; instance ${keeper.name} had it all the time`, { at: saidMs, message, channel });
    return true;
  }

  // However many are at fault: one that has a message, and stays unharmed until the next one is recorded, records it.
  #keeperOf({ source, number, saidMs }) {
    if (this.world.outages.length > 0) return undefined;
    const next = source.messages.slice(number).find(({ entry }) => entry);
    return this.world.fleet.instances.find((one) => one.wasSynced(saidMs, next.entry.readMs));
  }

  // What was acked is in the log; and where its answer came first, where the answer says.
  judgeAcked() {
    for (const message of this.world.ledger.messages) {
      if (message.state !== 'acked' || message.source.isPlain) continue;
      const about = { at: message.answeredMs, message, channel: message.channel };
      if (message.entry && message.id && message.id !== message.entry.id) {
        this.blame(`${message} was acked as ${message.id} and is recorded at ${message.entry.id}`, about);
      }
      if (message.entry || message.isLost || this.world.mayLose(message.answeredMs)) continue;
      this.blame(`${message} was acked and is not recorded`, about);
    }
    for (const source of this.world.ledger.sources.values()) this.#judgeOrder(source);
  }

  // Where an unanswered message may be recorded at any time, those that were answered are still in order.
  #judgeOrder(source) {
    let newest;
    for (const message of source.messages) {
      if (source.isOrdered || message.state !== 'acked' || !message.entry) continue;
      const about = { at: message.saidMs, message, channel: message.channel };
      const isEarly = newest && message.entry.rank < newest.entry.rank;
      if (isEarly) this.blame(`${message} is recorded before ${newest}`, about);
      newest = message;
    }
  }

  get #lanes() {
    return this.world.browsers.flatMap(({ lanes }) => lanes);
  }

  judgeBrowsers() {
    if (!this.world.archive.isPaused) this.#lanes.forEach((lane) => lane.check());
  }

  // At the end: a loss may be told long after it came about.
  judgeLost() {
    this.#lanes.forEach((lane) => lane.checkLost());
  }
}
