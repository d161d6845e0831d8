// resp.mjs - a minimal Redis client that can send any bytes: RESP2 over one socket, replies in order.
import net from 'node:net';
import { once } from 'node:events';

function encode(args) {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

// Returns [value, offset after it], or undefined if the reply is incomplete. Bulk strings stay buffers.
function decode(buffer, at) {
  const eol = buffer.indexOf('\r\n', at);
  if (eol < 0) return undefined;
  const head = buffer.toString('utf8', at + 1, eol);
  const next = eol + 2;
  switch (String.fromCharCode(buffer[at])) {
    case '+':
      return [head, next];
    case '-':
      return [Object.assign(new Error(head), { isReply: true }), next];
    case ':':
      return [Number(head), next];
    case '$': {
      const length = Number(head);
      if (length < 0) return [null, next];
      if (buffer.length < next + length + 2) return undefined;
      return [Buffer.from(buffer.subarray(next, next + length)), next + length + 2];
    }
    case '*': {
      const length = Number(head);
      if (length < 0) return [null, next];
      const list = [];
      let offset = next;
      for (let i = 0; i < length; i++) {
        const item = decode(buffer, offset);
        if (!item) return undefined;
        list.push(item[0]);
        offset = item[1];
      }
      return [list, offset];
    }
    default:
      throw new Error(`not RESP: ${buffer.toString('latin1', at, at + 40)}`);
  }
}

function asText(value) {
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return Array.isArray(value) ? value.map(asText) : value;
}

function isMessage(value) {
  return Array.isArray(value) && /^p?message$/.test(value[0]?.toString());
}

export class Resp {
  static async connect(port) {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Resp(socket);
  }

  constructor(socket) {
    this.socket = socket;
    this.waiting = [];
    this.closed = false;
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
      let at = 0;
      for (let item; at < rest.length && (item = decode(rest, at)); at = item[1]) {
        if (this.hear && isMessage(item[0])) {
          this.hear(...item[0].slice(-2).map(asText));
          continue;
        }
        const { resolve, reject } = this.waiting.shift();
        if (item[0] instanceof Error) reject(item[0]);
        else resolve(item[0]);
      }
      rest = rest.subarray(at);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      for (const { reject } of this.waiting.splice(0)) reject(new Error('the connection to Redis was closed'));
    });
  }

  // Sends one command; resolves to its reply, with bulk strings as buffers.
  callRaw(...args) {
    if (this.closed) return Promise.reject(new Error('the connection to Redis is closed'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(encode(args));
    });
  }

  // Sends one command; resolves to its reply, with bulk strings as text.
  async call(...args) {
    return asText(await this.callRaw(...args));
  }

  // Subscribes this connection. hear(channel, payload) is called for each message, in the order in which Redis executed
  // the commands.
  async listen(hear, { channels = [], patterns = [] }) {
    this.hear = hear;
    for (const name of channels) await this.call('SUBSCRIBE', name);
    for (const name of patterns) await this.call('PSUBSCRIBE', name);
  }

  close() {
    this.socket.destroy();
  }
}
