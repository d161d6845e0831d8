// fleet.mjs - several instances on one Redis, each connected through a TCP proxy of its own.
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from '../lib/http.mjs';
import { startRedisProxy } from '../lib/redisproxy.mjs';
import { waitFor } from '../lib/wait.mjs';

const SETTINGS = { BRIDGE_LEASE: '1s', BRIDGE_DRAIN: '1s', BRIDGE_HEARTBEAT: '1s', BRIDGE_PUBLISH: 'public:*' };

const PLACE = /^(\S+) \w+ recorder\[\d+\] recorder \w+ -> (\w+) node=/gm;
const SURE_MS = 50; // tolerance around the times of logs and faults

class Instance {
  constructor(name) {
    this.name = name;
    this.fault = undefined; // the one that is being injected
    this.harms = []; // when faults began and ended
    this.places = []; // { at, isSynced }: the state changes that its recorder logged
    this.read = 0; // how much of its log has been parsed
  }

  // Did its recorder have all unrecorded plain messages from one moment to another, without any fault?
  wasSynced(from, to) {
    this.#readPlaces();
    const place = this.places.findLast(({ at }) => at < from - SURE_MS);
    if (!place?.isSynced) return false;
    if (this.places.some(({ at, isSynced }) => !isSynced && at > place.at && at < to + SURE_MS)) return false;
    if (this.fault) return false;
    return !this.harms.some((at) => at > place.at - SURE_MS && at < to + SURE_MS);
  }

  #readPlaces() {
    const { log } = this.bridge;
    for (const [, at, state] of log.slice(this.read).matchAll(PLACE)) {
      this.places.push({ at: Date.parse(at), isSynced: state === 'SYNCED' || state === 'HOLDING' });
    }
    this.read = log.lastIndexOf('\n') + 1;
  }

  async start(scene, primary, settings) {
    this.proxy = scene.own(await startRedisProxy(primary));
    this.bridge = await scene.bridge({ redis: this.proxy.url, env: { ...SETTINGS, ...settings }, ready: false });
    this.bridge.name = `instance ${this.name}`;
  }

  // The pids of its children of one role: 'recorder' or 'worker'. None while the instance or the child is restarted.
  children(role) {
    return this.bridge.program ? this.bridge.children().filter((pid) => roleOf(pid) === role) : [];
  }

  // Why browsers should not be sent there; '' if there is no reason.
  async reasons() {
    if (this.fault) return this.fault;
    try {
      const answer = await request(this.bridge, '/readyz', { deadline: 1000 });
      return answer.status === 200 ? '' : answer.json().reasons.join(', ');
    } catch (error) {
      return error.message;
    }
  }
}

function roleOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return 'gone';
  }
}

export class Fleet {
  constructor(world, names) {
    this.world = world;
    this.instances = names.map((name) => new Instance(name));
    this.line = world.primary.line('fleet');
    this.faults = 0; // begun or ended so far; a check of the fleet counts only if this has not changed meanwhile
  }

  async start(scene, settings) {
    await Promise.all(this.instances.map((one) => one.start(scene, this.world.primary, settings)));
    await this.inPlace();
    this.watching = this.#watch();
    this.watching.catch((error) => this.world.blame(`the fleet can't be watched: ${error.stack}`));
  }

  // Ends the episode whenever everything is in place again.
  async #watch() {
    while (!this.isOver) {
      if (this.world.episodes.current && (await this.#isInPlace())) this.world.episodes.close();
      await pause(10);
    }
  }

  close() {
    this.isOver = true;
  }

  // A fault of one instance begins.
  touch(instance, what) {
    this.faults++;
    instance.harms.push(Date.now());
    this.world.episodes.touch(instance.name);
    this.world.journal.note(`instance ${instance.name}`, what);
    this.world.journal.count(`fault: ${what.replace(/ for \d+ ms| \d+$/, '')}`);
    this.world.journal.count('faults');
  }

  // Waits until one instance records, another stands by with all unrecorded messages, and all are ready.
  async inPlace({ deadline = 30_000 } = {}) {
    const what = () => `the fleet to be in place (${this.trouble})`;
    await waitFor(() => this.#isInPlace(), { deadline, every: 10, what });
  }

  async #isInPlace() {
    const { faults } = this;
    this.trouble = (await this.#askInstances()) || (await this.#askRedis());
    if (this.instances.some(({ fault }) => fault)) return false;
    return !this.trouble && faults === this.faults;
  }

  async #askInstances() {
    const reasons = await Promise.all(this.instances.map((one) => one.reasons()));
    return reasons.map((reason, i) => reason && `${this.instances[i].name}: ${reason}`).filter(Boolean).join('; ');
  }

  // Who holds the seat, the lease of the active recorder, and who else is a member, as Redis sees it now? Members
  // that are not subscribed do not count.
  async #askRedis() {
    const seat = await this.line.ask('GET', 'bridge:recorder');
    const [seconds] = await this.line.ask('TIME');
    const members = await this.line.ask('ZRANGEBYSCORE', 'bridge:recorder:members', Number(seconds) * 1000, '+inf');
    if (!members.includes(seat)) return `${seat} holds the seat but is none of the members ${members.join()}`;
    const counts = await this.line.ask('PUBSUB', 'NUMSUB', ...members.map((node) => `bridge:node:${node}`));
    const heard = counts.filter((_, i) => i % 2 === 1 && counts[i] > 0).length;
    if (!(counts[counts.indexOf(`bridge:node:${seat}`) + 1] > 0)) return `${seat} holds the seat but is not subscribed`;
    return heard > 1 ? '' : `${seat} holds the seat but no other member is subscribed`;
  }

  // Waits until Redis knows that the connections from these ports are closed: until then it counts their owners as
  // alive.
  async forgotten(ports) {
    const isListed = (list) => ports.some((port) => list.includes(` addr=127.0.0.1:${port} `));
    await waitFor(async () => !isListed(await this.line.ask('CLIENT', 'LIST')), {
      every: 2,
      what: 'Redis to notice that connections are closed',
    });
  }

  // Connections of the instances, as Redis lists them: { id, name, instance }.
  async connections() {
    const list = await this.line.ask('CLIENT', 'LIST');
    const found = list.matchAll(/^id=(\d+) addr=127\.0\.0\.1:(\d+) .*?name=(\S*)/gm);
    return [...found].map(([, id, port, name]) => ({ id, name, instance: this.#at(Number(port)) }));
  }

  // The instance whose connection comes from this port.
  #at(port) {
    return this.instances.find(({ proxy }) => [...proxy.links].some(({ upstream }) => upstream.localPort === port));
  }
}
