// redis.mjs - a real redis-server on a free port of the loopback interface, with its own folder.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { makeFolder, removeFolder } from './folder.mjs';
import { freePort } from './port.mjs';
import { comparePositions } from './position.mjs';
import { Program } from './program.mjs';
import { Resp } from './resp.mjs';
import { waitFor } from './wait.mjs';

const run = promisify(execFile);
const SERVER = process.env.REDIS_SERVER || 'redis-server';
const CLI = process.env.REDIS_CLI || 'redis-cli';

// appendonly  its data survives stop() and kill() and is restored by start().
// database    its URL and its calls use this one.
// args        further redis-server arguments, e.g. ['--requirepass', 'x'].
// start       false: only reserve port and folder; start() later.
export async function startRedis({ appendonly = false, database = 0, args = [], start = true } = {}) {
  const redis = new Redis(await freePort(), makeFolder('redis'), appendonly, args, database);
  if (start) await redis.start();
  return redis;
}

export class Redis {
  constructor(port, folder, appendonly, args, database) {
    this.port = port;
    this.folder = folder;
    this.database = database;
    this.url = `redis://127.0.0.1:${port}${database ? `/${database}` : ''}`;
    this.args = [
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--daemonize', 'no'],
      ['--appendonly', appendonly ? 'yes' : 'no', '--appendfsync', 'always'],
      args,
    ].flat();
    this.name = `redis-server on port ${port}`;
    this.logs = '';
  }

  get log() {
    return this.logs + (this.program?.log ?? '');
  }

  async start() {
    this.logs = this.log;
    this.program = new Program(this.name, SERVER, this.args);
    await waitFor(() => /Ready to accept connections/.test(this.program.log), {
      deadline: 15_000,
      what: () => `${this.name} to accept connections:\n${this.program.log}`,
    });
  }

  // Stops it. Its folder stays, so start() restores the data if it is append-only.
  async stop() {
    this.client?.close();
    await this.program?.stop();
  }

  async kill() {
    this.client?.close();
    await this.program?.kill();
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  freeze() {
    this.program.signal('SIGSTOP');
  }

  thaw() {
    this.program.signal('SIGCONT');
  }

  // Kills it and deletes its folder.
  async close() {
    this.client?.close();
    await this.program?.kill();
    removeFolder(this.folder);
  }

  // The same connection also for calls that are made while it is opened, so that commands are executed in call order.
  async #connection() {
    if (!this.client || this.client.closed) {
      this.connecting ??= this.connect(this.database).finally(() => (this.connecting = undefined));
      this.client = await this.connecting;
    }
    return this.client;
  }

  // A connection of one's own to a database.
  async connect(database) {
    const client = await Resp.connect(this.port);
    if (database) await client.call('SELECT', database);
    return client;
  }

  async call(...args) {
    return (await this.#connection()).call(...args);
  }

  async callRaw(...args) {
    return (await this.#connection()).callRaw(...args);
  }

  // Plain PUBLISH; resolves to the number of receivers.
  publish(channel, payload) {
    return this.call('PUBLISH', channel, payload);
  }

  // Plain PUBLISH of many payloads, in order, on one connection.
  publishAll(channel, payloads) {
    return Promise.all(payloads.map((payload) => this.publish(channel, payload)));
  }

  // The durable way to publish for backends; resolves to the position.
  record(channel, payload, event) {
    return this.call('FCALL', 'bridge_publish', 1, channel, payload, ...(event === undefined ? [] : [event]));
  }

  // The number of entries in the logs of these channels.
  async logged(channels) {
    const lengths = await Promise.all(channels.map((channel) => this.call('XLEN', `bridge:log:${channel}`)));
    return lengths.reduce((sum, length) => sum + length, 0);
  }

  // Read in pages: Resp decodes an incomplete reply from its start again with every chunk that arrives.
  async #log(channel) {
    const log = [];
    for (let part; part === undefined || part.length > 0; log.push(...part)) {
      const from = log.length ? `(${log.at(-1)[0]}` : '-';
      part = await this.call('XRANGE', `bridge:log:${channel}`, from, '+', 'COUNT', 1_000);
    }
    return log;
  }

  // The entries in the logs of these channels, in the order of positions: { id, channel, data, previous, event }.
  async entries(channels) {
    const logs = await Promise.all(
      channels.map(async (channel) => {
        const log = await this.#log(channel);
        return log.map(([id, list]) => {
          const fields = new Map(list.flatMap((name, i) => (i % 2 ? [] : [[name, list[i + 1]]])));
          return { id, channel, data: fields.get('d'), previous: fields.get('p'), event: fields.get('e') };
        });
      }),
    );
    return logs.flat().sort((a, b) => comparePositions(a.id, b.id));
  }

  // Runs redis-cli with these arguments; resolves to what it prints.
  async cli(...words) {
    const { stdout } = await run(CLI, ['-h', '127.0.0.1', '-p', String(this.port), ...words]);
    return stdout.trim();
  }

  // Starts `redis-cli SUBSCRIBE channel`, which runs until it is closed. heard() returns the payloads received so far.
  async cliSubscribe(channel) {
    const args = ['-h', '127.0.0.1', '-p', String(this.port), 'SUBSCRIBE', channel];
    const program = new Program(`redis-cli SUBSCRIBE ${channel}`, CLI, args);
    await program.said(/^subscribe\n/);
    program.heard = () => {
      const lines = program.text.split('\n').slice(3);
      return lines.filter((_, i) => i % 3 === 2);
    };
    program.close = () => program.kill();
    return program;
  }
}
