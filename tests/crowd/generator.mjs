// generator.mjs - runs the program `crowd`, and tells it what to do. Its verbs are in verbs.c.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { waitFor } from '../lib/wait.mjs';

const CROWD = process.env.CROWD;

export class Generator {
  #waiting = [];

  constructor() {
    // It ends when its standard input does, so it never outlives this process.
    this.child = spawn(CROWD, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.pid = this.child.pid;
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.once('error', (error) => this.#fail(error));
    this.child.stdin.on('error', () => {});
    this.ended.then((code) => this.#fail(new Error(`crowd ended with ${code}`)));
    createInterface({ input: this.child.stdout }).on('line', (line) =>
      this.#waiting.shift()?.resolve(JSON.parse(line)),
    );
  }

  #fail(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  // tell('open', 'live', { count: 1000, wire: 'ws' })
  async tell(verb, ...words) {
    const flat = words.flatMap((word) => {
      if (typeof word === 'string') return [word];
      return Object.entries(word).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
    });
    const answer = await new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.child.stdin.write(`${[verb, ...flat].join(' ')}\n`);
    });
    if (answer.error) throw new Error(`crowd: ${answer.error}`);
    return answer;
  }

  // One group's figures.
  async state(group) {
    return (await this.tell('state', group))[group];
  }

  // Waits until a group's figures are as they should be, and returns them.
  until(group, is, { deadline = 30_000, what = 'its figures to be right' } = {}) {
    let last;
    return waitFor(
      async () => {
        last = await this.state(group);
        return is(last) && last;
      },
      { deadline, every: 20, what: () => `${what} (${group}: ${JSON.stringify(last)})` },
    );
  }

  // Waits until a whole group listens. Throws if the server refused or disconnected any of it.
  async opened(group, count, options) {
    const state = await this.until(group, ({ listening, ended_by_server: gone }) => listening + gone >= count, {
      what: `${count} to listen`,
      ...options,
    });
    if (state.listening < count)
      throw new Error(`${group}: the server ended ${state.ended_by_server}: ${JSON.stringify(state)}`);
    return state;
  }

  // Opens a group and waits until all of it listens.
  async open(group, settings, options) {
    await this.tell('open', group, settings);
    return this.opened(group, settings.count, options);
  }

  // Waits until every browser of the group has everything that was published.
  complete(group, options) {
    return this.until(group, ({ owed }) => owed === 0, { what: 'every browser to have everything', ...options });
  }

  async shut(group, settings = {}, options = {}) {
    await this.tell('shut', group, settings);
    await this.until(group, ({ shutting }) => !shutting, { what: 'all to have disconnected', ...options });
  }

  // Waits until everything that was ordered is published, and in the log.
  async said({ deadline = 60_000 } = {}) {
    const quiet = async () => {
      const { pen } = await this.tell('state', '-');
      return pen.is_quiet && pen;
    };
    const pen = await waitFor(quiet, { deadline, every: 10, what: 'all messages to be published' });
    if (pen.errors) throw new Error(`Redis refused ${pen.errors} messages`);
  }

  async say(settings, options) {
    await this.tell('say', settings);
    await this.said(options);
  }

  async close() {
    this.child.stdin.end();
    await this.ended;
  }
}
