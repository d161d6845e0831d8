// releases.mjs - this release beside the previous one, on one Redis: rolled out, and rolled back. Both load the
// library for backends under the same name, so Redis has that of whichever connected last. Their own have a version in the name.
//
// It needs the binary of the previous release, so it is a command of its own:
//     BRIDGE_BEFORE=<previous binary> REDIS_BRIDGE=<this one> node --test tests/integration/releases.mjs
import assert from 'node:assert/strict';
import { BINARY } from '../lib/bridge.mjs';
import { history, post } from '../lib/http.mjs';
import { settled } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

const BEFORE = process.env.BRIDGE_BEFORE;
assert.ok(BEFORE, 'BRIDGE_BEFORE must name the binary of the previous release');
const CHANNELS = ['public:plain', 'public:fcall', 'public:post', 'public:ws', 'public:inbox'];

class Fleet {
  said = Object.fromEntries(CHANNELS.map((channel) => [channel, []]));

  constructor(scene, redis) {
    Object.assign(this, { scene, redis });
  }

  start(binary) {
    return this.scene.bridge({ redis: this.redis, binary });
  }

  // The text of the library for backends: that of the instance that connected last.
  async text() {
    const [library] = await this.redis.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'bridge', 'WITHCODE');
    return library[library.indexOf('library_code') + 1];
  }

  // One message by each way in, once for each instance.
  async publish(bridges) {
    for (const bridge of bridges) {
      const client = await this.scene.speak(bridge);
      for (const [channel, list] of Object.entries(this.said)) list.push(`${channel} ${list.length}`);
      const [plain, fcall, posted, ws, inbox] = CHANNELS.map((channel) => this.said[channel].at(-1));
      assert.ok((await this.redis.publish(CHANNELS[0], plain)) > 0);
      await this.redis.record(CHANNELS[1], fcall);
      await post(bridge, CHANNELS[2], posted);
      const { type } = await client.ask({ type: 'publish', channel: CHANNELS[3], data: ws });
      assert.equal(type, 'ack');
      await this.redis.call('XADD', 'bridge:inbox', '*', 'channel', CHANNELS[4], 'data', inbox);
      client.close();
    }
  }

  async isRecorded() {
    for (const channel of CHANNELS) {
      await waitFor(async () => (await this.redis.logged([channel])) >= this.said[channel].length, {
        what: () => `${this.said[channel].length} entries of ${channel}`,
      });
      const entries = await this.redis.entries([channel]);
      assert.deepEqual(entries.map(({ data }) => data), this.said[channel]);
    }
  }

  // A plain message that is too large: the markers that it leaves. Whatever is recorded behind it comes, and nothing else does.
  async refuse(bridges) {
    const streams = await Promise.all(bridges.map((bridge) => this.scene.listen(bridge, 'public:large')));
    await this.redis.publish('public:large', 'x'.repeat(70_000));
    await this.redis.publish('public:large', 'next');
    for (const stream of streams) {
      await stream.received(1);
      assert.deepEqual(stream.payloads, ['next']);
      stream.close();
    }
    const log = await this.redis.call('XRANGE', 'bridge:log:public:large', '-', '+');
    await this.redis.call('DEL', 'bridge:log:public:large'); // as if it had never been
    await this.redis.call('ZREM', 'bridge:channels', 'public:large');
    return log.length - 1;
  }

  // Listens on one instance, resumes on the other, and reads the history of both: each entry comes once, in order.
  async exercise(bridges) {
    for (const [here, there] of [bridges, [...bridges].reverse()]) {
      const start = await this.redis.logged(CHANNELS);
      const live = await this.scene.listen(here, 'public:*');
      await this.publish([here, there]);
      const first = (await live.received(10)).map(({ id }) => id);
      live.cut();
      await this.publish([there, here]);
      await this.isRecorded();
      const resumed = await this.scene.listen(there, 'public:*', { lastEventId: live.lastEventId });
      const ids = [...first, ...(await resumed.received(10)).map(({ id }) => id)];
      const entries = (await this.redis.entries(CHANNELS)).slice(start);
      assert.deepEqual(ids, entries.map(({ id }) => id));
      const answers = await Promise.all(bridges.map((bridge) => history(bridge, 'public:*', { limit: 1000 })));
      assert.deepEqual(answers[0].entries.slice(-20).map(({ id }) => id), ids);
      assert.deepEqual(answers[1], answers[0]);
      assert.deepEqual([...live.gaps, ...resumed.gaps], []);
      resumed.close();
    }
  }
}

story('rollout and rollback: nothing is lost, doubled or out of order, whichever release loaded the library', async (scene) => {
  const fleet = new Fleet(scene, await scene.redis());
  const before = [await fleet.start(BEFORE), await fleet.start(BEFORE)];
  await settled(fleet.redis, before);
  const oldText = await fleet.text();
  await fleet.exercise(before);

  const now = await fleet.start(BINARY);
  const newText = await fleet.text();
  assert.notEqual(newText, oldText);
  await fleet.exercise([before[0], now]);
  assert.equal(await fleet.refuse([before[0], now]), 0, 'the previous release does not know markers');

  await before[1].restart();
  assert.equal(await fleet.text(), oldText);
  await fleet.exercise([now, before[0]]);

  for (const old of before) await old.stop(); // the new release takes over recording
  await settled(fleet.redis, [now]);
  const other = await fleet.start(BINARY);
  await settled(fleet.redis, [now, other]);
  await fleet.exercise([now, other]);
  assert.equal(await fleet.refuse([now, other]), 1, 'a marker');

  const back = await fleet.start(BEFORE); // rolled back
  assert.equal(await fleet.text(), oldText);
  await fleet.exercise([back, now]);
  for (const bridge of [now, other]) await bridge.stop();
  await settled(fleet.redis, [back]);
  await fleet.exercise([back, await fleet.start(BEFORE)]);
}, { timeout: 120_000 });

// The previous release knows no spaces of channels, so this one has to share that of database 0 with it. Both ways of
// running are exercised, and the way back.
story('in another database than 0, a rollout goes on where the previous release is, until all have been stopped once', async (scene) => {
  const fleet = new Fleet(scene, await scene.redis({ database: 1 }));
  const pair = async (binary) => {
    const bridges = [await fleet.start(binary), await fleet.start(binary)];
    await settled(fleet.redis, bridges);
    return bridges;
  };
  const space = () => fleet.redis.call('GET', 'bridge:database');
  const before = await pair(BEFORE);
  const now = await fleet.start(BINARY);
  await now.said(/database_shared/);
  await fleet.exercise([before[0], now]);
  for (const old of before) await old.stop();
  await settled(fleet.redis, [now]);
  const other = await fleet.start(BINARY);
  await fleet.exercise([now, other]);
  assert.equal(await space(), null);

  for (const bridge of [now, other]) await bridge.stop();
  const apart = await pair(BINARY);
  assert.equal(await space(), '@1:');
  for (const { log } of apart) assert.doesNotMatch(log, /database_shared/);
  await fleet.exercise(apart);

  for (const bridge of apart) await bridge.stop();
  await fleet.exercise(await pair(BEFORE));
}, { timeout: 120_000 });

// Staging is updated first: production must not take staging's messages for its own in the course of its own update.
story('a bridge of the previous release in database 0 keeps fleets of other databases from moving away', async (scene) => {
  const redis = await scene.redis();
  const staging = scene.own(await redis.connect(1));
  const old = await scene.bridge({ redis, binary: BEFORE });
  const now = await scene.bridge({ redis: `${redis.url}/1`, ready: false });
  await now.said(/database_shared db=1/);
  await old.stop();
  await scene.bridge({ redis });
  const second = await scene.bridge({ redis: `${redis.url}/1` }); // beside the one that shares
  assert.match(second.log, /database_shared db=1/);
  assert.equal(await staging.call('GET', 'bridge:database'), null);
  for (const bridge of [now, second]) await bridge.stop();
  await second.start();
  assert.equal(await staging.call('GET', 'bridge:database'), '@1:');
});
