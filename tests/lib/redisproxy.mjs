// redisproxy.mjs - a TCP proxy in front of Redis that can make one kind of connection hang: open, and silent.
import net from 'node:net';
import { once } from 'node:events';

export async function startRedisProxy(redis) {
  const proxy = new RedisProxy(redis);
  proxy.server.listen(0, '127.0.0.1');
  await once(proxy.server, 'listening');
  proxy.url = `redis://127.0.0.1:${proxy.server.address().port}`;
  return proxy;
}

class RedisProxy {
  constructor(redis) {
    this.links = new Set();
    this.server = net.createServer((client) => {
      const link = { client, upstream: net.connect(redis.port, '127.0.0.1'), name: '' };
      this.links.add(link);
      client.on('data', (bytes) => {
        link.name ||= /redis-bridge-[a-z-]+/.exec(bytes.toString('latin1'))?.[0] ?? ''; // CLIENT SETNAME
        link.upstream.write(bytes);
      });
      link.upstream.on('data', (bytes) => client.write(bytes));
      for (const [one, other] of [[client, link.upstream], [link.upstream, client]]) {
        one.on('error', () => {});
        one.on('close', () => {
          this.links.delete(link);
          other.destroy();
        });
      }
    });
  }

  // From now on nothing goes through the connections of this name that are open now; later ones work.
  freeze(name) {
    const frozen = [...this.links].filter((link) => link.name === name);
    for (const { client, upstream } of frozen) {
      client.pause();
      upstream.pause();
    }
    return frozen.length;
  }

  close() {
    this.server.close();
    for (const { client, upstream } of this.links) {
      client.destroy();
      upstream.destroy();
    }
  }
}
