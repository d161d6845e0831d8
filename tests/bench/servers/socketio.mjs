// socketio.mjs - Socket.IO with its Redis Streams adapter: a room for each channel, WebSocket only, and connection
// state recovery, which is what that adapter is for.
//
//   node socketio.mjs PORT REDIS_PORT    WebSocket /socket.io/?EIO=4&transport=websocket&channel=ROOM
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const [port, redisPort] = process.argv.slice(2).map(Number);
const redis = createClient({ url: `redis://127.0.0.1:${redisPort}` });
await redis.connect();

const server = createServer();
const io = new Server(server, {
  adapter: createAdapter(redis),
  connectionStateRecovery: {},
  transports: ['websocket'],
});
io.on('connection', (socket) => socket.join(socket.handshake.query.channel));
server.listen(port, '127.0.0.1');
