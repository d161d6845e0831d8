// oracle.mjs - the promises that must hold whatever happens. Most are checked as it happens (see archive.mjs and
// lane.mjs); here are the promises to publishers, and the list of all violations.

// Times in which plain messages may be lost. An episode begins with a fault and ends when the whole fleet is in place
// again: one instance records, another stands by. While only one instance is at fault, nothing may be lost; if two are,
// they may have been the only two that had the message.
export class Episodes {
  constructor(journal) {
    this.journal = journal;
    this.list = []; // { beganMs, from, to, who }; the last one may be open
  }

  get current() {
    const last = this.list.at(-1);
    return last?.to === undefined ? last : undefined;
  }

  // `who` is at fault from now on; messages published from an earlier moment on may be affected.
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

  // May a plain message that was published then be lost? undefined: that is not decided yet.
  isFragile(at, until = at) {
    const found = this.list.filter(({ from, to }) => from <= until && (to === undefined || at <= to));
    if (found.some(({ who }) => who.size > 1)) return true;
    return found.some(({ to }) => to === undefined) ? undefined : false;
  }
}

const RECORDED_MS = 500; // on a busy machine a message may be recorded this long after it was received

export class Oracle {
  constructor(world) {
    this.world = world;
    this.violations = []; // { what, at, message, channel, topic }
    this.lostPlain = [];
    this.judged = new Map(); // source → how many of its messages
  }

  blame(what, { at = Date.now(), ...about } = {}) {
    this.violations.push({ what, at, ...about });
    this.world.journal.note('oracle', what);
  }

  // Plain messages are recorded in the order in which they were published: one that was passed over won't come later.
  judgePlain() {
    for (const source of this.world.ledger.sources.values()) {
      if (!source.isPlain || !source.newest) continue;
      let i = this.judged.get(source) ?? 0;
      while (i < source.newest.number - 1 && this.#judgePlain(source.messages[i])) i++;
      this.judged.set(source, i);
    }
  }

  // false: it is not decided yet.
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

  // However many instances are at fault: one that has a message, and works until the next one is recorded, records it.
  #keeperOf({ source, number, saidMs }) {
    if (this.world.outages.length > 0) return undefined;
    const next = source.messages.slice(number).find(({ entry }) => entry);
    return this.world.fleet.instances.find((one) => one.wasSynced(saidMs, next.entry.readMs));
  }

  // An acked message is in the log, at the position that the answer named.
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

  // If a source is not ordered, its unanswered messages may be recorded at any time; the answered ones are in order.
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

  // At the end, because a browser may be told of a loss long after it happened.
  judgeLost() {
    this.#lanes.forEach((lane) => lane.checkLost());
  }
}
