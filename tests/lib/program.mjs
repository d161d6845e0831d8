// program.mjs - a child process: its output, how it ended, its descendants.
// None outlives the test process: those that still run when it exits are killed by pid.
import fs from 'node:fs';
import { spawn } from 'node:child_process';
import { waitFor, within } from './wait.mjs';

const running = new Set();

process.on('exit', () => {
  for (const program of running) program.killTree();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

// Whether the process does not exist, or is a zombie.
export function isGone(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return 'ZX'.includes(stat[stat.lastIndexOf(')') + 2]);
  } catch {
    return true;
  }
}

// The pids of all descendants of `pid`.
export function descendants(pid) {
  let children;
  try {
    children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  } catch {
    return [];
  }
  return children
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .flatMap((child) => [child, ...descendants(child)]);
}

export function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

export class Program {
  constructor(name, file, args = [], { env = process.env, cwd } = {}) {
    this.name = name;
    this.out = Buffer.alloc(0); // standard output, every byte
    this.log = ''; // standard output and standard error, in order of arrival
    this.child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    this.pid = this.child.pid;
    this.ended = undefined; // { code, signal } once it has ended and all its output is here
    this.child.stdout.on('data', (chunk) => {
      this.out = Buffer.concat([this.out, chunk]);
      this.log += chunk.toString('utf8');
    });
    this.child.stderr.on('data', (chunk) => (this.log += chunk.toString('utf8')));
    this.end = new Promise((resolve) => {
      const finish = (ended) => {
        running.delete(this);
        this.ended = ended;
        resolve(ended);
      };
      this.child.once('error', (error) => {
        this.log += `${file}: ${error.message}\n`;
        finish({ code: null, signal: null, error });
      });
      this.child.once('close', (code, signal) => finish({ code, signal }));
    });
    if (this.pid) running.add(this);
  }

  get text() {
    return this.out.toString('utf8');
  }

  // Waits until the output matches; resolves to the match.
  said(pattern, { deadline = 10_000 } = {}) {
    return waitFor(() => this.log.match(pattern), { deadline, what: `${this.name} to print ${pattern}` });
  }

  signal(name) {
    if (!this.ended && this.pid) signal(this.pid, name);
  }

  // Sends the signal, waits for the end and returns { code, signal }. After the deadline, kills the program and throws.
  async stop({ with: name = 'SIGTERM', deadline = 15_000 } = {}) {
    this.signal(name);
    try {
      return await within(deadline, `${this.name} to end after ${name}`, this.end);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  killTree() {
    if (this.ended || !this.pid) return [];
    const pids = [this.pid, ...descendants(this.pid)];
    for (const pid of pids) signal(pid, 'SIGKILL');
    return pids;
  }

  // Kills it and all its descendants at once, and waits until they are gone.
  async kill() {
    const pids = this.killTree();
    await waitFor(() => pids.every(isGone), { what: `${this.name} and its children to be gone` });
    await within(5_000, `the end of ${this.name}'s output`, this.end);
  }
}
