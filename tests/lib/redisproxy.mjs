// redisproxy.mjs - a TCP proxy in front of Redis that can make connections hang (open, and silent), or end them.
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
    this.orphans = new Set(); // connections to Redis whose other half is gone
    this.isCut = false; // or which way nothing goes
    this.isRefusing = false; // new connections end at once
    this.server = net.createServer((client) => {
      if (this.isRefusing) return client.destroy();
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

  // From now on nothing goes through the connections of this name that are open now; later ones work.
  freeze(name) {
    const frozen = this.#named(name);
    for (const link of frozen) this.#silence(link);
    return frozen.length;
  }

  // The network is gone: nothing goes through any connection, and neither side is told. New ones get no answer.
  // way  'up': only what goes to Redis is held up; 'down': only what comes from there
  cut({ way = 'both' } = {}) {
    this.isCut = way;
    for (const link of this.links) this.#silence(link, way);
  }

  // It is back, and what was under way arrives after all.
  mend() {
    this.isCut = false;
    for (const upstream of this.orphans) upstream.destroy();
    this.orphans.clear();
    for (const { client, upstream } of this.links) {
      client.resume();
      upstream.resume();
    }
  }

  // The connections that are open now end on the bridge's side; Redis is not told before mend().
  orphan() {
    for (const { client, upstream } of this.links) {
      this.orphans.add(upstream.pause());
      client.destroy();
    }
  }

  // The connections of this name (or all) that are open now end.
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
