// raw.mjs - a bare TCP connection to the bridge: it can send any bytes, and keeps every byte that it receives.
import net from 'node:net';
import { once } from 'node:events';
import { waitFor } from './wait.mjs';

export async function openRaw(bridge, { bytes } = {}) {
  const socket = net.connect({ port: bridge.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const raw = {
    socket,
    chunks: [],
    isClosed: false,
    get text() {
      return Buffer.concat(raw.chunks).toString('latin1');
    },
    get status() {
      const found = raw.text.match(/^HTTP\/1\.[01] (\d{3}) /);
      return found ? Number(found[1]) : undefined;
    },
    send: (more) => socket.write(more),
    said: (pattern, { deadline = 10_000 } = {}) =>
      waitFor(() => raw.text.match(pattern), { deadline, what: () => `${pattern} in ${JSON.stringify(raw.text.slice(0, 500))}` }),
    // Waits until the server sends a status line or closes the connection, whichever is first.
    answered: ({ deadline = 20_000 } = {}) =>
      waitFor(() => raw.status || raw.isClosed, { deadline, what: 'an answer or the end of the connection' }),
    close: () => socket.destroy(),
  };
  socket.on('data', (chunk) => raw.chunks.push(chunk));
  socket.on('error', () => {});
  socket.on('close', () => (raw.isClosed = true));
  if (bytes !== undefined) socket.write(bytes);
  return raw;
}
