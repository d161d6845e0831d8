// redis.mjs - a real redis-server on a free port of the loopback, with its own folder.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { makeFolder, removeFolder } from './folder.mjs';
import { freePort } from './port.mjs';
import { Program } from './program.mjs';
import { Resp } from './resp.mjs';
import { waitFor } from './wait.mjs';

const run = promisify(execFile);
const SERVER = process.env.REDIS_SERVER || 'redis-server';
const CLI = process.env.REDIS_CLI || 'redis-cli';

// appendonly  its data survives stop() and kill() and is there again after start().
// args        further redis-server arguments, e.g. ['--requirepass', 'x'].
// start       false: only reserve port and folder; start() later.
export async function startRedis({ appendonly = false, args = [], start = true } = {}) {
  const redis = new Redis(await freePort(), makeFolder('redis'), appendonly, args);
  if (start) await redis.start();
  return redis;
}

export class Redis {
  constructor(port, folder, appendonly, args) {
    this.port = port;
    this.folder = folder;
    this.url = `redis://127.0.0.1:${port}`;
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

  // Ends it; its folder stays, so start() brings back the data if it is append-only.
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

  // Ends it for good.
  async close() {
    this.client?.close();
    await this.program?.kill();
    removeFolder(this.folder);
  }

  async #connection() {
    if (!this.client || this.client.closed) this.client = await Resp.connect(this.port);
    return this.client;
  }

  async call(...args) {
    return (await this.#connection()).call(...args);
  }

  async callRaw(...args) {
    return (await this.#connection()).callRaw(...args);
  }

  // Plain PUBLISH; how many heard it.
  publish(channel, payload) {
    return this.call('PUBLISH', channel, payload);
  }

  // Plain PUBLISH of many payloads, in order, on one connection.
  publishAll(channel, payloads) {
    return Promise.all(payloads.map((payload) => this.publish(channel, payload)));
  }

  // The durable way in for backends; its position.
  record(channel, payload, event) {
    return this.call('FCALL', 'bridge_publish', 1, channel, payload, ...(event === undefined ? [] : [event]));
  }

  // What a person types: redis-cli with these words; what it prints.
  async cli(...words) {
    const { stdout } = await run(CLI, ['-h', '127.0.0.1', '-p', String(this.port), ...words]);
    return stdout.trim();
  }

  // A redis-cli that stays and listens: `redis-cli SUBSCRIBE channel`. heard() is what it has heard so far.
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
