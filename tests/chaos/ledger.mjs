// ledger.mjs - which messages were published when, by whom, and with what result. A source publishes messages 1, 2, 3 …
// on many channels; the payload alone tells which message it is.
//
//   SAID ── answered ──► ACKED      recorded, or promised to be
//     ├──── no answer ─► UNKNOWN    the connection was lost: executed already, or later, or never
//     └──── refused ───► REFUSED    the answer says that nothing was done

export const SAID = 'said';
export const ACKED = 'acked';
export const UNKNOWN = 'unknown';
export const REFUSED = 'refused';

const HEAD = /^(\S+) (\d+)(?: |$)/; // the source and the number; the rest is padding

export class Ledger {
  constructor() {
    this.sources = new Map(); // by name
  }

  // way        how the messages are published, for reports
  // isPlain    published with PUBLISH: the recorder promises to record them, the answer promises nothing
  // isOrdered  they must be recorded in the order in which they were published
  source(name, { way, isPlain = false, isOrdered = true }) {
    const source = { name, way, isPlain, isOrdered, messages: [] }; // message n at n - 1
    this.sources.set(name, source);
    return source;
  }

  say(source, channel, padding = '') {
    const number = source.messages.length + 1;
    const message = new Message(source, number, channel, `${source.name} ${number}${padding && ' '}${padding}`);
    source.messages.push(message);
    return message;
  }

  // The message that has this payload; undefined: nobody published it.
  find(payload) {
    const [, name, number] = payload.match(HEAD) ?? [];
    const message = this.sources.get(name)?.messages[number - 1];
    return message?.payload === payload ? message : undefined;
  }

  get messages() {
    return [...this.sources.values()].flatMap(({ messages }) => messages);
  }
}

class Message {
  constructor(source, number, channel, payload) {
    Object.assign(this, { source, number, channel, payload });
    this.saidMs = Date.now();
    this.state = SAID;
    this.answeredMs = undefined;
    this.id = undefined; // the position that its answer named
    this.heardBy = undefined; // of a PUBLISH: how many subscribers received it
    this.entry = undefined; // in the archive
  }

  #answered(state) {
    this.state = state;
    this.answeredMs = Date.now();
  }

  acked({ id, heardBy } = {}) {
    this.#answered(ACKED);
    Object.assign(this, { id, heardBy });
  }

  unknown() {
    this.#answered(UNKNOWN);
  }

  refused() {
    this.#answered(REFUSED);
  }

  toString() {
    return `"${this.source.name} ${this.number}" (${this.source.way} on ${this.channel})`;
  }
}
