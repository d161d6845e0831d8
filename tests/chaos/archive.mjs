// archive.mjs - every entry that was ever in the logs, read from Redis as they grow: what was trimmed since, or lost
// by Redis, is still here. Each entry is checked against the ledger when it is read.
import { setTimeout as pause } from 'node:timers/promises';
import { rank } from './rank.mjs';

const EVERY_MS = 20;
const PAGE = 500;

// Each log as one JSON text, because many short replies are slow to parse.
const READ = `local logs = {}
for i, key in ipairs(KEYS) do logs[i] = cjson.encode(redis.call('XRANGE', key, ARGV[1], '+')) end
return logs`;

export class Archive {
  // ledger  of what was published
  // blame   (what, { at, channel }) => …: reports a violation
  constructor(ledger, channels, blame) {
    this.ledger = ledger;
    this.blame = blame;
    this.logs = new Map(channels.map((channel) => [channel, []])); // entries, in order
    this.readTo = 0; // all entries up to this rank have been read
    this.count = 0;
    this.rereads = 0;
    this.isPaused = false; // it is not known what Redis still has
  }

  log(channel) {
    return this.logs.get(channel);
  }

  // All new entries of all channels since the last reading. previous: the id that an entry names as the one before it.
  add(read) {
    const fresh = read.map((one) => ({ ...one, rank: rank(one.id) })).sort((a, b) => a.rank - b.rank);
    for (const entry of fresh) this.#add(entry);
    this.readTo = Math.max(this.readTo, fresh.at(-1)?.rank ?? 0);
  }

  #add({ channel, id, rank: place, payload, previous }) {
    const log = this.logs.get(channel);
    const message = this.ledger.find(payload);
    const entry = { channel, id, rank: place, payload, message, readMs: Date.now() };
    const about = { at: entry.readMs, channel, message };
    const blame = (what) => this.blame(`the log of ${channel} at ${id}: ${what}`, about);
    if (place <= this.readTo) blame('came after one that is newer');
    const before = log.findLast(({ isGone }) => !isGone);
    if (before && previous !== before.id) blame(`says that ${previous} is before it, and it is ${before.id}`);
    log.push(entry);
    this.count++;
    if (!message) return blame(`nobody said ${JSON.stringify(payload.slice(0, 60))}`);
    if (message.entry) return blame(`${message} is recorded twice, at ${message.entry.id} as well`);
    message.entry = entry;
    if (message.channel !== channel) blame(`${message} was not said there`);
    return this.#checkOrder(message, blame);
  }

  // The messages of a source are recorded in the order in which they were published, whatever their channels.
  #checkOrder({ source, number, id, state, entry }, blame) {
    if (state === 'refused') blame(`"${source.name} ${number}" was answered with an error, and recorded`);
    if (id && id !== entry.id) blame(`"${source.name} ${number}" was acked as ${id}`);
    if (!source.isOrdered) return;
    const newest = source.newest;
    if (newest && number < newest.number) blame(`"${source.name} ${number}" is recorded after ${newest.number}`);
    source.newest = entry.message;
  }

  // Reads the logs as they grow, until stop(). Without BLOCK, so that a reading shows all channels at one moment.
  async follow(line) {
    const channels = [...this.logs.keys()];
    const keys = channels.map(keyOf);
    while (!this.isOver) {
      const ids = channels.map((channel) => this.logs.get(channel).at(-1)?.id ?? '0');
      const { rereads } = this;
      const read = await line.ask('XREAD', 'STREAMS', ...keys, ...ids);
      while (this.isPaused && !this.isOver) await pause(5);
      const isNew = read && rereads === this.rereads;
      if (isNew) this.add(read.flatMap(([key, list]) => parse(channels[keys.indexOf(key)], list)));
      await pause(EVERY_MS);
    }
  }

  stop() {
    this.isOver = true;
  }

  // After an outage, in which Redis may have lost entries: reads atomically what the logs hold from that moment on.
  // Marks the entries that are missing, and returns them; their messages may be recorded again.
  async reread(line, fromMs) {
    const channels = [...this.logs.keys()];
    const kept = await line.ask('EVAL', READ, channels.length, ...channels.map(keyOf), String(fromMs));
    this.rereads++;
    const gone = [];
    const fresh = [];
    channels.forEach((channel, i) => {
      const { missing, more } = this.#compare(channel, parse(channel, listOf(kept[i])), rank(`${fromMs}-0`));
      gone.push(...missing);
      fresh.push(...more);
    });
    gone.forEach((entry) => this.#lose(entry));
    this.add(fresh);
    return gone;
  }

  // At the end, when nothing is published any more: the entries that are missing from the logs.
  async missing(line) {
    const gone = [];
    for (const channel of this.logs.keys()) {
      const kept = [];
      for (let from = '-', page; page?.length !== 0; from = `(${kept.at(-1)?.id}`) {
        page = parse(channel, await line.ask('XRANGE', keyOf(channel), from, '+', 'COUNT', PAGE));
        kept.push(...page);
      }
      const { missing, more } = this.#compare(channel, kept, 0);
      gone.push(...missing);
      for (const { id } of more) this.blame(`the log of ${channel} holds ${id}, which was never added`, { channel });
    }
    return gone;
  }

  // kept: what Redis has. missing: entries of the archive from this rank on that Redis does not have any more; more:
  // entries that Redis has and that are newer than all in the archive.
  #compare(channel, kept, from) {
    const log = this.logs.get(channel);
    const byId = new Map(kept.map((one) => [one.id, one]));
    const missing = log.filter(({ id, rank: place, payload, isGone }) => {
      const same = byId.get(id)?.payload === payload;
      byId.delete(id);
      return place >= from && !isGone && !same;
    });
    const newest = log.at(-1)?.rank ?? 0;
    const more = [];
    for (const one of byId.values()) {
      if (rank(one.id) > newest) more.push(one);
      else this.blame(`the log of ${channel} holds ${one.id}, which was never added`, { channel });
    }
    return { missing, more };
  }

  #lose(entry) {
    entry.isGone = true;
    const { message } = entry;
    if (message?.entry !== entry) return;
    message.entry = undefined;
    message.isLost = true;
    message.source.newest = message.source.messages.findLast((one) => one.entry);
  }
}

// cjson writes an empty list as an object.
function listOf(text) {
  const list = JSON.parse(text);
  return Array.isArray(list) ? list : [];
}

function keyOf(channel) {
  return `bridge:log:${channel}`;
}

function parse(channel, list) {
  return list.map(([id, fields]) => {
    const field = (name) => fields[fields.findIndex((one, i) => i % 2 === 0 && one === name) + 1];
    return { channel, id, payload: field('d'), previous: field('p') };
  });
}
