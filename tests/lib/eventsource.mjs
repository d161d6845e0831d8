// eventsource.mjs - the `eventsource` package (a third-party EventSource), recording all that it receives.
import http from 'node:http';
import { Readable } from 'node:stream';
import { EventSource } from 'eventsource';
import { query } from './http.mjs';
import { waitFor } from './wait.mjs';

// The part of fetch that the package needs. Node's own fetch (20.20) never settles if a new connection is lost before
// the response arrives, which happens often in tests that kill servers.
function plainFetch(url, { headers, signal }) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { headers, signal, agent: false }, (response) =>
      resolve({
        status: response.statusCode,
        url: String(url),
        redirected: false,
        headers: { get: (name) => response.headers[name] ?? null },
        body: Readable.toWeb(response),
      }),
    );
    request.on('error', reject);
  });
}

// types  event names to listen to besides "message".
export function openEventSource(base, { channel, parameters, types = [], path } = {}) {
  const url = (base.base ?? base) + (path ?? '/events' + query(channel, parameters));
  const source = new EventSource(url, { fetch: plainFetch });
  const heard = {
    source,
    messages: [],
    cursors: [],
    gaps: [],
    opens: 0,
    get payloads() {
      return heard.messages.map((event) => event.data);
    },
    opened: ({ deadline = 10_000 } = {}) => waitFor(() => heard.cursors[0], { deadline, what: 'the first cursor event' }),
    received: async (count, { deadline = 10_000 } = {}) => {
      await waitFor(() => heard.messages.length >= count, {
        deadline,
        what: () => `${count} events, ${heard.messages.length} came; readyState ${source.readyState}`,
      });
      return heard.messages;
    },
    close: () => source.close(),
  };
  source.onopen = () => heard.opens++;
  source.onmessage = (event) => heard.messages.push(event);
  for (const type of types) source.addEventListener(type, (event) => heard.messages.push(event));
  source.addEventListener('cursor', (event) => heard.cursors.push(event.data));
  source.addEventListener('gap', (event) => heard.gaps.push(JSON.parse(event.data)));
  return heard;
}
