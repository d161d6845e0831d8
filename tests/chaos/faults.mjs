// faults.mjs - what can go wrong with an instance, and scripts that inject such faults.
import { setTimeout as pause } from 'node:timers/promises';
import { BINARY } from '../lib/bridge.mjs';
import { isGone, signal } from '../lib/program.mjs';
import { waitFor, within } from '../lib/wait.mjs';

const BEFORE = process.env.BRIDGE_BEFORE; // the previous release, beside which this one is rolled out and rolled back
const ROLES = ['live', 'calls', 'recorder-live', 'recorder-calls', 'recorder-inbox'];
const SPOKEN = /^(redis-bridge-|chaos-(plain|fcall|inbox))/; // connections whose owner goes on after losing them
const HEARS = 'redis-bridge-recorder-live'; // a recorder that loses this connection loses its place

// Each: begin(instance, dice, say, fleet) => false if it can't be done now. It resolves when the fault is over, but the
// instance may still need time to recover.
const KILL_RECORDER = { name: 'kill -9 of the recorder', weight: 5, begin: killRecorder };
const FAULTS = [
  KILL_RECORDER,
  { name: 'kill -9 of a worker', weight: 2, begin: (it, dice, say) => killChild(it, dice, say, 'worker') },
  { name: 'kill -9 of all', weight: 4, begin: killAll },
  { name: 'SIGTERM and restart', weight: 3, begin: restart },
  { name: 'SIGSTOP of the recorder', weight: 3, begin: (it, dice, say) => stopChild(it, dice, say, 'recorder') },
  { name: 'SIGSTOP of a worker', weight: 1, begin: (it, dice, say) => stopChild(it, dice, say, 'worker') },
  { name: 'SIGSTOP of all', weight: 2, begin: stopAll },
  { name: 'its connections are closed', weight: 3, begin: drop },
  { name: 'its connections are closed, and new ones refused', weight: 2, begin: refuse },
  { name: 'no data passes', weight: 3, begin: silence },
  { name: 'no data passes in one direction', weight: 2, begin: silenceOneWay },
  { name: 'no data passes on one connection', weight: 3, begin: silenceOne },
  { name: 'its connections are closed, and Redis does not notice', weight: 2, begin: orphan },
  { name: 'CLIENT KILL of the recorder\'s pub/sub connection', weight: 5, begin: killEars },
];

// --- processes ------------------------------------------------------------------------------------------------------

function killRecorder(it, dice, say) {
  return killChild(it, dice, say, 'recorder');
}

async function killChild(it, dice, say, role) {
  const pid = dice.pick(it.children(role));
  if (!pid) return false;
  const { links } = it.proxy;
  const its = [...links].filter(({ name }) => role === 'recorder' && name.startsWith('redis-bridge-recorder'));
  say(`kill -9 of a ${role}, ${pid}`);
  signal(pid, 'SIGKILL');
  const isOver = () => isGone(pid) && its.every((link) => !links.has(link));
  await waitFor(isOver, { every: 1, what: `process ${pid} and its connections to be gone` });
  return undefined;
}

async function killAll(it, dice, say) {
  const away = dice.chance(0.5) ? 0 : dice.mostly(20, 2000);
  say(`kill -9 of all, away for ${Math.round(away)} ms`);
  await it.bridge.kill();
  await pause(away);
  await start(it, dice);
}

// Waits until it listens, not until it is ready. Before it listens it does not handle signals either, and to be killed
// by one is no fault of its own.
async function start(it, dice) {
  if (BEFORE) it.bridge.binary = dice.pick([BINARY, BEFORE]);
  await it.bridge.start({ ready: false });
  await it.bridge.said(/ listening /);
}

async function restart(it, dice, say) {
  say('SIGTERM and restart');
  await it.bridge.stop({ deadline: 8000 });
  await start(it, dice);
}

function stopChild(it, dice, say, role) {
  const pid = dice.pick(it.children(role));
  return pid ? stop([pid], dice, (ms) => say(`SIGSTOP of a ${role} for ${ms} ms`)) : false;
}

function stopAll(it, dice, say) {
  return stop([it.bridge.pid, ...it.bridge.children()], dice, (ms) => say(`SIGSTOP of all for ${ms} ms`));
}

async function stop(pids, dice, say) {
  const ms = Math.round(dice.mostly(50, 3000));
  say(ms);
  for (const pid of pids) signal(pid, 'SIGSTOP');
  await pause(ms);
  for (const pid of pids) signal(pid, 'SIGCONT');
}

// --- the network between it and Redis -------------------------------------------------------------------------------

function drop(it, dice, say) {
  say('its connections to Redis are closed');
  it.proxy.drop();
}

async function refuse(it, dice, say) {
  const ms = Math.round(dice.mostly(50, 3000));
  say(`its connections to Redis are closed, and new ones refused for ${ms} ms`);
  it.proxy.isRefusing = true;
  it.proxy.drop();
  await pause(ms);
  it.proxy.isRefusing = false;
}

// A silence ends in one of two ways: the data under way arrives after all, or is lost.
async function endSilence(it, dice, say, ms) {
  await pause(ms);
  const isLost = dice.chance(0.4);
  say(`the silence ends${isLost ? ', and its connections are closed' : ''}`);
  if (isLost) it.proxy.drop();
  it.proxy.mend();
}

function silence(it, dice, say) {
  const ms = Math.round(dice.mostly(50, 3000));
  say(`no data passes to or from Redis for ${ms} ms`);
  it.proxy.cut();
  return endSilence(it, dice, say, ms);
}

function silenceOneWay(it, dice, say) {
  const ms = Math.round(dice.mostly(50, 3000));
  const way = dice.pick(['up', 'down']);
  say(`no data passes ${way === 'up' ? 'to Redis' : 'from Redis'} for ${ms} ms`);
  it.proxy.cut({ way });
  return endSilence(it, dice, say, ms);
}

function silenceOne(it, dice, say) {
  const ms = Math.round(dice.mostly(50, 4000));
  const name = `redis-bridge-${dice.pick(ROLES)}`;
  if (it.proxy.freeze(name) === 0) return false;
  say(`no data passes on ${name} for ${ms} ms`);
  return endSilence(it, dice, say, ms);
}

// A cable was cut: the instance notices, Redis does not.
async function orphan(it, dice, say) {
  const ms = Math.round(dice.mostly(50, 3000));
  say(`its connections are closed, and Redis does not notice for ${ms} ms`);
  it.proxy.orphan();
  await pause(ms);
  it.proxy.mend();
}

async function killEars(it, dice, say, fleet) {
  const found = (await fleet.connections()).find(({ name, instance }) => name === HEARS && instance === it);
  if (!found) return false;
  say(`CLIENT KILL of ${HEARS}`);
  await fleet.line.ask('CLIENT', 'KILL', 'ID', found.id).catch(() => {}); // it may be gone already
  return undefined;
}

// --- scripts --------------------------------------------------------------------------------------------------------

// One fault, from beginning to end. Gives false if there was nothing to do.
async function fault(world, instance, dice, { name, begin } = dice.weighted(FAULTS)) {
  const { fleet, journal } = world;
  let isTold = false;
  const say = (what) => {
    if (isTold) journal.note(`instance ${instance.name}`, what);
    else fleet.touch(instance, what);
    isTold = true;
  };
  instance.fault = name;
  const links = [...instance.proxy.links].map((link) => ({ link, port: link.upstream.localPort }));
  const result = await begin(instance, dice, say, fleet);
  await fleet.forgotten(links.filter(({ link }) => !instance.proxy.links.has(link)).map(({ port }) => port));
  instance.fault = undefined;
  instance.harms.push(Date.now());
  fleet.faults++; // over: a check of the fleet that is under way does not count
  return result !== false;
}

// One instance at a time: the next fault begins when the fleet is in place again.
export async function oneByOne(world) {
  const dice = world.dice.of('faults');
  while (world.isOn) {
    const was = world.episodes.list.length;
    if (!(await fault(world, dice.pick(world.fleet.instances), dice))) continue;
    await within(40_000, 'the fleet to be in place again after a fault', restedAfter(world, was));
    await world.pause(dice.mostly(1, 300));
  }
}

async function restedAfter(world, was) {
  while (world.episodes.current || world.episodes.list.length === was) await pause(5);
}

// Each instance has its own script, so their faults overlap. Now and then all recorders are killed at once, or there
// are no faults for a while.
export async function allAtOnce(world) {
  const dice = world.dice.of('all at once');
  const { instances } = world.fleet;
  const scripts = instances.map((instance) => alone(world, instance, world.dice.of(`faults of ${instance.name}`)));
  const together = async () => {
    while (world.isOn) {
      await world.pause(dice.between(2000, 8000));
      if (!world.isOn) return;
      const free = instances.filter((one) => !one.fault);
      if (dice.chance(0.5)) await rest(world);
      else await Promise.all(free.map((one) => fault(world, one, dice, KILL_RECORDER)));
    }
  };
  await Promise.all([...scripts, together()]);
}

async function alone(world, instance, dice) {
  while (world.isOn) {
    await world.pause(dice.mostly(20, 2500));
    while (world.isOn && (world.isResting || instance.fault)) await pause(5);
    if (world.isOn) await fault(world, instance, dice);
  }
}

// No faults until the fleet is in place, and a little longer.
async function rest(world) {
  world.isResting = true;
  await within(40_000, 'the fleet to be in place while there are no faults', restedAfter(world));
  await pause(300);
  world.isResting = false;
}

// Small faults that never cost a recorder its place: closed connections of workers, of recorders (except those for
// pub/sub), of publishers, and of browsers behind the balancer.
export async function pinpricks(world) {
  const dice = world.dice.of('pinpricks');
  while (world.isOn) {
    await world.pause(dice.mostly(100, 2000));
    if (dice.chance(0.3)) {
      world.journal.note('balancer', 'all its connections are cut');
      world.balancer.cut();
      continue;
    }
    const open = (await world.fleet.connections()).filter(({ name }) => name !== HEARS && SPOKEN.test(name));
    const one = dice.pick(open);
    if (!one) continue;
    const who = one.instance ? `instance ${one.instance.name}` : 'publisher';
    world.journal.note(who, `CLIENT KILL of ${one.name}`);
    world.journal.count('faults');
    world.journal.count(`fault: CLIENT KILL of ${one.name}`);
    await world.fleet.line.ask('CLIENT', 'KILL', 'ID', one.id).catch(() => {});
  }
}
