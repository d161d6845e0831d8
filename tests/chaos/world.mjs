// world.mjs - what a run is made of: a Redis, a fleet, publishers, browsers, and an oracle that checks all of it.
//
//   publishers ──► Redis ◄── proxy A ◄── instance A ◄──┐
//       │            ▲  ▲─── proxy B ◄── instance B ◄──┼── browsers; a balancer for those with one address
//       │            │  ▲─── proxy C ◄── instance C ◄──┘
//       └──► (HTTP and WebSocket, to any instance)
//     for the oracle, the archive reads the logs, and the witness receives every message
import { setTimeout as pause } from 'node:timers/promises';
import { startProxy } from '../lib/proxy.mjs';
import { waitFor } from '../lib/wait.mjs';
import { Archive } from './archive.mjs';
import { openBrowsers } from './browser.mjs';
import { Dice } from './dice.mjs';
import { Fleet } from './fleet.mjs';
import { Journal } from './journal.mjs';
import { Ledger } from './ledger.mjs';
import { Primary } from './line.mjs';
import { openNeighbours } from './neighbours.mjs';
import { Episodes, Oracle } from './oracle.mjs';
import { openPublishers } from './publisher.mjs';

const END_MS = 60_000; // for everything to arrive once there are no more faults
const LOST_MS = 2500; // Redis may lose what it acked up to this long before it failed
const UNREAD_MS = 200; // the archive may have missed what Redis accepted up to this long before it failed
const HEARD_MS = 100; // messages sent up to this long before it failed may not have been received
const CONTEXT_MS = 1200; // a run that fails goes on this long, to show what came next

export class World {
  // settings   of the instances
  // redis      options of startRedis()
  // reasons    that gaps may have
  // loses      Redis may lose what it has acked
  // awayMs     how long a browser stays disconnected, at most
  // neighbours there are other fleets on the same Redis
  constructor(seed, { settings = {}, redis = {}, reasons = [], loses = false, awayMs = 3000, neighbours = false }) {
    Object.assign(this, { settings, redisOptions: { args: [], ...redis }, reasons, loses, awayMs, hasNeighbours: neighbours });
    this.outages = []; // times
    this.dice = new Dice(seed, 'world');
    this.journal = new Journal();
    this.ledger = new Ledger();
    this.oracle = new Oracle(this);
    this.episodes = new Episodes(this.journal);
    this.channels = ['room', 'news'].flatMap((kind) => [1, 2, 3, 4].map((number) => `public:${kind}:${number}`));
    this.patterns = ['public:room:*', 'public:news:*'];
    this.archive = new Archive(this.ledger, this.channels, (what, about) => this.blame(what, about));
    this.historyLength = Number(settings.BRIDGE_HISTORY_LENGTH);
    this.isOn = false;
    this.isResting = false;
    this.publishers = [];
    this.browsers = [];
  }

  blame(what, about) {
    this.oracle.blame(what, about);
    this.brokenMs ??= Date.now();
  }

  // Redis fails; with `loses`, it loses some of what it acked lately.
  outage(what) {
    this.outages.push(Date.now());
    for (const who of ['Redis', 'everybody']) this.episodes.touch(who, Date.now() - (this.loses ? LOST_MS : HEARD_MS));
    this.archive.isPaused = true; // until reread() has seen what is left
    this.fleet.faults++;
    this.journal.note('Redis', what);
    this.journal.count('faults');
    this.journal.count(`outage: ${what.replace(/\d+/g, '…')}`);
  }

  // May an entry of that moment have been lost before the archive could read it?
  mayLose(at) {
    return this.loses && this.outages.some((outage) => at > outage - UNREAD_MS && at < outage + UNREAD_MS);
  }

  async open(scene) {
    this.scene = scene;
    this.redis = await scene.redis(this.redisOptions);
    this.primary = scene.own(new Primary(this.redis));
    this.line = this.primary.line('run');
    this.fleet = scene.own(new Fleet(this, ['A', 'B', 'C']));
    await this.fleet.start(scene, this.settings);
    const dice = this.dice.of('balancer');
    const targets = this.fleet.instances.map(({ bridge }) => bridge);
    this.balancer = scene.own(await startProxy(targets, { random: () => dice.next() }));
    await this.#openWitness();
    this.#run('the archive', this.archive.follow(this.primary.line('archive')));
    if (this.hasNeighbours) this.#run('the neighbours', (await openNeighbours(this, scene))());
    this.publishers = openPublishers(this);
    this.browsers = openBrowsers(this);
    for (const one of [...this.publishers, ...this.browsers]) scene.own(one).start();
  }

  // Receives what the recorders receive, in the same order.
  async #openWitness() {
    const line = this.primary.line('witness');
    const hear = (channel, payload) => {
      const [, isLive, bare] = channel.match(/^(bridge:live:)?(.*)$/s);
      if (channel === 'bridge:control') this.journal.note('control', payload);
      else this.journal.note(isLive ? 'live' : 'plain', payload.slice(0, 90).replace(/\n/g, ' '), bare);
    };
    // Who subscribes only to the first is taken for an instance of the previous release.
    const channels = ['bridge:control', 'bridge:aware'];
    const names = { channels, patterns: ['bridge:live:*', 'public:*'] };
    line.onConnect = (client) => client.listen(hear, names);
    await line.up();
    this.#run('the witness', line.keep());
  }

  // Waits this long, or until the time for faults is over.
  async pause(ms) {
    const end = Date.now() + ms;
    while (this.isOn && Date.now() < end) await pause(Math.min(20, end - Date.now()));
  }

  // Runs work that lasts as long as the world; if it fails, that is a violation.
  #run(who, work) {
    work.catch((error) => !this.isClosed && this.blame(`${who} can't go on: ${error.stack}`));
  }

  // Injects faults for this long, or until shortly after the first violation.
  async live(seconds, script) {
    const end = Date.now() + seconds * 1000;
    this.isOn = true;
    const faults = script(this).catch((error) => this.blame(error.stack));
    while (Date.now() < end && !(Date.now() > this.brokenMs + CONTEXT_MS)) {
      this.oracle.judgePlain();
      this.oracle.judgeBrowsers();
      await pause(200);
    }
    this.isOn = false;
    await faults;
  }

  // After the last fault: waits until everything has arrived, then checks that all is complete.
  async settle() {
    if (this.brokenMs) return;
    this.journal.note('script', 'is over');
    await this.fleet.inPlace();
    this.episodes.close();
    await Promise.all(this.publishers.map((one) => one.finish()));
    const last = this.publishers.map(({ source }) => source.messages.at(-1));
    await waitFor(() => last.every(({ entry }) => entry), {
      deadline: END_MS,
      every: 20,
      what: () => `the last messages to be recorded; these are not: ${last.filter(({ entry }) => !entry).join(', ')}`,
    });
    this.browsers.forEach((one) => one.calm());
    const lanes = this.browsers.flatMap((one) => one.lanes);
    const behind = () => lanes.filter((lane) => !lane.isComplete());
    const where = () => behind().map(({ title, cursor }) => `${title} at ${cursor}`);
    await waitFor(() => behind().length === 0, {
      deadline: END_MS,
      every: 20,
      what: () => `all browsers to have everything; these do not: ${where()}`,
    });
    await this.judge();
  }

  async judge() {
    this.oracle.judgePlain();
    this.oracle.judgeBrowsers();
    this.oracle.judgeLost();
    this.oracle.judgeAcked();
    this.judgeGone(await this.archive.missing(this.line));
  }

  // Entries that are missing from the logs, which may happen only if Redis loses data or the logs are trimmed.
  judgeGone(gone) {
    if (this.loses || this.reasons.includes('trimmed')) return;
    for (const { id, message, channel } of gone) this.blame(`${id} (${message}) is gone from the log of ${channel}`);
  }

  close() {
    this.isClosed = true;
    this.archive.stop();
    for (const one of [...this.publishers, ...this.browsers]) one.close();
    for (const { name, bridge } of this.fleet?.instances ?? []) this.#judgeLog(name, bridge?.log ?? '');
  }

  // The script may kill a process, also with a SIGTERM that comes before it handles signals; it must not end for any
  // other reason.
  #judgeLog(name, log) {
    for (const [line] of log.matchAll(/^.* (child_died .*(code=|signal=(?!9|15))|check_failed|expect_failed).*$/gm)) {
      this.blame(`instance ${name}: ${line}`, { at: Date.parse(line.slice(0, 24)) });
    }
  }
}
