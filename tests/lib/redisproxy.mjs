// redisproxy.mjs - a TCP proxy in front of Redis that can make connections hang (open but silent) or close them.
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
    this.redis = redis; // where new connections go
    this.links = new Set();
    this.orphans = new Set(); // connections to Redis whose client side is closed
    this.isCut = false; // or the direction that is cut: 'both', 'up' or 'down'
    this.isRefusing = false; // new connections are closed at once
    this.server = net.createServer((client) => {
      if (this.isRefusing) return client.destroy();
      const link = { client, upstream: net.connect(this.redis.port, '127.0.0.1'), name: '' };
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
          if (!this.orphans.has(other)) other.destroy();
        });
      }
      if (this.isCut) this.#silence(link, this.isCut);
      return undefined;
    });
  }

  #silence({ client, upstream }, way = 'both') {
    if (way !== 'down') client.pause();
    if (way !== 'up') upstream.pause();
  }

  #named(name) {
    return [...this.links].filter((link) => name === undefined || link.name === name);
  }

  // Makes the open connections with this name (or all) hang; later ones work. Returns how many.
  freeze(name) {
    const frozen = this.#named(name);
    for (const link of frozen) this.#silence(link);
    return frozen.length;
  }

  // A failover behind a stable address: new connections go to this Redis, the open ones stay where they are.
  lead(redis) {
    this.redis = redis;
  }

  // Loses the network: nothing passes through any connection, and neither side is notified. New connections hang, too.
  // way  'up': hold only what is sent to Redis; 'down': hold only what Redis sends
  cut({ way = 'both' } = {}) {
    this.isCut = way;
    for (const link of this.links) this.#silence(link, way);
  }

  // Restores the network: the data that was held is delivered after all.
  mend() {
    this.isCut = false;
    for (const upstream of this.orphans) upstream.destroy();
    this.orphans.clear();
    for (const { client, upstream } of this.links) {
      client.resume();
      upstream.resume();
    }
  }

  // Closes the open connections on the bridge's side; Redis is not notified before mend().
  orphan() {
    for (const { client, upstream } of this.links) {
      this.orphans.add(upstream.pause());
      client.destroy();
    }
  }

  // Closes the open connections with this name (or all). Returns how many.
  drop(name) {
    const dropped = this.#named(name);
    for (const { client } of dropped) client.destroy();
    return dropped.length;
  }

  close() {
    this.server.close();
    for (const upstream of this.orphans) upstream.destroy();
    for (const { client, upstream } of this.links) {
      client.destroy();
      upstream.destroy();
    }
  }
}
