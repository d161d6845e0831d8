// scene.mjs - the Redis, the bridge and the generators of one scenario, each on its core, and what they have used.
//
//   core 0   redis-bridge, all its processes
//   core 1   Redis, the generators, and this script, which sleeps
import { execFileSync } from 'node:child_process';
import { startBridge } from '../lib/bridge.mjs';
import { closeAll } from '../lib/owned.mjs';
import { descendants } from '../lib/program.mjs';
import { startRedis } from '../lib/redis.mjs';
import { waitFor } from '../lib/wait.mjs';
import { cpuNs, nameOf, peakBytes, peakClear, redisReads, residentBytes } from './gauge.mjs';
import { Generator } from './generator.mjs';

const SERVER_CORE = '0';
const LOAD_CORE = '1';
const LOG_LINES = 40;

const sum = (list) => list.reduce((a, b) => a + b, 0);

export class Scene {
  #owned = [];

  // size  'small' or 'full'; only full is pinned
  constructor(size, report) {
    this.isFull = size === 'full';
    this.report = report;
  }

  // The first value at small size, the second at full size.
  pick(small, full) {
    return this.isFull ? full : small;
  }

  async start(env = {}, { generators = 1 } = {}) {
    this.redis = await startRedis();
    this.#owned.push(this.redis);
    this.#pin(LOAD_CORE, this.redis.program.pid);
    this.bridge = await this.addBridge(env);
    this.generators = [];
    for (let i = 0; i < generators; i++) await this.addGenerator();
    return this;
  }

  // One more instance, on the same Redis.
  async addBridge(env = {}) {
    // A sanitizer keeps what was freed for a while; here that would count as memory in use.
    const settings = { BRIDGE_WORKERS: '1', ASAN_OPTIONS: 'detect_leaks=1:quarantine_size_mb=1', ...env };
    const bridge = await startBridge({ redis: this.redis, env: settings, ready: false });
    this.#owned.push(bridge);
    await bridge.ready();
    for (const pid of [bridge.pid, ...bridge.children()]) this.#pin(SERVER_CORE, pid);
    return bridge;
  }

  async addGenerator() {
    const generator = new Generator();
    this.#owned.push(generator);
    this.#pin(LOAD_CORE, generator.pid);
    await generator.tell('redis', { port: this.redis.port });
    this.generators.push(generator);
    return generator;
  }

  get crowd() {
    return this.generators[0];
  }

  get port() {
    return this.bridge.port;
  }

  workers(bridge = this.bridge) {
    return descendants(bridge.pid).filter((pid) => nameOf(pid) === 'worker');
  }

  // Sums over the workers.
  resident(bridge) {
    return sum(this.workers(bridge).map(residentBytes));
  }

  peak(bridge) {
    return sum(this.workers(bridge).map(peakBytes));
  }

  clearPeak(bridge) {
    this.workers(bridge).forEach(peakClear);
  }

  // What `tell` has cost the workers, and Redis: { value, cpuNs, ranges, functions, ns }.
  async cost(tell, { bridge } = {}) {
    const workers = this.workers(bridge);
    const reads = await redisReads(this.redis);
    const cpu = sum(workers.map(cpuNs));
    const start = process.hrtime.bigint();
    const value = await tell();
    const ns = Number(process.hrtime.bigint() - start);
    const after = await redisReads(this.redis);
    return {
      value,
      ns,
      cpuNs: sum(workers.map(cpuNs)) - cpu,
      ranges: after.ranges - reads.ranges,
      functions: after.functions - reads.functions,
    };
  }

  // Checks that these groups, of all generators, received every message once, in order, and undamaged.
  async checkOrder(...groups) {
    const all = await Promise.all(this.generators.map((crowd) => crowd.tell('state')));
    const names = groups.filter((name) => all.some((state) => state[name]));
    const total = (what) => sum(all.flatMap((state) => names.map((name) => state[name]?.[what] ?? 0)));
    const faults = ['lost', 'doubled', 'damaged', 'gaps'].map((what) => [what, total(what)]);
    this.report.promise(
      `${names.join(', ')}: nothing lost, doubled, damaged, or reported as a gap`,
      faults.every(([, count]) => count === 0),
      [
        `${total('received').toLocaleString('en')} messages checked`,
        ...faults.filter(([, count]) => count > 0).map((fault) => fault.join(' ')),
      ].join(', '),
    );
  }

  // How many channels are subscribed at Redis for browsers. If there are many, the count includes the bridge's own few,
  // because to list them all would block Redis for a while.
  async liveChannels() {
    const stats = await this.redis.call('INFO', 'stats');
    const all = Number(stats.match(/^pubsub_channels:(\d+)/m)[1]);
    return all > 1_000 ? all : (await this.redis.call('PUBSUB', 'CHANNELS', 'bridge:live:*')).length;
  }

  // Waits for something that comes a little after the connections have closed.
  async settled(is, what, options) {
    return waitFor(is, { deadline: 10_000, every: 50, what, ...options });
  }

  #pin(core, pid) {
    if (this.isFull) execFileSync('taskset', ['-apc', core, String(pid)], { stdio: 'ignore' });
  }

  // Stops everything, newest first; returns the first error.
  end() {
    return closeAll(this.#owned);
  }

  printLogs() {
    for (const { name, log } of this.#owned) {
      if (log && name !== this.redis.name)
        process.stderr.write(
          `--- the last log lines of ${name}:\n${log.trimEnd().split('\n').slice(-LOG_LINES).join('\n')}\n---\n`,
        );
    }
  }
}
