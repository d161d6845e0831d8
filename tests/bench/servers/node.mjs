// node.mjs - a simple hand-written bridge: SSE and WebSocket on one HTTP server, one connection to Redis.
//
//   node node.mjs PORT REDIS_PORT        GET /events?channel=NAME, WebSocket /ws?channel=NAME
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';

const [port, redisPort] = process.argv.slice(2).map(Number);
const redis = new Redis(redisPort, '127.0.0.1');
const listeners = new Map(); // channel -> Set of functions, each of which sends a message to one browser

function listen(request, stream, send) {
  const channel = new URL(request.url, 'http://localhost').searchParams.get('channel');
  if (!listeners.has(channel)) {
    listeners.set(channel, new Set());
    redis.subscribe(channel);
  }
  listeners.get(channel).add(send);
  stream.on('close', () => {
    listeners.get(channel).delete(send);
    if (listeners.get(channel).size > 0) return;
    listeners.delete(channel);
    redis.unsubscribe(channel);
  });
}

redis.on('message', (channel, message) => {
  for (const send of listeners.get(channel) ?? []) send(message);
});

const server = createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
  listen(request, response, (message) => response.write(`data: ${message}\n\n`));
});

new WebSocketServer({ server, path: '/ws' }).on('connection', (socket, request) => {
  listen(request, socket, (message) => socket.send(message));
});

server.listen(port, '127.0.0.1');
