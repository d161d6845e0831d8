#!/usr/bin/env node
// record.mjs - measures what recording plain PUBLISH costs, and how many messages a second can be recorded: one
// publisher, one Redis, two bridges (one records, one is on standby), no subscribers.
//
//   tests/bench/record.mjs                # 10,000, 20,000 and 30,000 messages a second, and as fast as Redis takes them
//   tests/bench/record.mjs --seconds 60 --rates 30000,max
//   tests/bench/record.mjs --bridges 1 --bytes 1000 --channels 1
//
// In one run, each load is measured first on Redis alone (no subscribers), then with one bridge, then with two. "max"
// is redis-benchmark (16 connections, pipelines of 16), which is not part of this project; the paced loads use one
// connection. Redis runs on core 0, everything else on core 1. Backlog is the largest output buffer that Redis had for
// a recorder's subscription, sampled every 50 ms (Redis disconnects a subscriber at 32 MB, or after 60 s above 8 MB).
// Results: Markdown on standard output, and build/bench/record.json.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { metric } from '../lib/metrics.mjs';
import { startRedis } from '../lib/redis.mjs';
import { Resp } from '../lib/resp.mjs';
import { settled } from '../lib/seat.mjs';
import { within } from '../lib/wait.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
process.env.REDIS_BRIDGE ??= join(ROOT, 'build/release/redis-bridge');
const { startBridge } = await import('../lib/bridge.mjs'); // reads REDIS_BRIDGE when it is loaded
const SAMPLE_MS = 50;
const WINDOW = 20_000; // the most unanswered messages of the paced publisher

const { values: options } = parseArgs({
  options: {
    rates: { type: 'string', default: '10000,20000,30000,max' },
    seconds: { type: 'string', default: '10' },
    bytes: { type: 'string', default: '100' },
    channels: { type: 'string', default: '10' },
    bridges: { type: 'string', default: '2' },
  },
});
const [seconds, bytes, channels, most] = ['seconds', 'bytes', 'channels', 'bridges'].map((name) => Number(options[name]));
const rates = options.rates.split(',').map((rate) => (rate === 'max' ? Infinity : Number(rate)));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const pin = (pid, core) => execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });

function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(stat[11]) + Number(stat[12])) * 10;
}

// Publishes `rate` messages a second on one connection, pipelined; returns how many.
async function publishPaced(redis, rate) {
  const client = await Resp.connect(redis.port);
  client.socket.removeAllListeners('data');
  let answered = 0;
  client.socket.on('data', (chunk) => {
    for (const byte of chunk) answered += byte === 10;
  });
  const payload = 'x'.repeat(bytes);
  const command = Array.from({ length: channels }, (_, i) => {
    const channel = `public:c${i}`;
    return `*3\r\n$7\r\nPUBLISH\r\n$${channel.length}\r\n${channel}\r\n$${bytes}\r\n${payload}\r\n`;
  });
  const total = rate * seconds;
  const start = performance.now();
  for (let sent = 0; sent < total; await pause(2)) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * rate), answered + WINDOW);
    let batch = '';
    for (; sent < due; sent++) batch += command[sent % channels];
    if (batch) client.socket.write(batch);
  }
  while (answered < total) await pause(2);
  client.close();
  return total;
}

// Runs redis-benchmark with `guess` * `seconds` messages; returns how many.
async function publishFast(redis, guess) {
  const total = guess * seconds;
  const child = spawn('redis-benchmark', ['-p', redis.port, '-n', total, '-c', 16, '-P', 16, '-r', channels, '-q', 'PUBLISH',
    'public:c__rand_int__', 'x'.repeat(bytes)].map(String), { stdio: 'ignore' });
  pin(child.pid, 1);
  await within(600_000, 'redis-benchmark to end', new Promise((resolve) => child.on('exit', resolve)));
  return total;
}

// Calls `look` every SAMPLE_MS until `work` is done; returns the result of `work`.
async function watching(work, look) {
  let isDone = false;
  const working = work().finally(() => (isDone = true));
  for (; !isDone; await pause(SAMPLE_MS)) await look();
  return working;
}

async function trial(rate, count) {
  const redis = await startRedis();
  const bridges = [];
  try {
    pin(redis.program.pid, 0);
    for (let i = 0; i < count; i++) bridges.push(await startBridge({ redis, env: { BRIDGE_WORKERS: '1' } }));
    for (const bridge of bridges) for (const pid of [bridge.pid, ...bridge.children()]) pin(pid, 1);
    const { holder, standby } = count ? await settled(redis, bridges) : {};
    const processes = { redis: redis.program.pid, holder: holder?.pid, standby: standby?.pid };
    const named = Object.entries(processes).filter(([, pid]) => pid);
    const before = Object.fromEntries(named.map(([name, pid]) => [name, cpuMs(pid)]));
    let backlog = 0;
    let queued = 0;
    const look = async () => {
      const clients = await redis.call('CLIENT', 'LIST', 'TYPE', 'pubsub');
      for (const [, omem] of clients.matchAll(/name=redis-bridge-recorder-live .*omem=(\d+)/g)) backlog = Math.max(backlog, omem);
      if (holder) queued = Math.max(queued, await metric(holder.bridge, 'recorder_queued_messages'));
    };
    const start = performance.now();
    const published = await watching(() => (rate === Infinity ? publishFast(redis, 60_000) : publishPaced(redis, rate)), look);
    const publishedMs = performance.now() - start;
    const recorded = async () => Number(await redis.call('HGET', 'bridge:era', 'last'));
    if (count) while ((await recorded()) < published) await look();
    const ms = performance.now() - start;
    const lost = count ? await metric(holder.bridge, 'recorder_lost_total') : 0;
    const cut = count ? await metric(holder.bridge, 'recorder_places_lost_total') : 0;
    const cpu = Object.fromEntries(named.map(([name, pid]) => [name, ((cpuMs(pid) - before[name]) * 1000) / published]));
    return { rate: String(rate), bridges: count, published, publishedPerS: (published / publishedMs) * 1000,
      recordedPerS: count ? (published / ms) * 1000 : 0, backlog, queued, lost, cut, cpu };
  } finally {
    for (const bridge of bridges) await bridge.close();
    await redis.close();
  }
}

const us = (value) => (value === undefined ? '–' : `${value.toFixed(1)} µs`);

const results = [];
for (const rate of rates) for (let count = 0; count <= most; count++) results.push(await trial(rate, count));
mkdirSync(join(ROOT, 'build/bench'), { recursive: true });
writeFileSync(join(ROOT, 'build/bench/record.json'), JSON.stringify({ seconds, bytes, channels, results }, null, 2));
console.log(`Plain PUBLISH of ${bytes} bytes on ${channels} channels for ${seconds} s; processor time per message.\n`);
console.log('| wanted | bridges | published/s | recorded/s | Redis | recorder | standby | backlog in Redis | queued | lost | cut |');
console.log('|---|---|---|---|---|---|---|---|---|---|---|');
for (const r of results) {
  const rate = r.rate === 'Infinity' ? 'max' : r.rate;
  console.log(`| ${rate} | ${r.bridges} | ${Math.round(r.publishedPerS)} | ${Math.round(r.recordedPerS) || '–'} | ${us(r.cpu.redis)} | ` +
    `${us(r.cpu.holder)} | ${us(r.cpu.standby)} | ${(r.backlog / 1024).toFixed(0)} KiB | ${r.queued} | ${r.lost} | ${r.cut} |`);
}
process.exit(results.some(({ lost, cut }) => lost || cut) ? 1 : 0);
