// journal.mjs - what happened when: faults, messages, gaps, disconnects. It is printed only if a run fails, and then
// only the part around each violation.

const MOST = 400_000; // events that are kept; the oldest are dropped

export class Journal {
  constructor() {
    this.startMs = Date.now();
    this.events = []; // { at, who, what, topic }, in order of time
    this.counts = new Map(); // of things that are only counted
  }

  // topic  a channel or whatever else it is about; lines() of other topics leave it out
  note(who, what, topic) {
    this.events.push({ at: Date.now(), who, what, topic });
    if (this.events.length > MOST) this.events.splice(0, MOST / 4);
  }

  count(what, more = 1) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + more);
  }

  // A moment as the journal shows it: seconds since the start of the run.
  time(at) {
    return `${((at - this.startMs) / 1000).toFixed(3)}`.padStart(9);
  }

  // Lines from one moment to another: events without a topic, and those with one of these; all, if none are named.
  lines(from, to, topics) {
    return this.events
      .filter(({ at, topic }) => at >= from && at <= to && (!topics || topic === undefined || topics.includes(topic)))
      .map(({ at, who, what }) => ({ at, text: `${this.time(at)}  ${who}  ${what}` }));
  }
}
