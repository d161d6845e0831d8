// port.mjs - find a free TCP port.
// It is below the range that the kernel uses for outgoing connections, so that a server that is down for a moment finds
// its port still free when it is started again.
import net from 'node:net';

const LOWEST = 20_000;
const HIGHEST = 31_999;
const given = new Set();

function isFree(port, host) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export async function freePort() {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port, '127.0.0.1')) return port;
  }
  throw new Error('found no free port');
}
