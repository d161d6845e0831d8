// 45-takeover - the active recorder dies, hangs, loses its network or gets SIGTERM, amid 5,000 plain PUBLISH a second:
// another takes over, and the log has every message once, in the order in which they were published.
import assert from 'node:assert/strict';
import { asRanges, assertSameList } from '../lib/lists.mjs';
import { numbers } from '../lib/position.mjs';
import { isGone, signal } from '../lib/program.mjs';
import { durable, openPublisher } from '../lib/publisher.mjs';
import { startRedisProxy } from '../lib/redisproxy.mjs';
import { placeOf, settled } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { holdsFor, waitFor } from '../lib/wait.mjs';

const ENV = { BRIDGE_HISTORY_LENGTH: '200000', BRIDGE_WORKERS: '1' };
const MESSAGES = 10_000;
const LEASE_MS = 3_000;
const NOISE_MS = 500; // allowance for a machine that is busy with something else
const HANDED_OVER_MS = 1_000; // 100 and a lot of noise, but far less than waiting for the lease to expire

// TAKEOVER_ROUNDS=100 repeats everything that many times, which takes long.
const rounds = (usual) => Number(process.env.TAKEOVER_ROUNDS ?? usual);

const channelsOf = (round) => numbers(1, 4).map((i) => `public:${round}:${i}`);
const upTo = (last) => numbers(1, last).map(Number);
const msOf = (position) => Number(position.split('-')[0]);

// The numbers from 1 to `last` that are not in the list.
function missing(heard, last) {
  const had = new Set(heard);
  return upTo(last).filter((n) => !had.has(n));
}

// The messages of a publisher in the order of the log: { n, id }. Checks that each is on its channel and names its
// predecessor there.
async function recorded(redis, publisher) {
  const previous = new Map();
  const found = [];
  for (const { id, channel, data, previous: before } of await redis.entries(publisher.channels)) {
    assert.equal(before, previous.get(channel) ?? before, `the predecessor of ${id} on ${channel}`);
    previous.set(channel, id);
    const n = publisher.numberOf(data);
    if (n === undefined) continue;
    assert.equal(channel, publisher.channel(n), `the channel of message ${n}`);
    found.push({ n, id });
  }
  return found;
}

// Waits until the log has as many entries as these publishers, all on the same channels, have sent; then checks that it
// is in order, with none missing and none twice. Keeps the delays in the publishers.
async function wholeLog(redis, publishers) {
  const count = publishers.reduce((sum, publisher) => sum + publisher.count, 0);
  const { channels } = publishers[0];
  const isThere = async () => (await redis.logged(channels)) >= count;
  await waitFor(isThere, { every: 20 }).catch(() => {}); // what is missing is reported below
  for (const publisher of publishers) {
    const entries = await recorded(redis, publisher);
    const heard = entries.map(({ n }) => n);
    assert.equal(asRanges(missing(heard, publisher.count)), '', `of ${publisher.count} messages are missing`);
    assertSameList(heard, upTo(publisher.count), 'the log');
    publisher.delays = entries.map(({ n, id }) => msOf(id) - publisher.saidMs[n - 1]);
  }
  assert.equal(await redis.logged(channels), count, 'nothing twice');
}

const largestDelay = (publisher) => publisher.delays.reduce((most, delay) => Math.max(most, delay), 0);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// Checks that no message was recorded later than `most` ms after it was published. Always prints the largest delays.
function expectDelays(scene, when, delays, most) {
  const largest = Math.max(...delays);
  const many = delays.length > 1 ? ` at most, ${median(delays)} ms as a median of ${delays.length}` : '';
  scene.tell(`the largest delay of a message, ${when}: ${largest} ms${many}`);
  assert.ok(largest <= most, `${when}, a message was delayed for ${largest} ms`);
}

async function kill(place, isWhole) {
  if (!isWhole) return signal(place.pid, 'SIGKILL');
  signal(place.bridge.pid, 'SIGKILL'); // its children die with it
  return place.bridge.kill();
}

// The holder (the instance whose recorder is active) crashes, or only its recorder: the log must not show it.
const KILLS = rounds(20);
story(`kill -9 of the holder amid 10,000 messages, ${KILLS} times in a row: all are recorded once, in order`, async (scene) => {
  const { redis, bridges } = await scene.fleet(2, ENV);
  const delays = { instance: [], process: [] };
  const all = [];
  for (let round = 1; round <= KILLS; round++) {
    const { holder } = await settled(redis, bridges);
    const publisher = scene.own(await openPublisher(redis, channelsOf(round)));
    all.push(publisher);
    const isWhole = round % 2 === 1;
    const strike = async () => {
      await publisher.reached(MESSAGES * (0.2 + 0.6 * Math.random()));
      await kill(holder, isWhole);
    };
    await Promise.all([publisher.say(MESSAGES), strike()]);
    await wholeLog(redis, [publisher]);
    delays[isWhole ? 'instance' : 'process'].push(largestDelay(publisher));
    if (isWhole) await holder.bridge.start();
  }
  for (const { channels } of all) assert.equal(await redis.logged(channels), MESSAGES, 'nothing was recorded again later');
  expectDelays(scene, 'the instance killed', delays.instance, LEASE_MS + NOISE_MS);
  expectDelays(scene, 'its recorder killed', delays.process, LEASE_MS + NOISE_MS);
}, { timeout: 30_000 + KILLS * 6_000 });

// A machine that swaps, a paused container: SIGSTOP, and 10 s later SIGCONT, as if nothing had happened.
const HANGS = rounds(1);
story('the holder hangs for 10 s: another takes over within the lease, and nothing changes when the first one wakes up', async (scene) => {
  const { redis, bridges } = await scene.fleet(2, ENV);
  for (let round = 1; round <= HANGS; round++) {
    const { holder } = await settled(redis, bridges);
    const publisher = scene.own(await openPublisher(redis, channelsOf(round)));
    const stop = async () => {
      await publisher.reached(MESSAGES / 2);
      holder.bridge.freeze();
    };
    try {
      await Promise.all([publisher.say(MESSAGES), stop()]);
      await wholeLog(redis, [publisher]);
      expectDelays(scene, 'the instance stopped', [largestDelay(publisher)], LEASE_MS + NOISE_MS);
      const [other] = bridges.filter((bridge) => bridge !== holder.bridge);
      const { holder: next } = await settled(redis, [other]);
      await holdsFor(publisher.saidMs[MESSAGES / 2] + 10_000 - Date.now(), () => other.ready(), { every: 500 });
      await publisher.sayDuring(async () => {
        holder.bridge.thaw();
        assert.equal((await settled(redis, bridges)).holder.node, next.node, 'the one that took over keeps the seat');
      });
      await wholeLog(redis, [publisher]);
    } finally {
      holder.bridge.thaw();
    }
  }
}, { timeout: 30_000 + HANGS * 25_000 });

// BRIDGE_LEASE makes takeovers quicker than 3 s.
story('with BRIDGE_LEASE=1s another takes over within a second; a standby that hangs delays nothing', async (scene) => {
  const { redis, bridges } = await scene.fleet(3, { ...ENV, BRIDGE_LEASE: '1s' });
  for (const [who, most] of [['standby', NOISE_MS], ['holder', 1_000 + NOISE_MS]]) {
    const place = (await settled(redis, bridges))[who];
    const publisher = scene.own(await openPublisher(redis, channelsOf(who)));
    try {
      await publisher.sayDuring(async () => {
        await publisher.reached(2_500);
        signal(place.pid, 'SIGSTOP');
        await settled(redis, bridges.filter((bridge) => bridge !== place.bridge));
        await publisher.reached(publisher.count + 2_500);
        signal(place.pid, 'SIGCONT');
        await settled(redis, bridges);
      });
    } finally {
      signal(place.pid, 'SIGCONT');
    }
    await wholeLog(redis, [publisher]);
    expectDelays(scene, `the ${who} stopped, BRIDGE_LEASE=1s`, [largestDelay(publisher)], most);
  }
});

// A deploy: each instance in turn gets SIGTERM and is started again. The seat (the lease that decides which recorder is
// active) is handed over, not left to expire.
const ROLLS = rounds(6);
story(`a rolling restart of three instances, ${ROLLS} times: all are recorded once, in order, without a pause`, async (scene) => {
  const { redis, bridges } = await scene.fleet(3, ENV);
  const publisher = scene.own(await openPublisher(redis, channelsOf('rolling')));
  const handovers = [];
  await settled(redis, bridges);
  await publisher.sayDuring(async () => {
    for (let round = 1; round <= ROLLS; round++) {
      for (const bridge of bridges) {
        const { holder } = await settled(redis, bridges);
        const from = publisher.count;
        await bridge.stop();
        if (holder.bridge === bridge) handovers.push({ from, to: publisher.count });
        await bridge.start();
      }
    }
  });
  await wholeLog(redis, [publisher]);
  assert.ok(handovers.length >= ROLLS, `the holder was restarted ${handovers.length} times`);
  const delays = handovers.map(({ from, to }) => Math.max(...publisher.delays.slice(from, to)));
  expectDelays(scene, 'handed over in order', delays, HANDED_OVER_MS);
  expectDelays(scene, `anywhere in ${publisher.count} messages`, [largestDelay(publisher)], HANDED_OVER_MS);
}, { timeout: 60_000 + ROLLS * 15_000 });

// Two instances, each of which reaches Redis through a proxy of its own that can break.
async function proxiedFleet(scene) {
  const redis = await scene.redis();
  const proxies = new Map();
  for (let i = 0; i < 2; i++) {
    const proxy = scene.own(await startRedisProxy(redis));
    proxies.set(await scene.bridge({ redis: proxy.url, env: ENV }), proxy);
  }
  return { redis, bridges: [...proxies.keys()], proxyOf: ({ bridge }) => proxies.get(bridge) };
}

// A cable is pulled: Redis and the holder both believe that they are still connected. Later it is plugged in again.
story('the holder loses its network: another takes over within the lease, and calls that arrive late change nothing', async (scene) => {
  const { redis, bridges, proxyOf } = await proxiedFleet(scene);
  const { holder } = await settled(redis, bridges);
  const others = bridges.filter((bridge) => bridge !== holder.bridge);
  const publisher = scene.own(await openPublisher(redis, channelsOf('cut')));
  const next = await publisher.sayDuring(async () => {
    await publisher.reached(MESSAGES / 4);
    proxyOf(holder).cut();
    return (await settled(redis, others)).holder;
  });
  await wholeLog(redis, [publisher]);
  expectDelays(scene, 'the network cut', [largestDelay(publisher)], LEASE_MS + NOISE_MS);
  await publisher.sayDuring(async () => {
    proxyOf(holder).mend();
    assert.equal((await settled(redis, bridges)).holder.node, next.node, 'the one that took over keeps the seat');
  });
  await wholeLog(redis, [publisher]);
});

// Redis disconnects slow readers, administrators run CLIENT KILL, networks reset connections. Meanwhile others publish
// durably on the same channels: a durable message, which is in the log already, must not be recorded again as a plain
// one, and a plain one must not be taken for a durable one.
story('connections of holder and standby are lost: plain and durable messages are recorded once, in order', async (scene) => {
  const { redis, bridges, proxyOf } = await proxiedFleet(scene);
  const channels = channelsOf('drop');
  const plain = scene.own(await openPublisher(redis, channels));
  const sure = scene.own(await openPublisher(redis, channels, { prefix: 'd', each: 5, command: durable }));
  const LIVE = 'redis-bridge-recorder-live';
  const CALLS = 'redis-bridge-recorder-calls';
  const dropAll = async () => {
    for (const names of [[LIVE], [CALLS], [LIVE, CALLS], [CALLS, LIVE]]) {
      for (const who of ['holder', 'standby']) {
        const place = (await settled(redis, bridges))[who];
        for (const name of names) assert.equal(proxyOf(place).drop(name), 1, `${name} of the ${who}`);
        const hasNoticed = () => !names.includes(LIVE) || placeOf(place.bridge).node !== place.node;
        await waitFor(hasNoticed, { what: `the ${who} to notice, and to come back as another node` });
        await plain.reached(plain.count + 500);
      }
    }
  };
  await plain.sayDuring(() => sure.sayDuring(dropAll));
  await wholeLog(redis, [plain, sure]);
  expectDelays(scene, 'connections ended', [largestDelay(plain)], LEASE_MS + NOISE_MS);
});

// While the only instance is down, plain messages are lost, as Redis pub/sub has it, and PUBLISH answers 0. Besides
// those, only messages of the last moment may be lost, which were received but not recorded when it ended. Returns how
// much is lost.
async function expectOneHole(redis, publisher, { killedMs, goneMs }) {
  const last = publisher.count;
  const isHeard = (n) => publisher.answers[n - 1] > 0;
  const isThere = async () => (await recorded(redis, publisher)).at(-1)?.n === last;
  await waitFor(isThere, { every: 50, what: `the last message, ${last}, to be in the log` });
  const heard = (await recorded(redis, publisher)).map(({ n }) => n);
  const hole = missing(heard, last);
  assert.match(asRanges(hole), /^\d+(-\d+)?$/, 'what is missing is one range');
  assertSameList(heard, upTo(last).filter((n) => n < hole[0] || n > hole.at(-1)), 'the log');
  assert.equal(asRanges(heard.filter((n) => !isHeard(n))), '', 'in the log, although PUBLISH answered 0');

  const unheard = hole.find((n) => !isHeard(n)) ?? Infinity;
  const inFlight = hole.filter((n) => n < unheard);
  const forgotten = hole.filter((n) => n > unheard && isHeard(n));
  assert.equal(asRanges(forgotten), '', 'received by the new process, but not in the log');
  for (const n of inFlight) {
    const saidMs = publisher.saidMs[n - 1];
    assert.ok(saidMs >= killedMs - NOISE_MS, `message ${n}, published ${killedMs - saidMs} ms before the end, is lost`);
    assert.ok(saidMs <= goneMs + NOISE_MS, `message ${n}, received ${saidMs - goneMs} ms after the end, is lost`);
  }
  return { inFlight: inFlight.length, lostMs: publisher.saidMs[hole.at(-1) - 1] - publisher.saidMs[hole[0] - 1] };
}

const ALONE = rounds(2);
story('the only instance is killed and restarted a second later: only what was published meanwhile, or in flight, is lost', async (scene) => {
  const { redis, bridge } = await scene.start(ENV);
  for (let round = 1; round <= ALONE; round++) {
    const { holder } = await settled(redis, [bridge]);
    const publisher = scene.own(await openPublisher(redis, channelsOf(round)));
    const times = await publisher.sayDuring(async () => {
      await publisher.reached(MESSAGES / 4);
      const killedMs = Date.now();
      await kill(holder, true);
      const goneMs = Date.now();
      await publisher.reached(publisher.count + 5_000);
      await bridge.start();
      await publisher.reached(publisher.count + 1_000);
      return { killedMs, goneMs };
    });
    const { lostMs, inFlight } = await expectOneHole(redis, publisher, times);
    scene.tell(`what is lost was published within ${lostMs} ms; ${inFlight} messages of that were in flight`);
  }
}, { timeout: 30_000 + ALONE * 10_000 });

story('the recorder of the only instance is killed: another replaces it within a second', async (scene) => {
  for (let round = 1; round <= ALONE; round++) {
    const { redis, bridge } = await scene.start(ENV); // a new one, as a process that dies often is restarted later each time
    const { holder } = await settled(redis, [bridge]);
    const publisher = scene.own(await openPublisher(redis, channelsOf(round)));
    const times = await publisher.sayDuring(async () => {
      await publisher.reached(MESSAGES / 4);
      const killedMs = Date.now();
      await kill(holder, false);
      await waitFor(() => isGone(holder.pid), { every: 1, what: 'the process to be gone' });
      const goneMs = Date.now();
      await settled(redis, [bridge]);
      await publisher.reached(publisher.count + 1_000);
      return { killedMs, goneMs };
    });
    const { lostMs, inFlight } = await expectOneHole(redis, publisher, times);
    scene.tell(`what is lost was published within ${lostMs} ms; ${inFlight} messages of that were in flight`);
    assert.ok(lostMs <= HANDED_OVER_MS, `no recorder listened for ${lostMs} ms`);
    await bridge.stop();
  }
}, { timeout: 30_000 + ALONE * 10_000 });

// On SIGTERM it unsubscribes, and records what it has received until then: what is lost got the answer 0.
const RESTARTS = rounds(5);
story('the only instance is restarted with SIGTERM: only what PUBLISH answered with 0 is lost', async (scene) => {
  const { redis, bridge } = await scene.start(ENV);
  for (let round = 1; round <= RESTARTS; round++) {
    await settled(redis, [bridge]);
    const publisher = scene.own(await openPublisher(redis, channelsOf(round)));
    const times = await publisher.sayDuring(async () => {
      await publisher.reached(MESSAGES / 4);
      const killedMs = Date.now();
      await bridge.stop();
      const goneMs = Date.now();
      await bridge.start();
      await publisher.reached(publisher.count + 1_000);
      return { killedMs, goneMs };
    });
    const { lostMs, inFlight } = await expectOneHole(redis, publisher, times);
    scene.tell(`what is lost was published within ${lostMs} ms; ${inFlight} messages of that were in flight`);
    assert.equal(inFlight, 0, 'what it has received is recorded before it ends');
  }
}, { timeout: 30_000 + RESTARTS * 10_000 });
