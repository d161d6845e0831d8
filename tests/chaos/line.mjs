// line.mjs - a connection to the current primary Redis, opened again whenever it is lost.
import { Resp } from '../lib/resp.mjs';
import { waitFor } from '../lib/wait.mjs';

// The Redis that a run uses, and its `port`; a failover replaces it by another one.
export class Primary {
  constructor(redis) {
    this.redis = redis;
    this.lines = new Set();
  }

  get port() {
    return this.redis.port;
  }

  // From now on this Redis is the primary; connections to the old one are closed.
  become(redis) {
    this.redis = redis;
    for (const line of this.lines) line.cut();
  }

  line(name) {
    const line = new Line(this, name);
    this.lines.add(line);
    return line;
  }

  close() {
    for (const line of this.lines) line.close();
  }
}

class Line {
  constructor(primary, name) {
    this.primary = primary;
    this.name = `chaos-${name}`; // for CLIENT KILL
    this.isOver = false;
  }

  // The connection, opened if necessary; throws if Redis does not answer.
  async #connect() {
    if (this.client && !this.client.closed) return this.client;
    const client = await Resp.connect(this.primary.port);
    try {
      await client.call('CLIENT', 'SETNAME', this.name);
      await client.call('ECHO', 'ready'); // an error while Redis loads its data
      await this.onConnect?.(client);
    } catch (error) {
      client.close();
      throw error;
    }
    if (this.isOver) client.close();
    this.client = client;
    return client;
  }

  // Waits until Redis answers.
  async up({ deadline = 30_000 } = {}) {
    await waitFor(() => this.isOver || this.#connect(), { deadline, every: 20, what: `Redis to answer ${this.name}` });
    if (this.isOver) throw new Error('it is over');
  }

  // Sends one command at once, on a connection that is up. An error with isReply says that it was not executed.
  call(...words) {
    if (!this.client) return Promise.reject(new Error('there is no connection to Redis yet'));
    return this.client.call(...words);
  }

  // One command that does no harm if it is executed twice: repeated until it is answered.
  async ask(...words) {
    for (;;) {
      await this.up();
      try {
        return await this.call(...words);
      } catch (error) {
        if (error.isReply && !/^(LOADING|READONLY|MASTERDOWN)/.test(error.message)) throw error;
      }
    }
  }

  // Keeps the connection up: opens it again whenever it is lost.
  async keep() {
    while (!this.isOver) {
      await this.up();
      await waitFor(() => this.client.closed, { deadline: Infinity, every: 10 });
    }
  }

  cut() {
    this.client?.close();
  }

  close() {
    this.isOver = true;
    this.cut();
  }
}
