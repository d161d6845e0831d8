// publisher.mjs - a backend that publishes numbered messages at an even pace on one connection, to its channels in
// turn. It remembers when it sent each one, and the reply of Redis: for a PUBLISH, the number of receivers.
import { Resp } from './resp.mjs';
import { paced, waitFor } from './wait.mjs';

const EVERY_MS = 10;
const UNANSWERED_MAX = 1_000; // with more it pauses: on a busy machine it slows down instead of piling up commands

// prefix   of its payloads, to tell two publishers on one channel apart
// each     messages per 10 ms
// command  (channel, payload) => the command that publishes it, as a list of arguments
export async function openPublisher(redis, channels, { prefix = '', each = 50, command = plain } = {}) {
  return new Publisher(await Resp.connect(redis.port), { channels, prefix, each, command });
}

const plain = (channel, payload) => ['PUBLISH', channel, payload];
export const durable = (channel, payload) => ['FCALL', 'bridge_publish', 1, channel, payload];

class Publisher {
  constructor(client, settings) {
    this.client = client;
    Object.assign(this, settings);
    this.saidMs = []; // when message n was sent, at index n - 1
    this.answers = []; // the replies, at the same indices; undefined if there was none
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

  // The payloads that it has published so far.
  payloads() {
    return this.saidMs.map((_, i) => this.payload(i + 1));
  }

  // The number of a payload, or undefined if it is not one of this publisher's.
  numberOf(payload) {
    const n = Number(payload.slice(this.prefix.length));
    return n && payload === this.payload(n) ? n : undefined;
  }

  // Publishes `count` more; resolves when Redis has replied to all of them.
  async say(count) {
    const until = this.count + count;
    await this.#speak(() => this.count < until);
  }

  // Publishes until `work` is done; resolves to its result.
  async sayDuring(work) {
    let isDone = false;
    const working = work().finally(() => (isDone = true));
    const [result] = await Promise.all([working, this.#speak(() => !isDone)]);
    return result;
  }

  // Waits until it has published `count` messages in all.
  reached(count, { deadline = 30_000 } = {}) {
    const what = () => `message ${count} to be published; the last was ${this.count}`;
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
    await last; // replies arrive in order
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
