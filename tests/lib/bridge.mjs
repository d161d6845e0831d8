// bridge.mjs - the real redis-bridge, configured as an operator configures it: by environment variables.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from './http.mjs';
import { freePort } from './port.mjs';
import { Program, descendants, signal } from './program.mjs';
import { waitFor } from './wait.mjs';

const TESTS = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const BINARY = path.resolve(TESTS, process.env.REDIS_BRIDGE || '../build/asan/redis-bridge');

const SANITIZER = /ERROR: AddressSanitizer|ERROR: ThreadSanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer/;

// The defaults of every test: anyone may subscribe and publish to public:*, and draining takes little time.
const USUAL = {
  BRIDGE_HOST: '127.0.0.1',
  BRIDGE_SUBSCRIBE: 'public:*',
  BRIDGE_PUBLISH: 'public:*',
  BRIDGE_DRAIN: '2s',
};

// The environment of this process and `settings`, without settings of the bridge that the machine happens to have.
export function environment(settings) {
  const ours = /^(BRIDGE_.*|REDIS_URL|REDIS_PRIVATE_URL|PORT|RAILWAY_.*)$/;
  const rest = Object.entries(process.env).filter(([name]) => !ours.test(name));
  const sanitizers = { UBSAN_OPTIONS: 'print_stacktrace=1', ASAN_OPTIONS: 'detect_leaks=1' };
  return { ...sanitizers, ...Object.fromEntries(rest), ...settings };
}

// redis   from startRedis, or a URL
// env     settings; undefined removes one of the defaults
// ready   false: do not wait for /readyz
// binary  the executable, to run another release
export async function startBridge({ redis, env = {}, port, ready = true, args = [], binary = BINARY } = {}) {
  const settings = { ...USUAL, PORT: String(port ?? (await freePort())), REDIS_URL: redis?.url ?? redis, ...env };
  for (const name of Object.keys(settings)) if (settings[name] === undefined) delete settings[name];
  const bridge = new Bridge(settings, args, binary);
  await bridge.start({ ready });
  return bridge;
}

export class Bridge {
  constructor(settings, args, binary) {
    this.settings = settings;
    this.args = args;
    this.binary = binary;
    this.port = Number(settings.PORT);
    const host = settings.BRIDGE_HOST.includes(':') ? `[${settings.BRIDGE_HOST}]` : settings.BRIDGE_HOST;
    this.base = `http://${host}:${this.port}`;
    this.name = `redis-bridge on port ${this.port}`;
    this.logs = '';
  }

  // The output of this instance, over all its starts.
  get log() {
    return this.logs + (this.program?.log ?? '');
  }

  get pid() {
    return this.program.pid;
  }

  // The pids of all processes that currently run under the supervisor.
  children() {
    return descendants(this.pid);
  }

  said(pattern, options) {
    return this.program.said(pattern, options);
  }

  async start({ ready = true } = {}) {
    this.logs = this.log;
    this.program = new Program(this.name, this.binary, this.args, { env: environment(this.settings) });
    if (ready) await this.ready();
  }

  // Waits until /readyz answers 200.
  async ready({ deadline = 20_000 } = {}) {
    let answer;
    await waitFor(
      async () => {
        if (this.program.ended) return true;
        answer = await request(this, '/readyz');
        return answer.status === 200;
      },
      { deadline, every: 20, what: () => `${this.name} to be ready (its last answer: ${answer?.text})` },
    );
    if (this.program.ended) throw new Error(`${this.name} ended at once (${describeEnd(this.program.ended)})`);
  }

  // Waits until /readyz answers 503; returns the reasons.
  async unready({ deadline = 15_000 } = {}) {
    const answer = await waitFor(
      async () => {
        const now = await request(this, '/readyz');
        return now.status === 503 && now.json();
      },
      { deadline, every: 50, what: `${this.name} to report that it is not ready` },
    );
    return answer.reasons;
  }

  // Sends SIGTERM. The process must then exit by itself, with this code, and no sanitizer may have reported an error.
  async stop({ code = 0, deadline = 15_000, signal = 'SIGTERM' } = {}) {
    if (!this.program) return;
    const was = this.program.ended;
    const ended = await this.program.stop({ with: signal, deadline });
    this.checkLog();
    if (was) throw new Error(`${this.name} had ended before it was stopped (${describeEnd(was)})`);
    if (ended.code !== code) throw new Error(`${this.name} ended with ${describeEnd(ended)} after ${signal}, not with ${code}`);
    this.program = this.#past();
  }

  // Sends SIGKILL to the supervisor and all its children.
  async kill() {
    await this.program.kill();
    this.checkLog();
    this.program = this.#past();
  }

  // Stops all its processes, as if the machine hung: its connections stay open.
  freeze() {
    for (const pid of [this.pid, ...this.children()]) signal(pid, 'SIGSTOP');
  }

  thaw() {
    for (const pid of [this.pid, ...this.children()]) signal(pid, 'SIGCONT');
  }

  // Kills it and starts it again, on the same port, with the same settings.
  async restart(options) {
    await this.kill();
    await this.start(options);
  }

  // Called at the end of a test, whatever state the instance is in.
  async close() {
    if (this.program) await this.stop();
    else this.checkLog();
  }

  checkLog() {
    const found = this.log.match(SANITIZER);
    if (found) throw new Error(`${this.name}: a sanitizer reported: ${this.log.slice(found.index, found.index + 3000)}`);
  }

  #past() {
    this.logs = this.log;
    return undefined;
  }
}

function describeEnd({ code, signal, error }) {
  return error ? error.message : signal ? `signal ${signal}` : `exit code ${code}`;
}
