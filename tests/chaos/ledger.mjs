// ledger.mjs - who said what, when, and what came of it. A source says messages 1, 2, 3 … over many channels; which
// message a payload is can be told from the payload alone.
//
//   SAID ── answered ──► ACKED      recorded, or promised to be
//     ├──── no answer ─► UNKNOWN    the connection died: it may have been executed or not, or will be
//     └──── refused ───► REFUSED    an answer that says that nothing was done

export const SAID = 'said';
export const ACKED = 'acked';
export const UNKNOWN = 'unknown';
export const REFUSED = 'refused';

const HEAD = /^(\S+) (\d+)(?: |$)/; // the source and the number; what follows makes it longer

export class Ledger {
  constructor() {
    this.sources = new Map(); // by name
  }

  // way        what the messages are said with, for people
  // isPlain    said with PUBLISH: the promise of the recorder, not of an answer
  // isOrdered  one message is over, or repeated until it is acked, before the next one is said
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

  // The message that has this payload; undefined: nobody said it.
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
    this.heardBy = undefined; // of a PUBLISH: what it was answered
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
