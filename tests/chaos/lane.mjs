// lane.mjs - what one browser received on some channels, with one cursor, over all its connections; and whether that,
// together with the gaps that it was told, is what was published.
//
// A gap whose reason is `ahead` or `reset` begins a new *stretch*: the cursor was void, and everything in the log is
// sent again from the beginning. Within a stretch each entry comes once, in the order of positions.
import { millisecond, rank } from './rank.mjs';

const READ_MS = 200; // the archive may know this much later what Redis has

export class Lane {
  // names  channels and patterns that end with a star
  // topic  of the browser in the journal
  constructor(title, names, world, topic) {
    Object.assign(this, { title, names, world, topic });
    this.channels = world.channels.filter((channel) => names.some((name) => matches(name, channel)));
    this.cursor = undefined; // the last id
    this.stretches = [];
    this.count = 0;
  }

  get stretch() {
    return this.stretches.at(-1);
  }

  #blame(what, at, { message, channel } = {}) {
    this.world.blame(`${this.title}: ${what}`, { at, message, channel, topic: this.topic });
  }

  #begin(id) {
    this.cursor = id;
    this.stretches.push(new Stretch(this.channels, rank(id)));
  }

  // The browser was told that it has everything up to there.
  move(id) {
    if (id !== this.cursor) this.world.journal.note(this.topic, `is at ${id}`, this.topic);
    if (this.cursor === undefined) return this.#begin(id);
    const to = rank(id);
    if (to < this.stretch.cursor) return this.#blame(`the cursor went back from ${this.cursor} to ${id}`);
    this.stretch.cursor = to;
    this.cursor = id;
    return undefined;
  }

  // An entry that a page would show.
  take(id, channel, payload) {
    const message = this.world.ledger.find(payload);
    const about = { message, channel };
    this.count++;
    this.world.journal.note(this.topic, `receives ${id} of ${channel}`, this.topic);
    if (!this.channels.includes(channel)) this.#blame(`was given an entry of ${channel}`, undefined, about);
    if (this.cursor === undefined) return this.#blame(`was given ${id} before a cursor`, undefined, about);
    const place = rank(id);
    if (place <= this.stretch.cursor) {
      const what = `was given ${id} (${message ?? 'nobody\'s'}) when it had everything up to ${this.cursor}`;
      return this.#blame(what, undefined, about);
    }
    this.stretch.given.set(place, { id, channel, payload });
    return this.move(id);
  }

  takeObject({ id, channel, data }, lastEventId) {
    if (id !== lastEventId) this.#blame(`an entry has the id ${id} and the last event id ${lastEventId}`);
    this.take(id, channel, data);
  }

  // A gap. id: the cursor from which it goes on, if that covers this lane.
  tell({ channel, after, oldest, reason }, id) {
    this.world.journal.count(`gaps told: ${reason}`);
    const gap = { name: channel, reason, after: rank(after), atMs: Date.now() };
    gap.oldest = oldest === null ? Infinity : rank(oldest);
    gap.text = `${reason} ${channel} ${after} … ${oldest}`;
    this.world.journal.note(this.topic, `is told a gap: ${gap.text}; goes on from ${id}`, this.topic);
    if (![...this.names, ...this.channels].includes(channel)) this.#blame(`was told a gap in ${channel}`);
    if (!this.world.reasons.includes(reason)) this.#blame(`was told a gap: ${gap.text}`);
    const isAnew = reason === 'ahead' || reason === 'reset';
    if (!isAnew) this.stretch.gaps.push(gap);
    else if (!this.stretch.isCausedBy(gap)) this.#begin(id ?? '0-0'); // a gap for each channel, but one stretch
    if (isAnew) this.stretch.causes.push(gap);
    if (id) this.move(id);
  }

  // Compares what was received so far with the archive, as far as that has been read.
  check() {
    for (const stretch of this.stretches) this.#check(stretch);
  }

  #check(stretch) {
    const { archive } = this.world;
    const to = Math.min(stretch.cursor, archive.readTo);
    if (to < archive.readTo && stretch === this.stretch && to === stretch.checked) return;
    for (const [channel, next] of stretch.next) {
      const log = archive.log(channel);
      let i = next;
      for (; i < log.length && log[i].rank <= to; i++) this.#checkEntry(stretch, log[i]);
      stretch.next.set(channel, i);
    }
    for (const [place, { id, channel, payload }] of stretch.given) {
      if (place > to) continue;
      stretch.given.delete(place);
      const message = this.world.ledger.find(payload);
      if (message && this.world.mayLose(millisecond(place))) continue;
      const what = `was given ${id} of ${channel} (${message ?? 'nobody\'s'}), which was never in the log`;
      this.#blame(what, undefined, { message, channel });
    }
    for (const gap of stretch.gaps) this.#checkGap(stretch, gap, to);
    stretch.checked = to;
  }

  #checkEntry(stretch, entry) {
    if (entry.rank <= stretch.start) return;
    const given = stretch.given.get(entry.rank);
    stretch.given.delete(entry.rank);
    const gaps = stretch.gaps.filter((one) => this.#covers(one, entry)); // one may be told again after a disconnect
    const [gap] = gaps;
    const about = { message: entry.message, channel: entry.channel };
    for (const one of gaps) one.isTrue = true;
    if (!given && !gap) {
      if (entry.isGone) stretch.untold.push(entry);
      else this.#blame(`was never given ${entry.id} of ${entry.channel} (${entry.message})`, entry.readMs, about);
    } else if (given && gap && gap.name === entry.channel) {
      this.#blame(`was given ${entry.id} and told that it is missing: ${gap.text}`, entry.readMs, about);
    } else if (given && (given.payload !== entry.payload || given.channel !== entry.channel)) {
      const what = JSON.stringify(given).slice(0, 200);
      this.#blame(`${entry.id} is ${entry.message}, and it was given ${what}`, entry.readMs, about);
    }
  }

  // A browser must be told of entries that Redis lost and it never received, by a stretch that began later.
  checkLost() {
    const began = this.stretch?.causes.length > 0 ? this.stretch.beganMs : -Infinity;
    for (const { id, channel, message, readMs } of this.stretch?.untold ?? []) {
      if (readMs < began + READ_MS) continue;
      const what = `was never given ${id} of ${channel} (${message}), which Redis lost, nor told that`;
      this.#blame(what, readMs, { message, channel });
    }
  }

  // A channel's gap says exactly what is missing; a pattern's says only from where on. Both may cover only what was
  // gone by then: entries that have at least historyLength newer ones were trimmed. (If the list of channels was deleted, a
  // pattern does not find their logs, which are there.)
  #covers(gap, { rank: place, channel, isGone, readMs }) {
    if (place <= gap.after || !matches(gap.name, channel)) return false;
    if (gap.name === channel && place >= gap.oldest) return false;
    const mayBeUnfound = gap.reason === 'expired' && gap.name !== channel;
    if ((isGone || mayBeUnfound) && readMs < gap.atMs + READ_MS) return true;
    const log = this.world.archive.log(channel);
    const newer = log[log.findIndex((one) => one.rank === place) + this.world.historyLength];
    return newer !== undefined && newer.readMs < gap.atMs + READ_MS;
  }

  // A false gap makes a page load everything anew. (For a pattern the bridge can't always know; that is no violation.)
  #checkGap(stretch, gap, to) {
    if (gap.isChecked || gap.oldest > to) return;
    gap.isChecked = true;
    if (gap.isTrue || !this.channels.includes(gap.name) || this.#mayBeUnread(gap)) return;
    this.#blame(`was told a gap, and nothing is missing: ${gap.text}`, gap.atMs, { channel: gap.name });
  }

  // May the archive have missed what the gap is about, because it was lost as soon as it was there?
  #mayBeUnread({ after, atMs }) {
    const { loses, outages } = this.world;
    return loses && outages.some((at) => at > millisecond(after) - READ_MS && at < atMs);
  }

  // Has it received everything that the archive has?
  isComplete() {
    const newest = Math.max(0, ...this.channels.map((channel) => this.world.archive.log(channel).at(-1)?.rank ?? 0));
    return this.stretch !== undefined && this.stretch.cursor >= newest;
  }
}

class Stretch {
  constructor(channels, start) {
    this.beganMs = Date.now();
    this.start = start;
    this.cursor = start;
    this.checked = -1;
    this.given = new Map(); // rank → entry; removed once it is compared
    this.gaps = [];
    this.causes = []; // the gaps that began it
    this.untold = []; // entries that Redis lost before they were sent
    this.next = new Map(channels.map((channel) => [channel, 0])); // channel → index in the archive's log
  }

  // Does that gap have the same cause as this stretch?
  isCausedBy(gap) {
    return this.cursor === this.start && this.causes.some(({ atMs, name }) => gap.atMs - atMs < 1000 && name !== gap.name);
  }
}

function matches(name, channel) {
  return name.endsWith('*') ? channel.startsWith(name.slice(0, -1)) : name === channel;
}
