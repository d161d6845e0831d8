// sse.mjs - an SSE client that exposes every byte: the parser of WHATWG HTML 9.2.6, over plain HTTP.
// The `eventsource` package, which the tests use as well, shows what a page would see.
import http from 'node:http';
import { query } from './http.mjs';
import { waitFor } from './wait.mjs';

const CR = 13;
const LF = 10;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Parses bytes into blocks. A block is what is between two blank lines:
//   fields  [[name, value], …] in order, comments as ['', text]
//   event, data, id, retry  as the standard interprets them (data undefined: the block dispatches no event)
//   lastEventId  the last event ID that a browser would have after it
export class SseParser {
  constructor(onBlock) {
    this.onBlock = onBlock;
    this.rest = [];
    this.skipLf = false;
    this.lastEventId = '';
    this.faults = []; // descriptions of what no server may send
    this.isFirstLine = true;
    this.#open();
  }

  push(chunk) {
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (byte === LF && this.skipLf) {
        this.skipLf = false;
        start = i + 1;
      } else if (byte === CR || byte === LF) {
        this.rest.push(chunk.subarray(start, i));
        this.#line(this.rest.length === 1 ? this.rest[0] : Buffer.concat(this.rest));
        this.rest = [];
        this.skipLf = byte === CR;
        start = i + 1;
      } else {
        this.skipLf = false;
      }
    }
    if (start < chunk.length) this.rest.push(chunk.subarray(start));
  }

  // What arrived after the last blank line: empty if the stream ended at an event boundary.
  get unfinished() {
    const fields = this.fields.map(([name, value]) => `${name}: ${value}\n`).join('');
    return fields + Buffer.concat(this.rest).toString('utf8');
  }

  #open() {
    this.fields = [];
    this.data = [];
    this.event = '';
    this.id = undefined;
    this.retry = undefined;
  }

  #line(bytes) {
    let line;
    try {
      line = strict.decode(bytes);
    } catch {
      this.faults.push(`not UTF-8: ${bytes.toString('latin1').slice(0, 80)}`);
      line = bytes.toString('utf8');
    }
    if (this.isFirstLine && line.startsWith('\uFEFF')) line = line.slice(1);
    this.isFirstLine = false;
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    this.fields.push([name, value]);
    if (name === 'data') this.data.push(value);
    else if (name === 'event') this.event = value;
    else if (name === 'id' && !value.includes('\0')) this.id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) this.retry = Number(value);
    return undefined;
  }

  #dispatch() {
    if (this.fields.length === 0) return;
    if (this.id !== undefined) this.lastEventId = this.id;
    const block = {
      fields: this.fields,
      event: this.event || 'message',
      data: this.data.length ? this.data.join('\n') : undefined,
      id: this.id,
      retry: this.retry,
      lastEventId: this.lastEventId,
    };
    this.#open();
    this.onBlock(block);
  }
}

// channel      one, several, or a pattern
// lastEventId  the header; undefined sends none
// deadline     for the response headers
// Resolves when the response headers have arrived, whatever the status.
export function openSse(base, { channel, lastEventId, parameters, headers = {}, path, deadline = 15_000 } = {}) {
  const url = new URL((base.base ?? base) + (path ?? '/events' + query(channel, parameters)));
  const all = { Accept: 'text/event-stream', ...headers };
  if (lastEventId !== undefined) all['Last-Event-ID'] = lastEventId;
  return new Promise((resolve, reject) => {
    const request = http.get(
      { host: url.hostname.replace(/[[\]]/g, ''), port: url.port, path: url.pathname + url.search, headers: all, agent: false },
      (response) => resolve(new SseStream(response, request)),
    );
    request.setTimeout(deadline, () => request.destroy(new Error(`no headers of /events in ${deadline} ms`)));
    request.once('response', () => request.setTimeout(0));
    request.on('error', reject);
  });
}

export class SseStream {
  constructor(response, request) {
    this.request = request;
    this.response = response;
    this.status = response.statusCode;
    this.headers = response.headers;
    this.blocks = [];
    this.chunks = [];
    this.ended = undefined; // 'clean', 'cut' or an error message
    this.parser = new SseParser((block) => this.blocks.push(block));
    response.on('data', (chunk) => {
      this.chunks.push(chunk);
      this.parser.push(chunk);
    });
    response.on('end', () => (this.ended ??= 'clean'));
    response.on('error', (error) => (this.ended ??= error.message));
    response.on('close', () => (this.ended ??= 'cut'));
  }

  get bytes() {
    return Buffer.concat(this.chunks);
  }

  get text() {
    return this.bytes.toString('utf8');
  }

  // The last event ID that a browser would have now.
  get lastEventId() {
    return this.parser.lastEventId;
  }

  // The entries: everything with data except for the bridge's own events.
  get messages() {
    return this.blocks.filter((block) => block.data !== undefined && block.event !== 'cursor' && block.event !== 'gap');
  }

  get payloads() {
    return this.messages.map((block) => block.data);
  }

  get gaps() {
    return this.blocks.filter((block) => block.event === 'gap').map((block) => JSON.parse(block.data));
  }

  // Waits until the stream is subscribed; resolves to its first cursor.
  async opened({ deadline = 10_000 } = {}) {
    if (this.status !== 200) throw new Error(`/events answered ${this.status}`);
    const first = await this.block((block) => block.event === 'cursor', { deadline, what: 'the first cursor block' });
    return first.id;
  }

  // Waits until there is a block that matches; resolves to the first one.
  block(predicate, { deadline = 10_000, what = 'a certain block' } = {}) {
    return waitFor(() => this.blocks.find(predicate), {
      deadline,
      what: () => `${what} (${this.blocks.length} blocks so far${this.ended ? `, stream ended: ${this.ended}` : ''})`,
    });
  }

  // Waits until there are `count` entries; resolves to all that have arrived.
  async received(count, { deadline = 10_000 } = {}) {
    await waitFor(() => this.messages.length >= count, {
      deadline,
      what: () =>
        `${count} entries, ${this.messages.length} came${this.ended ? ` before the stream ended (${this.ended})` : ''}` +
        `; the last: ${this.payloads.at(-1)?.slice(0, 80)}`,
    });
    return this.messages;
  }

  // Waits for the server to end the stream.
  end({ deadline = 10_000 } = {}) {
    return waitFor(() => this.ended, { deadline, what: 'the stream to end' });
  }

  // Stops reading, so that the socket buffers of the kernel fill up.
  pause() {
    this.response.pause();
  }

  resume() {
    this.response.resume();
  }

  // Drops the connection, wherever the stream is.
  cut() {
    this.ended ??= 'cut';
    this.request.destroy();
  }

  close() {
    this.cut();
  }
}

// A payload as the standard's parser delivers it: every kind of line break becomes LF.
export function asEventData(payload) {
  return payload.replace(/\r\n|\r|\n/g, '\n');
}
