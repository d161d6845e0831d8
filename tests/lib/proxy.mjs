// proxy.mjs - a load balancer without a memory: every connection goes to a target taken by lot.
import net from 'node:net';
import { once } from 'node:events';
import { freePort } from './port.mjs';

// Node's fetch waits for ever where a connection ends in good order before anything came by it.
function cut(socket) {
  if (socket.bytesWritten === 0) socket.resetAndDestroy();
  else socket.destroy();
}

// targets  anything with a `port`
// random   where the lots come from
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
      socket.on('error', () => cut(other));
      socket.on('close', () => {
        sockets.delete(socket);
        cut(other);
      });
      socket.on('end', () => (other.bytesWritten > 0 ? other.end() : cut(other)));
      socket.pipe(other, { end: false });
    }
  });
  server.listen({ port, host: '127.0.0.1' });
  await once(server, 'listening');
  return {
    port,
    base: `http://127.0.0.1:${port}`,
    counts, // port → connections that it was given
    cut: () => sockets.forEach(cut),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        sockets.forEach((socket) => socket.destroy());
      }),
  };
}
