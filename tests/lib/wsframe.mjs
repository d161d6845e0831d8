// wsframe.mjs - WebSocket frames written by hand (RFC 6455), to send what no correct client would send.
import net from 'node:net';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { waitFor } from './wait.mjs';

export const OP = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };

// The bytes of one frame (RFC 6455 5.2). length: the length in the header, if it is to be wrong.
export function frameBytes({ fin = true, rsv = 0, opcode = OP.TEXT, masked = true, payload = '', length }) {
  const body = Buffer.from(payload);
  const claimed = length ?? body.length;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  if (claimed < 126) head.push(mask | claimed);
  else if (claimed < 65_536) head.push(mask | 126, claimed >> 8, claimed & 255);
  else {
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(BigInt(claimed));
    head.push(mask | 127, ...wide);
  }
  if (!masked) return Buffer.concat([Buffer.from(head), body]);
  const key = randomBytes(4);
  return Buffer.concat([Buffer.from(head), key, body.map((byte, i) => byte ^ key[i & 3])]);
}

// Does the handshake; resolves when the server has switched protocols.
export async function openRawWs(bridge, path, { protocol = 'bridge.v1.json' } = {}) {
  const socket = net.connect({ port: bridge.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const client = new RawWs(socket);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${bridge.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
      `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  await waitFor(() => client.head, { what: 'the answer to the handshake' });
  if (!/^HTTP\/1\.1 101 /.test(client.head)) throw new Error(`the handshake was answered ${client.head}`);
  return client;
}

export class RawWs {
  constructor(socket) {
    this.socket = socket;
    this.head = undefined;
    this.frames = []; // { fin, rsv, opcode, payload }
    this.isClosed = false;
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      if (this.head === undefined) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) return;
        this.head = rest.toString('latin1', 0, end + 4);
        rest = rest.subarray(end + 4);
      }
      for (let item; (item = take(rest)); rest = rest.subarray(item.size)) this.frames.push(item);
    });
    socket.on('error', () => {});
    socket.on('close', () => (this.isClosed = true));
  }

  // The close frame that the server sent: { code, reason }, or undefined.
  get closeFrame() {
    const frame = this.frames.find(({ opcode }) => opcode === OP.CLOSE);
    if (!frame) return undefined;
    if (frame.payload.length < 2) return { code: 1005, reason: '' };
    return { code: frame.payload.readUInt16BE(0), reason: frame.payload.toString('utf8', 2) };
  }

  send(frame) {
    this.socket.write(frameBytes(frame));
  }

  frame(predicate, options) {
    return waitFor(() => this.frames.find(predicate), { what: 'a certain frame', ...options });
  }

  // Waits until the server has closed the connection.
  hungUp({ deadline = 10_000 } = {}) {
    return waitFor(() => this.isClosed, { deadline, what: 'the server to close the connection' });
  }

  close() {
    this.socket.destroy();
  }
}

function take(buffer) {
  if (buffer.length < 2) return undefined;
  let length = buffer[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (buffer.length < 4) return undefined;
    length = buffer.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (buffer.length < 10) return undefined;
    length = Number(buffer.readBigUInt64BE(2));
    at = 10;
  }
  if (buffer.length < at + length) return undefined;
  return {
    fin: (buffer[0] & 0x80) !== 0,
    rsv: (buffer[0] >> 4) & 7,
    opcode: buffer[0] & 15,
    isMasked: (buffer[1] & 0x80) !== 0,
    payload: Buffer.from(buffer.subarray(at, at + length)),
    size: at + length,
  };
}
