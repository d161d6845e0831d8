// 82-worker-death - a worker dies, and nobody who knocks meanwhile hears of it: who was not let in yet waits for the next one.
// (Firefox gives up for good at one refused connection.) Who had been let in and not yet answered dies with the worker; who
// that was, the kernel knows: a connection that nobody has accepted belongs to no file.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { isGone, signal } from '../lib/program.mjs';
import { story } from '../lib/story.mjs';
import { paced, waitFor } from '../lib/wait.mjs';

const PER_SECOND = 200;

const isWorker = (pid) => fs.readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'worker';
const workers = (bridge) => bridge.children().filter((pid) => !isGone(pid) && isWorker(pid));

// The server's ends of all connections to this port: { peer, isAccepted }.
function serverEnds({ port }) {
  const [, ...lines] = fs.readFileSync('/proc/net/tcp', 'latin1').trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .map(([, local, remote, state, , , , , , inode]) => ({ local, remote, state, inode }))
    .filter(({ local, state }) => state === '01' && parseInt(local.split(':')[1], 16) === port)
    .map(({ remote, inode }) => ({ peer: parseInt(remote.split(':')[1], 16), isAccepted: inode !== '0' }));
}

// Connects again and again, at an even pace, until told to stop; each connection asks for a stream and leaves once it has one.
class Crowd {
  constructor(bridge) {
    this.bridge = bridge;
    this.clients = [];
    this.isOver = false;
    this.end = paced(Infinity, 1000 / PER_SECOND, () => !this.isOver && this.#knock());
  }

  #knock() {
    const socket = net.connect({ port: this.bridge.port, host: '127.0.0.1' }, () => (client.port = socket.localPort));
    const client = { socket, startedAt: Date.now(), port: undefined, status: undefined, failure: undefined, tookMs: undefined };
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (client.status || !text.includes('\r\n')) return;
      client.status = Number(text.match(/^HTTP\/1\.1 (\d{3}) /)?.[1]);
      client.tookMs = Date.now() - client.startedAt;
      socket.destroy();
    });
    socket.on('error', ({ code }) => (client.failure ??= code));
    socket.on('close', () => client.status || (client.failure ??= 'hung up on'));
    socket.write('GET /events?channel=public:a HTTP/1.1\r\nHost: x\r\n\r\n');
    this.clients.push(client);
  }

  get open() {
    return this.clients.filter(({ status, failure }) => !status && !failure);
  }

  get failed() {
    return this.clients.filter(({ failure }) => failure);
  }

  // Everybody but the newest is answered, so that a worker has hardly anybody in its hands.
  calm() {
    return waitFor(() => this.open.length <= 3, { every: 1, deadline: 20_000, what: () => `a calm moment; ${this.open.length} wait` });
  }

  with(failure) {
    return this.clients.filter((client) => client.failure === failure);
  }

  async close() {
    this.isOver = true;
    await this.end;
    for (const { socket } of this.clients) socket.destroy();
  }

  async stop() {
    this.isOver = true;
    await this.end;
    await waitFor(() => this.open.length === 0, { deadline: 20_000, what: () => `an answer to everybody; ${this.open.length} wait` });
  }

  tell(scene) {
    const slowest = Math.max(...this.clients.map(({ tookMs }) => tookMs ?? 0));
    const refused = this.with('ECONNREFUSED').length;
    const cut = this.failed.length - refused;
    scene.tell(`${this.clients.length} knocked, ${refused} were refused, ${cut} cut; the slowest waited ${slowest} ms`);
  }
}

const describe = (clients) => JSON.stringify(clients.slice(0, 5).map(({ socket, ...client }) => client));

// A worker that is busy, or hangs, has a queue before its door when it is shot.
story('who waits for a worker that dies is let in by the next one', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_WORKERS: '3' });
  const crowd = scene.own(new Crowd(bridge));
  const letIn = new Set(); // by a worker that died
  let waited = 0;
  for (let kill = 0; kill < 6; kill++) {
    const all = await waitFor(() => workers(bridge).length === 3 && workers(bridge), { what: 'three workers' });
    const pid = all[kill % 3];
    await crowd.calm();
    signal(pid, 'SIGSTOP');
    const queue = await waitFor(() => {
      const waiting = serverEnds(bridge).filter(({ isAccepted }) => !isAccepted);
      return waiting.length >= 10 && waiting;
    }, { what: 'ten who wait' });
    for (const { peer, isAccepted } of serverEnds(bridge)) if (isAccepted) letIn.add(peer);
    for (const { peer } of queue) letIn.delete(peer);
    waited += queue.length;
    signal(pid, 'SIGKILL');
    await waitFor(() => isGone(pid), { what: `worker ${pid} to be gone` });
  }
  await crowd.stop();
  crowd.tell(scene);
  scene.tell(`${waited} were waiting for a worker when it was shot`);
  assert.equal(crowd.with('ECONNREFUSED').length, 0, 'somebody was refused');
  const strangers = crowd.failed.filter(({ port }) => !letIn.has(port));
  assert.equal(strangers.length, 0, `cut without having been let in: ${describe(strangers)}`);
  assert.ok(crowd.failed.length <= 6, `${crowd.failed.length} were cut: ${describe(crowd.failed)}`);
  assert.ok(crowd.clients.every(({ status, failure }) => failure || status === 200));
});

// The same for the only worker: nobody else listens meanwhile.
story('a port whose only worker dies refuses nobody', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_WORKERS: '1' });
  const crowd = scene.own(new Crowd(bridge));
  const deaths = [];
  for (let kill = 0; kill < 5; kill++) {
    const [pid] = await waitFor(() => workers(bridge).length === 1 && workers(bridge), { what: 'a worker' });
    const before = crowd.clients.filter(({ status }) => status).length;
    await waitFor(() => crowd.clients.filter(({ status }) => status).length > before + 40, { what: 'it to serve' });
    await crowd.calm();
    const from = Date.now() - 200;
    signal(pid, 'SIGKILL');
    await waitFor(() => isGone(pid), { every: 1, what: `worker ${pid} to be gone` });
    deaths.push({ from, to: Date.now() });
  }
  await crowd.stop();
  crowd.tell(scene);
  assert.equal(crowd.with('ECONNREFUSED').length, 0, 'somebody was refused');
  // Whoever it had in its hands at that moment.
  const strangers = crowd.failed.filter(({ startedAt }) => !deaths.some(({ from, to }) => from <= startedAt && startedAt <= to));
  assert.equal(strangers.length, 0, `cut without a death: ${describe(strangers)}`);
  assert.ok(crowd.failed.length <= 2 * 5, `${crowd.failed.length} were cut: ${describe(crowd.failed)}`);
  assert.ok(crowd.clients.every(({ status, failure }) => failure || status === 200));
});
