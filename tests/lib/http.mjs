// http.mjs - one HTTP request and its response, without keep-alive.
import http from 'node:http';

// base     "http://127.0.0.1:8080", or an object with such a `base`
// Resolves to { status, headers, rawHeaders, body (bytes), text, json() }.
export function request(base, path, { method = 'GET', headers = {}, body, chunked = false, deadline = 10_000 } = {}) {
  const url = new URL((base.base ?? base) + path);
  return new Promise((resolve, reject) => {
    const sent = http.request(
      { host: url.hostname.replace(/[[\]]/g, ''), port: url.port, path, method, headers, agent: false },
      (response) => {
        const chunks = [];
        const finish = () => {
          clearTimeout(timer);
          const bytes = Buffer.concat(chunks);
          resolve({
            status: response.statusCode,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: bytes,
            text: bytes.toString('utf8'),
            json: () => JSON.parse(bytes.toString('utf8')),
          });
        };
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', finish);
        // An event stream does not end. A test that requests one here only checks that it is not refused.
        if (method === 'GET' && /^text\/event-stream/.test(response.headers['content-type'])) {
          response.off('error', reject).on('error', () => {});
          finish();
          sent.destroy();
        }
      },
    );
    const timer = setTimeout(() => sent.destroy(new Error(`no answer to ${method} ${path} in ${deadline} ms`)), deadline);
    sent.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    if (chunked) {
      sent.write(body);
      sent.end();
    } else {
      sent.end(body); // node knows the length and sends Content-Length
    }
  });
}

// "a", ["a", "b"] or nothing, and further parameters → "?channel=a&channel=b&since=0"
export function query(channel, parameters = {}) {
  const pairs = [];
  for (const name of channel === undefined ? [] : [channel].flat()) pairs.push(['channel', name]);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) pairs.push([name, value]);
  const text = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return text ? `?${text}` : '';
}

// POST /publish; resolves to the position.
export async function post(base, channel, payload, { event, ...options } = {}) {
  const answer = await request(base, '/publish' + query(channel, { event }), { method: 'POST', body: payload, ...options });
  if (answer.status !== 200) throw new Error(`POST /publish: ${answer.status} ${answer.text}`);
  return answer.json().id;
}

// GET /history; resolves to the parsed response.
export async function history(base, channel, parameters) {
  const answer = await request(base, '/history' + query(channel, parameters));
  if (answer.status !== 200) throw new Error(`GET /history: ${answer.status} ${answer.text}`);
  return answer.json();
}

// The payloads of a channel that are kept, up to 1000, oldest first.
export async function recorded(base, channel) {
  return (await history(base, channel, { limit: 1000 })).entries.map(({ data }) => data);
}
