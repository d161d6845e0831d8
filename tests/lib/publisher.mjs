// publisher.mjs - a backend that says numbered messages, at an even pace, on one connection, over its channels in turn.
// It remembers when it said each, and what Redis answered: for a PUBLISH, how many heard it.
import { Resp } from './resp.mjs';
import { paced, waitFor } from './wait.mjs';

const EVERY_MS = 10;
const UNANSWERED_MAX = 1_000; // with more it waits: on a machine that is too busy it is slower, and not ahead of itself

// prefix   what its payloads begin with, so that two publishers can be told apart on one channel
// each     how many it says every 10 ms
// command  (channel, payload) => the words that say it
export async function openPublisher(redis, channels, { prefix = '', each = 50, command = plain } = {}) {
  return new Publisher(await Resp.connect(redis.port), { channels, prefix, each, command });
}

const plain = (channel, payload) => ['PUBLISH', channel, payload];
export const durable = (channel, payload) => ['FCALL', 'bridge_publish', 1, channel, payload];

class Publisher {
  constructor(client, settings) {
    this.client = client;
    Object.assign(this, settings);
    this.saidMs = []; // of message n at n - 1
    this.answers = []; // likewise; undefined where none came
    this.answered = 0;
  }

  get count() {
    return this.saidMs.length;
  }

  payload(n) {
    return `${this.prefix}${n}`;
  }

  channel(n) {
    return this.channels[n % this.channels.length];
  }

  // What it has said up to now.
  payloads() {
    return this.saidMs.map((_, i) => this.payload(i + 1));
  }

  // The number of a payload of its own, or undefined.
  numberOf(payload) {
    const n = Number(payload.slice(this.prefix.length));
    return n && payload === this.payload(n) ? n : undefined;
  }

  // Says `count` more; resolves when Redis has answered them.
  async say(count) {
    const until = this.count + count;
    await this.#speak(() => this.count < until);
  }

  // Goes on saying until `work` is done; gives what that gives.
  async sayDuring(work) {
    let isDone = false;
    const working = work().finally(() => (isDone = true));
    const [result] = await Promise.all([working, this.#speak(() => !isDone)]);
    return result;
  }

  // Resolves when it has said so many.
  reached(count, { deadline = 30_000 } = {}) {
    const what = () => `message ${count} to be said; the last was ${this.count}`;
    return waitFor(() => this.count >= count, { deadline, every: 1, what });
  }

  async #speak(isOn) {
    let last;
    await paced(Infinity, EVERY_MS, () => {
      if (this.count - this.answered > UNANSWERED_MAX) return isOn();
      this.client.socket.cork();
      for (let i = 0; i < this.each && isOn(); i++) last = this.#one();
      this.client.socket.uncork();
      return isOn();
    });
    await last; // answers come in order
  }

  #one() {
    const n = this.saidMs.push(Date.now());
    const words = this.command(this.channel(n), this.payload(n));
    const keep = (answer) => (this.answers[n - 1] = answer);
    const end = () => this.answered++;
    return this.client.call(...words).then(keep, (error) => (this.error = error)).then(end);
  }

  close() {
    this.client.close();
  }
}
