// publisher.mjs - every way to publish. Each publisher sends numbered messages on all channels, one after the other, at
// random intervals, and enters the answers into the ledger.
import { setTimeout as pause } from 'node:timers/promises';
import { query, request } from '../lib/http.mjs';
import { waitFor } from '../lib/wait.mjs';
import { openWs } from '../lib/ws.mjs';

const ANSWER_MS = 2500; // after this a client gives up, and repeats the message if it has a key
const KEY_MS = 110_000; // a repeat with the same key is certainly recognized for this long

class Publisher {
  // everyMs  between two turns, on average
  constructor(name, { world, way, everyMs, isPlain, isOrdered }) {
    this.world = world;
    this.source = world.ledger.source(name, { way, isPlain, isOrdered });
    this.dice = world.dice.of(name);
    this.everyMs = everyMs;
    this.isOver = false;
  }

  start() {
    this.running = this.#run();
    this.running.catch((error) => this.world.blame(`${this.source.name} can't go on: ${error.stack}`));
  }

  async #run() {
    while (!this.isOver) {
      await this.turn();
      await pause(this.dice.between(0, 2 * this.everyMs));
    }
  }

  turn() {
    return this.say();
  }

  // Publishes until a message is acked: the last one. Once it is recorded, everything before it is settled.
  async finish() {
    this.isOver = true;
    await this.running;
    await waitFor(async () => (await this.say()).state === 'acked', {
      deadline: 30_000,
      every: 50,
      what: `the last message of ${this.source.name} to be answered`,
    });
  }

  message() {
    return this.world.ledger.say(this.source, this.dice.pick(this.world.channels), this.#padding());
  }

  // Mostly short; some with line breaks and multi-byte characters; a few are large.
  #padding() {
    const dice = this.dice.next();
    if (dice < 0.6) return '';
    if (dice < 0.7) return 'zwei\nZeilen, größer als eine ✓';
    return '.'.repeat(dice < 0.99 ? this.dice.whole(1, 400) : 20_000);
  }

  close() {
    this.isOver = true;
  }
}

// --- to Redis itself ------------------------------------------------------------------------------------------------

class RedisPublisher extends Publisher {
  // words  (channel, payload) => the command
  // read   the answer => what acked() takes
  constructor(name, { words, read, ...settings }) {
    super(name, settings);
    this.line = this.world.primary.line(name);
    Object.assign(this, { words, read });
  }

  async say() {
    await this.line.up();
    return this.sayNow();
  }

  async sayNow() {
    const message = this.message();
    try {
      message.acked(this.read(await this.line.call(...this.words(message.channel, message.payload))));
    } catch (error) {
      if (error.isReply) message.refused();
      else message.unknown();
    }
    return message;
  }
}

class PlainPublisher extends RedisPublisher {
  // Several at once, pipelined on one connection.
  async turn() {
    await this.line.up();
    const count = this.dice.chance(0.1) ? this.dice.whole(10, 40) : this.dice.whole(1, 3);
    await Promise.all(Array.from({ length: count }, () => this.sayNow()));
  }
}

// --- through the bridge ---------------------------------------------------------------------------------------------

class PostPublisher extends Publisher {
  constructor(name, { hasKey, ...settings }) {
    super(name, { ...settings, isOrdered: hasKey });
    this.hasKey = hasKey;
  }

  async say() {
    const message = this.message();
    const key = this.hasKey ? `${this.world.dice.seed}-${this.source.name}-${message.number}` : undefined;
    while (!(await this.#post(message, key)) && this.hasKey) {
      if (Date.now() - message.saidMs > KEY_MS) throw new Error(`${message} was not accepted within ${KEY_MS} ms`);
      await pause(this.dice.between(10, 100));
    }
    return message;
  }

  // Without a key an unanswered message must not be sent again: it may have been recorded.
  async #post(message, key) {
    const to = this.dice.pick(this.world.fleet.instances).bridge;
    let answer;
    try {
      const path = '/publish' + query(message.channel, { key });
      answer = await request(to, path, { method: 'POST', body: message.payload, deadline: ANSWER_MS });
    } catch {
      message.unknown();
      return false;
    }
    this.world.journal.count(`${this.source.name} ${answer.status}`);
    if (answer.status === 200) message.acked({ id: answer.json().id });
    else if (answer.status === 503) message.unknown();
    else throw new Error(`POST /publish was answered ${answer.status} ${answer.text}`);
    return answer.status === 200;
  }
}

class WebSocketPublisher extends Publisher {
  async say() {
    const message = this.message();
    const key = `${this.source.name}-${message.number}`;
    while (!this.hasEnded && !(await this.#publish(message, key))) {
      if (Date.now() - message.saidMs > KEY_MS) throw new Error(`${message} was not acked within ${KEY_MS} ms`);
      await pause(this.dice.between(10, 100));
    }
    return message;
  }

  async #publish(message, key) {
    const client = await this.#connection();
    if (!client) return false;
    const frame = { type: 'publish', channel: message.channel, data: message.payload, key };
    const asked = client.ask(frame, { deadline: ANSWER_MS }).catch(() => undefined);
    if (this.dice.chance(0.03)) setTimeout(() => client.cut(), this.dice.between(0, 5)); // this client's network fails
    const answer = await Promise.race([asked, client.gone]);
    client.frames.length = 0;
    if (answer?.type === 'ack') message.acked({ id: answer.id });
    else if (answer?.type === 'error') this.world.journal.count(`${this.source.name} ${answer.code}`);
    else client.cut();
    return answer?.type === 'ack';
  }

  async #connection() {
    if (this.client && !this.client.closed && !this.dice.chance(0.01)) return this.client;
    this.client?.cut();
    this.client = undefined;
    const to = this.dice.pick(this.world.fleet.instances).bridge;
    try {
      const client = await openWs(to, { deadline: ANSWER_MS });
      client.gone = new Promise((resolve) => client.socket.once('close', () => resolve(undefined)));
      this.client = client;
    } catch {
      this.world.journal.count(`${this.source.name} not connected`);
    }
    return this.client;
  }

  close() {
    super.close();
    this.hasEnded = true;
    this.client?.cut();
  }
}

// --- all of them ----------------------------------------------------------------------------------------------------

const position = (id) => ({ id });

// Every way to publish, so slowly that the fleet, the browsers and the test fit on a small machine.
export function openPublishers(world) {
  const plain = { world, way: 'PUBLISH', words: (...words) => ['PUBLISH', ...words], read: (heardBy) => ({ heardBy }) };
  const fcall = { world, way: 'FCALL', words: (...words) => ['FCALL', 'bridge_publish', 1, ...words], read: position };
  const inbox = {
    world,
    way: 'XADD to the inbox',
    words: (channel, data) => ['XADD', 'bridge:inbox', '*', 'channel', channel, 'data', data],
    read: () => ({}),
  };
  return [
    new PlainPublisher('plain-1', { ...plain, isPlain: true, everyMs: 60 }),
    new PlainPublisher('plain-2', { ...plain, isPlain: true, everyMs: 60 }),
    new RedisPublisher('fcall', { ...fcall, everyMs: 40 }),
    new RedisPublisher('inbox-1', { ...inbox, everyMs: 60 }),
    new RedisPublisher('inbox-2', { ...inbox, everyMs: 60 }),
    new PostPublisher('post', { world, way: 'POST', everyMs: 60, hasKey: false }),
    new PostPublisher('post-key', { world, way: 'POST with a key', everyMs: 60, hasKey: true }),
    new WebSocketPublisher('socket-1', { world, way: 'WebSocket with a key', everyMs: 60 }),
    new WebSocketPublisher('socket-2', { world, way: 'WebSocket with a key', everyMs: 60 }),
  ];
}
