// 62-metrics - GET /metrics: what operators watch, for the whole instance, whichever worker answers.
import assert from 'node:assert/strict';
import { request } from '../lib/http.mjs';
import { metric, metrics } from '../lib/metrics.mjs';
import { settled } from '../lib/seat.mjs';
import { story } from '../lib/story.mjs';
import { waitFor } from '../lib/wait.mjs';

const becomes = (bridge, name, value) =>
  waitFor(async () => (await metric(bridge, name)) === value, { what: `${name} to be ${value}` });

story('/metrics is Prometheus text: every sample has a type, a help line and a number', async (scene) => {
  const { bridge } = await scene.start();
  const { status, headers, text } = await request(bridge, '/metrics');
  assert.equal(status, 200);
  assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
  assert.ok(text.endsWith('\n'));
  for (const name of (await metrics(bridge)).keys()) {
    const bare = name.replace(/\{.*\}$/, '');
    assert.match(text, new RegExp(`^# HELP ${bare} .+\n# TYPE ${bare} (counter|gauge)\n`, 'm'));
  }
  for (const value of (await metrics(bridge)).values()) assert.ok(Number.isFinite(value));
});

story('the messages that the recorder records, refuses, and takes from the inbox are counted', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_WORKERS: '2' });
  await becomes(bridge, 'recorder_place{place="holder"}', 1);
  for (let i = 0; i < 30; i++) await redis.publish('public:a', `m${i}`);
  await becomes(bridge, 'recorder_recorded_total', 30);
  await redis.publish('public:a', 'x'.repeat(65_537));
  await becomes(bridge, 'recorder_refused_total', 1);
  await redis.call('XADD', 'bridge:inbox', '*', 'channel', 'public:a', 'data', 'hello');
  await redis.call('XADD', 'bridge:inbox', '*', 'data', 'hello');
  await becomes(bridge, 'inbox_recorded_total', 1);
  await becomes(bridge, 'inbox_rejected_total', 1);
  assert.equal(await metric(bridge, 'recorder_lost_total'), 0);
  assert.equal(await metric(bridge, 'recorder_eras_total'), 1);
  assert.equal(await metric(bridge, 'workers_ready'), 2);
});

story('the streams of all workers are counted', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_WORKERS: '2' });
  const streams = [];
  for (let i = 0; i < 8; i++) streams.push(await scene.listen(bridge, 'public:a'));
  await scene.speak(bridge, 'public:a');
  await becomes(bridge, 'connections', 9);
  for (const stream of streams) await stream.close();
  await becomes(bridge, 'connections', 1);
});

// An operator who sees browsers reconnect wants to know why.
story('streams that end are counted by reason, each of them once', async (scene) => {
  const { redis, bridge } = await scene.start({ BRIDGE_WORKERS: '2', BRIDGE_MAX_CHANNELS: '2' });
  const ended = (reason) => `streams_ended_total{reason="${reason}"}`;
  const total = async (of) => {
    const samples = [...(await metrics(of))].filter(([name]) => name.includes('streams_ended_total'));
    return samples.reduce((sum, [, value]) => sum + value, 0);
  };
  await (await scene.listen(bridge, 'public:a')).close();
  await becomes(bridge, ended('closed'), 1);
  (await scene.speak(bridge, 'public:a')).socket.close();
  await becomes(bridge, ended('left'), 1);
  await (await scene.ws(bridge, { channel: ['public:a', 'public:b', 'public:c'] })).end();
  await becomes(bridge, ended('policy'), 1);
  await becomes(bridge, 'connections', 0);
  assert.equal(await total(bridge), 3);
  assert.equal(await metric(bridge, 'requests_parked'), 0);

  const other = await scene.bridge({ redis, env: { BRIDGE_MAX_AGE: '1s' } });
  const old = [await scene.listen(other, 'public:a'), await scene.speak(other, 'public:a')];
  await Promise.all(old.map((stream) => stream.end()));
  await becomes(other, ended('age'), 2);
  await becomes(other, 'connections', 0);
  assert.equal(await total(other), 2);
});

// A page reports its connection's id, and the operator finds the log lines of that connection by it.
story('log lines about a WebSocket have the connection id that is in its hello', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_LOG: 'debug', BRIDGE_WORKERS: '2' });
  const [one, other] = [await scene.speak(bridge, 'public:a'), await scene.speak(bridge, 'public:a')];
  const ids = [(await one.hello()).connection, (await other.hello()).connection];
  assert.notEqual(ids[0], ids[1]);
  one.cut();
  await bridge.said(new RegExp(`stream connection=${ids[0]} kind=ws .*why=closed`));
  other.socket.close();
  await bridge.said(new RegExp(`stream connection=${ids[1]} kind=ws .*why=left`));
});

story('the metrics show which instance stands by, and when it takes over', async (scene) => {
  const { redis, bridges } = await scene.fleet(2);
  const { holder, standby } = await settled(redis, bridges);
  await becomes(standby.bridge, 'recorder_place{place="standby"}', 1);
  await holder.bridge.kill();
  await becomes(standby.bridge, 'recorder_place{place="holder"}', 1);
  assert.equal(await metric(standby.bridge, 'recorder_eras_total'), 0, 'it continued the era of the other instance');
});
