// proxy.mjs - a load balancer without affinity: every connection goes to a random target.
import net from 'node:net';
import { once } from 'node:events';
import { freePort } from './port.mjs';

// targets  objects with a `port`
// random   a function like Math.random
export async function startProxy(targets, { random = Math.random } = {}) {
  const port = await freePort();
  const sockets = new Set();
  const counts = new Map(targets.map((target) => [target.port, 0]));
  const server = net.createServer((inner) => {
    const target = targets[Math.floor(random() * targets.length)];
    counts.set(target.port, counts.get(target.port) + 1);
    const outer = net.connect({ port: target.port, host: '127.0.0.1' });
    for (const [socket, other] of [[inner, outer], [outer, inner]]) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen({ port, host: '127.0.0.1' });
  await once(server, 'listening');
  return {
    port,
    base: `http://127.0.0.1:${port}`,
    counts, // port → number of connections that it got
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        sockets.forEach((socket) => socket.destroy());
      }),
  };
}
