// 82-worker-death - a worker dies, and clients that are connecting do not notice: connections that it has not accepted
// yet wait for the next worker. (Firefox gives up for good after one refused connection.) Connections that it has
// accepted and not answered die with it. The kernel tells them apart: a connection that no process has accepted has the
// inode 0.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { isGone, signal } from '../lib/program.mjs';
import { story } from '../lib/story.mjs';
import { paced, waitFor } from '../lib/wait.mjs';

const PER_SECOND = 200;

const isWorker = (pid) => fs.readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'worker';
const workers = (bridge) => bridge.children().filter((pid) => !isGone(pid) && isWorker(pid));

// The server's side of all connections to this port: { peer, isAccepted }, where peer is the port of the client.
function serverEnds({ port }) {
  const [, ...lines] = fs.readFileSync('/proc/net/tcp', 'latin1').trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .map(([, local, remote, state, , , , , , inode]) => ({ local, remote, state, inode }))
    .filter(({ local, state }) => state === '01' && parseInt(local.split(':')[1], 16) === port)
    .map(({ remote, inode }) => ({ peer: parseInt(remote.split(':')[1], 16), isAccepted: inode !== '0' }));
}

// Opens connections at an even pace until it is stopped. Each requests a stream, and is closed once it has a response.
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

  // Waits until all but the newest connections are answered, so that hardly any is accepted and not answered.
  calm() {
    return waitFor(() => this.open.length <= 3, { every: 1, deadline: 20_000, what: () => `few open requests; there are ${this.open.length}` });
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
    await waitFor(() => this.open.length === 0, { deadline: 20_000, what: () => `all requests to be answered; ${this.open.length} are not` });
  }

  tell(scene) {
    const slowest = Math.max(...this.clients.map(({ tookMs }) => tookMs ?? 0));
    const refused = this.with('ECONNREFUSED').length;
    const cut = this.failed.length - refused;
    scene.tell(`${this.clients.length} knocked, ${refused} were refused, ${cut} cut; the slowest waited ${slowest} ms`);
  }
}

const describe = (clients) => JSON.stringify(clients.slice(0, 5).map(({ socket, ...client }) => client));

// A worker that is busy, or hangs, has a queue of connections that it has not accepted when it is killed.
story('connections that wait for a worker that dies are accepted by the next one', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_WORKERS: '3' });
  const crowd = scene.own(new Crowd(bridge));
  const letIn = new Set(); // the ports of clients that were accepted when a worker was killed
  let waited = 0;
  for (let kill = 0; kill < 6; kill++) {
    const all = await waitFor(() => workers(bridge).length === 3 && workers(bridge), { what: 'three workers' });
    const pid = all[kill % 3];
    await crowd.calm();
    signal(pid, 'SIGSTOP');
    const queue = await waitFor(() => {
      const waiting = serverEnds(bridge).filter(({ isAccepted }) => !isAccepted);
      return waiting.length >= 10 && waiting;
    }, { what: 'ten connections that wait' });
    for (const { peer, isAccepted } of serverEnds(bridge)) if (isAccepted) letIn.add(peer);
    for (const { peer } of queue) letIn.delete(peer);
    waited += queue.length;
    signal(pid, 'SIGKILL');
    await waitFor(() => isGone(pid), { what: `worker ${pid} to be gone` });
  }
  await crowd.stop();
  crowd.tell(scene);
  scene.tell(`${waited} were waiting for a worker when it was shot`);
  assert.equal(crowd.with('ECONNREFUSED').length, 0, 'a connection was refused');
  const strangers = crowd.failed.filter(({ port }) => !letIn.has(port));
  assert.equal(strangers.length, 0, `cut without having been accepted: ${describe(strangers)}`);
  assert.ok(crowd.failed.length <= 6, `${crowd.failed.length} were cut: ${describe(crowd.failed)}`);
  assert.ok(crowd.clients.every(({ status, failure }) => failure || status === 200));
});

// The same for the only worker: no other accepts connections meanwhile.
story('no connection is refused when the only worker dies', async (scene) => {
  const { bridge } = await scene.start({ BRIDGE_WORKERS: '1' });
  const crowd = scene.own(new Crowd(bridge));
  const deaths = [];
  for (let kill = 0; kill < 5; kill++) {
    const [pid] = await waitFor(() => workers(bridge).length === 1 && workers(bridge), { what: 'a worker' });
    const before = crowd.clients.filter(({ status }) => status).length;
    await waitFor(() => crowd.clients.filter(({ status }) => status).length > before + 40, { what: 'the worker to serve requests' });
    await crowd.calm();
    const from = Date.now() - 200;
    signal(pid, 'SIGKILL');
    await waitFor(() => isGone(pid), { every: 1, what: `worker ${pid} to be gone` });
    deaths.push({ from, to: Date.now() });
  }
  await crowd.stop();
  crowd.tell(scene);
  assert.equal(crowd.with('ECONNREFUSED').length, 0, 'a connection was refused');
  // Only connections that the worker had accepted at that moment may be cut.
  const strangers = crowd.failed.filter(({ startedAt }) => !deaths.some(({ from, to }) => from <= startedAt && startedAt <= to));
  assert.equal(strangers.length, 0, `cut although no worker died: ${describe(strangers)}`);
  assert.ok(crowd.failed.length <= 2 * 5, `${crowd.failed.length} were cut: ${describe(crowd.failed)}`);
  assert.ok(crowd.clients.every(({ status, failure }) => failure || status === 200));
});
