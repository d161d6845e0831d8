// story.mjs - one test: it closes all that it has started, and prints the logs only if it fails.
import test from 'node:test';
import { startBridge } from './bridge.mjs';
import { openEventSource } from './eventsource.mjs';
import { closeAll } from './owned.mjs';
import { openRaw } from './raw.mjs';
import { startProxy } from './proxy.mjs';
import { startRedis } from './redis.mjs';
import { openSse } from './sse.mjs';
import { within } from './wait.mjs';
import { openWs } from './ws.mjs';
import { openRawWs } from './wsframe.mjs';

const LOG_LINES = 120;

// name     what the product promises
// tell     the test: async (scene) => …
// timeout  in ms; a test that takes longer fails
// hasLogs  false: print no logs on failure, because the error says enough
export function story(name, tell, { timeout = 50_000, skip = false, hasLogs = true } = {}) {
  test(name, { skip }, async (t) => {
    const scene = new Scene((figure) => t.diagnostic(figure));
    let failure;
    try {
      await within(timeout, `the end of "${name}"`, tell(scene));
    } catch (error) {
      failure = error;
    }
    const late = await scene.end();
    if (!failure && !late) return;
    if (hasLogs) scene.printLogs(name);
    if (failure && late) process.stderr.write(`and while closing: ${late.message}\n`);
    throw failure ?? late;
  });
}

// What a test has started. It is closed in reverse order.
class Scene {
  #owned = [];
  #logs = [];

  // tell  prints a figure, also if the test passes
  constructor(tell) {
    this.tell = tell;
  }

  own(thing) {
    this.#owned.push(thing);
    if (typeof thing.log === 'string') this.#logs.push(thing);
    return thing;
  }

  async redis(options) {
    return this.own(await startRedis(options));
  }

  // Owned before it is ready, so that its logs are printed if it never becomes ready.
  async bridge({ ready = true, ...options }) {
    const bridge = this.own(await startBridge({ ready: false, ...options }));
    if (ready) await bridge.ready();
    return bridge;
  }

  // A Redis and one bridge, which is what most tests need.
  async start(env, redisOptions) {
    const redis = await this.redis(redisOptions);
    return { redis, bridge: await this.bridge({ redis, env }) };
  }

  // A Redis and `count` bridges on it.
  async fleet(count, env, redisOptions) {
    const redis = await this.redis(redisOptions);
    return { redis, bridges: await Promise.all(Array.from({ length: count }, () => this.bridge({ redis, env }))) };
  }

  async proxy(targets) {
    return this.own(await startProxy(targets));
  }

  // An SSE stream whose response headers have arrived.
  async sse(base, options) {
    return this.own(await openSse(base, options));
  }

  // An SSE stream that is subscribed: from now on it misses nothing.
  async listen(base, channel, options) {
    const stream = await this.sse(base, { channel, ...options });
    await stream.opened();
    return stream;
  }

  eventSource(base, options) {
    return this.own(openEventSource(base, options));
  }

  async ws(base, options) {
    return this.own(await openWs(base, options));
  }

  // A WebSocket that is subscribed to all its channels.
  async speak(base, channel, options) {
    const client = await this.ws(base, { channel, ...options });
    await client.hello();
    for (const name of channel === undefined ? [] : [channel].flat()) await client.subscribed(name);
    return client;
  }

  async raw(bridge, options) {
    return this.own(await openRaw(bridge, options));
  }

  async rawWs(bridge, path, options) {
    return this.own(await openRawWs(bridge, path, options));
  }

  // Closes everything; returns the first error, or undefined.
  end() {
    return closeAll(this.#owned);
  }

  printLogs(name) {
    for (const { name: who, log } of this.#logs) {
      if (!log) continue;
      const lines = log.trimEnd().split('\n').slice(-LOG_LINES);
      process.stderr.write(`\n--- "${name}" failed; the last output of ${who}:\n${lines.join('\n')}\n---\n`);
    }
  }
}
