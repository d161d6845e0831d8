// ws.mjs - a WebSocket client (the `ws` package) that records all that it receives.
import WebSocket from 'ws';
import { query } from './http.mjs';
import { waitFor } from './wait.mjs';

export const JSON_PROTOCOL = 'bridge.v1.json';
export const RAW_PROTOCOL = 'bridge.v1.raw';

// Resolves when the connection is open; rejects with `status` if the server answers with anything but 101.
// deadline  for the handshake
export function openWs(base, options = {}) {
  const { channel, parameters, protocols = [JSON_PROTOCOL], headers, path, pong = true, deadline = 15_000 } = options;
  const url = (base.base ?? base).replace(/^http/, 'ws') + (path ?? '/ws' + query(channel, parameters));
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false, handshakeTimeout: deadline });
    const client = new WsClient(socket, { pong, isRaw: protocols.includes(RAW_PROTOCOL) || parameters?.format === 'raw' });
    socket.once('open', () => resolve(client));
    socket.once('unexpected-response', (_, response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        reject(Object.assign(new Error(`the handshake was answered ${response.statusCode}`), { status: response.statusCode, body }));
      });
    });
    socket.once('error', reject);
  });
}

export class WsClient {
  constructor(socket, { pong, isRaw }) {
    this.socket = socket;
    this.frames = []; // objects; binary ones as { type: 'binary', channel, id, bytes }; raw ones as { isBinary, bytes }
    this.closed = undefined; // { code, reason }
    this.refs = 1000; // greater than the refs that tests write by hand
    socket.on('error', (error) => (this.error = error));
    socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString('utf8') }));
    socket.on('message', (bytes, isBinary) => {
      const frame = isRaw ? { isBinary, bytes } : isBinary ? parseBinary(bytes) : JSON.parse(bytes.toString('utf8'));
      this.frames.push(frame);
      if (frame.type === 'ping' && pong) this.send({ type: 'pong' });
    });
  }

  get protocol() {
    return this.socket.protocol;
  }

  // The entries, text and binary, in order.
  get messages() {
    return this.frames.filter((frame) => frame.type === 'message' || frame.type === 'binary');
  }

  get payloads() {
    return this.messages.map((frame) => frame.data);
  }

  get gaps() {
    return this.frames.filter((frame) => frame.type === 'gap');
  }

  // The last id that a page would have now. (`subscribed` is about one channel only, so its id does not count here.)
  get lastId() {
    const ids = this.frames.filter((frame) => ['message', 'binary', 'cursor', 'gap'].includes(frame.type) && frame.id);
    return ids.at(-1)?.id;
  }

  // Sends an object as JSON, and strings and bytes as they are.
  send(frame) {
    const isPlain = typeof frame === 'string' || Buffer.isBuffer(frame);
    this.socket.send(isPlain ? frame : JSON.stringify(frame));
  }

  frame(predicate, { deadline = 10_000, what = 'a certain frame' } = {}) {
    return waitFor(() => this.frames.find(predicate), {
      deadline,
      what: () =>
        `${what} (${this.frames.length} frames so far, the last ${JSON.stringify(this.frames.at(-1))?.slice(0, 200)}` +
        `${this.closed ? `, closed with ${this.closed.code} ${this.closed.reason}` : ''})`,
    });
  }

  hello(options) {
    return this.frame((frame) => frame.type === 'hello', { what: 'hello', ...options });
  }

  subscribed(channel, options) {
    return this.frame((frame) => frame.type === 'subscribed' && frame.channel === channel, { what: `subscribed to ${channel}`, ...options });
  }

  // Sends a frame with a ref of its own; resolves to the answer with that ref: ack, subscribed or error.
  async ask(frame, { deadline = 10_000 } = {}) {
    const ref = frame.ref ?? ++this.refs;
    this.send({ ...frame, ref });
    return this.frame((answer) => answer.ref === ref, { deadline, what: `an answer to ${JSON.stringify(frame).slice(0, 200)}` });
  }

  subscribe(channel, after) {
    return this.ask({ type: 'subscribe', channel, ...(after === undefined ? {} : { after }) });
  }

  // Publishes text, or bytes in a binary frame; resolves to the ack.
  async publish(channel, data, fields = {}) {
    let answer;
    if (Buffer.isBuffer(data)) {
      const ref = ++this.refs;
      this.send(Buffer.concat([Buffer.from(`publish ${channel} ${ref}\n`), data]));
      answer = await this.frame((frame) => frame.ref !== undefined && Number(frame.ref) === ref, { what: 'an answer to a binary publish' });
    } else {
      answer = await this.ask({ type: 'publish', channel, data, ...fields });
    }
    if (answer.type !== 'ack') throw new Error(`publish was answered ${JSON.stringify(answer)}`);
    return answer;
  }

  async received(count, { deadline = 10_000 } = {}) {
    await waitFor(() => this.messages.length >= count, {
      deadline,
      what: () =>
        `${count} messages, ${this.messages.length} came` +
        `${this.closed ? ` before ${this.closed.code} ${this.closed.reason}` : ''}; the last: ${this.payloads.at(-1)?.slice(0, 80)}`,
    });
    return this.messages;
  }

  // Waits until the WebSocket is closed; resolves to { code, reason }.
  end({ deadline = 10_000 } = {}) {
    return waitFor(() => this.closed, { deadline, what: 'the WebSocket to be closed' });
  }

  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  // Drops the connection without a close handshake.
  cut() {
    this.socket.terminate();
  }

  close() {
    this.cut();
  }
}

// `message <channel> <id>\n`, then the bytes. A channel may contain spaces, an id may not.
function parseBinary(bytes) {
  const end = bytes.indexOf('\n');
  const head = bytes.toString('utf8', 0, end).match(/^message (.+) (\d+-\d+)$/s);
  if (!head) throw new Error(`not a binary message: ${bytes.toString('latin1', 0, 100)}`);
  return { type: 'binary', channel: head[1], id: head[2], bytes: bytes.subarray(end + 1) };
}
