// browser.mjs - browsers that keep disconnecting and reconnecting, to any instance, with the last id that they have:
// over SSE, over WebSocket with the channels in the URL, or over either at random; over WebSocket with `subscribe`
// frames; and with the `eventsource` package, which does all that by itself.
//
// What they receive goes into lanes (see lane.mjs): a lane is a set of channels with one cursor.
import { setTimeout as pause } from 'node:timers/promises';
import { openEventSource } from '../lib/eventsource.mjs';
import { openSse } from '../lib/sse.mjs';
import { openWs } from '../lib/ws.mjs';
import { Lane } from './lane.mjs';
import { before } from './rank.mjs';

const ENDS = [1001, 1006, 1012]; // going away; no close frame, the process was killed; service restart
const OPEN_MS = 2500; // without an answer in this time, try another instance

class Browser {
  constructor(name, asked, world) {
    this.name = name;
    this.world = world;
    this.asked = asked;
    this.dice = world.dice.of(name);
    this.isCalm = false; // it closes no connection any more
    this.isOver = false;
  }

  note(what) {
    this.world.journal.note(this.name, what, this.name);
  }

  lane(names) {
    return new Lane(`${this.name} (${names.join(' ')})`, names, this.world, this.name);
  }

  // From now on it stays connected.
  calm() {
    this.isCalm = true;
  }

  close() {
    this.isOver = true;
  }
}

// --- one that reconnects by hand ------------------------------------------------------------------------------------

class Wanderer extends Browser {
  start() {
    this.running = this.#run();
    this.running.catch((error) => this.world.blame(`${this.name} can't go on: ${error.stack}`));
  }

  async #run() {
    while (!this.isOver) {
      const instance = this.dice.pick(this.world.fleet.instances);
      const connection = await this.#open(instance);
      if (connection) await this.#stay(connection, instance);
      else this.world.journal.count('not connected');
      await this.#stayAway();
    }
  }

  async #stayAway() {
    const isLong = this.dice.chance(0.05);
    const end = Date.now() + (isLong ? this.dice.between(500, this.world.awayMs) : this.dice.between(5, 150));
    do await pause(5);
    while (!this.isCalm && !this.isOver && Date.now() < end);
  }

  async #open(instance) {
    try {
      return await this.open(instance);
    } catch {
      return undefined;
    }
  }

  // Until either side closes the connection.
  async #stay(connection, instance) {
    const cursors = this.lanes.map(({ cursor }) => cursor).join(' ');
    this.note(`is connected to ${instance.name} (${connection.what}), at ${cursors}`);
    this.world.journal.count('connections of browsers');
    this.connection = connection;
    const end = Date.now() + this.dice.mostly(200, 8000);
    let isSlow = false;
    while (!this.isOver && !connection.isGone() && (this.isCalm || Date.now() < end)) {
      if (!this.isCalm && this.dice.chance(0.01)) {
        isSlow = !isSlow; // it reads nothing for a while
        if (isSlow) connection.pause();
        else connection.resume();
      }
      if (this.isCalm && isSlow) {
        isSlow = false;
        connection.resume();
      }
      await pause(20);
    }
    const why = connection.isGone();
    const wrong = why && connection.wrongEnd();
    if (wrong) this.world.blame(`${this.name} was disconnected from ${instance.name}: ${wrong}`, { topic: this.name });
    this.note(why ? `was disconnected from ${instance.name}: ${why}` : `disconnects from ${instance.name}`);
    connection.cut();
  }

  close() {
    super.close();
    this.connection?.cut();
  }
}

// One cursor for everything that it subscribes to; each connection is SSE or WebSocket, at random.
class Resumer extends Wanderer {
  // ways  the protocols to choose from: 'sse', 'ws', or both
  constructor(name, asked, world, ways) {
    super(name, asked, world);
    this.ways = ways;
    this.lanes = [this.lane(asked)];
    this.isExact = asked.length === 1 && !asked[0].includes('*');
  }

  open(instance) {
    return this.dice.pick(this.ways) === 'sse' ? this.#openSse(instance) : this.#openWs(instance);
  }

  async #openSse({ bridge }) {
    const [lane] = this.lanes;
    const isJson = this.dice.chance(0.5);
    const parameters = isJson ? { format: 'json' } : {};
    const hasHeader = this.dice.chance(0.5);
    if (!hasHeader) parameters.last_event_id = lane.cursor;
    const lastEventId = hasHeader ? lane.cursor : undefined;
    const stream = await openSse(bridge, { channel: this.asked, parameters, lastEventId, deadline: OPEN_MS });
    if (stream.status !== 200) {
      this.world.blame(`${this.name}: /events was answered ${stream.status}`);
      throw new Error('not a stream');
    }
    const take = (block) => this.#takeBlock(lane, block, isJson);
    stream.blocks.forEach(take);
    stream.parser.onBlock = (block) => !connection.isCut && take(block);
    const wrongEnd = () => stream.ended === 'clean' && stream.parser.unfinished && 'in the middle of an event';
    const connection = { what: 'SSE', wrongEnd, ...handles(stream, () => stream.ended) };
    return connection;
  }

  #takeBlock(lane, { event, data, id }, isJson) {
    if (event === 'cursor') return lane.move(id);
    if (event === 'gap') return lane.tell(JSON.parse(data), id);
    if (data === undefined) return undefined;
    if (isJson) return lane.takeObject(JSON.parse(data), id);
    return lane.take(id, this.isExact ? this.asked[0] : event, data);
  }

  async #openWs({ bridge }) {
    const [lane] = this.lanes;
    const parameters = { last_event_id: lane.cursor };
    const client = await openWs(bridge, { channel: this.asked, parameters, deadline: OPEN_MS });
    return socketConnection('WebSocket', client, (frame) => {
      if (frame.type === 'hello') lane.move(frame.cursor);
      if (frame.type === 'cursor' || frame.type === 'subscribed') lane.move(frame.id);
      if (frame.type === 'gap') lane.tell(frame, frame.id);
      if (frame.type === 'message') lane.takeObject(frame, frame.id);
      if (frame.type === 'error') this.world.blame(`${this.name} received ${JSON.stringify(frame)}`);
    });
  }
}

// Each channel has a cursor of its own until its `subscribed` frame; from then on every id covers it too.
class Subscriber extends Wanderer {
  constructor(name, asked, world) {
    super(name, asked, world);
    this.lanes = asked.map((channel) => this.lane([channel]));
  }

  async open({ bridge }) {
    const client = await openWs(bridge, { deadline: OPEN_MS });
    const laneOf = new Map(this.lanes.map((lane) => [lane.names[0], lane]));
    const subscribed = new Set();
    const move = (lane, id) => (subscribed.has(lane) ? [...subscribed] : [lane]).forEach((one) => one.move(id));
    const connection = socketConnection('WebSocket, frames', client, (frame) => {
      const lane = laneOf.get(frame.channel);
      if (frame.type === 'cursor') subscribed.forEach((one) => one.move(frame.id));
      // Subscribed while Redis was away: what was published since comes before `subscribed`, as after a resume.
      const isFirst = lane && lane.cursor === undefined;
      if (frame.type === 'gap') {
        if (isFirst) lane.move(frame.id);
        lane.tell(frame, frame.id);
        move(lane, frame.id);
      }
      if (frame.type === 'message') {
        if (isFirst) lane.move(before(frame.id));
        lane.takeObject(frame, frame.id);
        move(lane, frame.id);
      }
      if (frame.type === 'subscribed') {
        lane.move(frame.id);
        subscribed.add(lane);
      }
      if (frame.type === 'error') this.world.blame(`${this.name} received ${JSON.stringify(frame)}`);
    });
    for (const { names: [channel], cursor } of this.lanes) client.send({ type: 'subscribe', channel, after: cursor });
    return connection;
  }
}

// What a Wanderer does with a connection.
function handles(client, isGone) {
  return {
    isCut: false,
    isGone,
    pause: () => client.pause(),
    resume: () => client.resume(),
    cut() {
      this.isCut = true; // the page does not see what arrives later
      client.cut();
    },
  };
}

function socketConnection(what, client, take) {
  const isGone = () => client.closed && `${client.closed.code} ${client.closed.reason}`;
  const wrongEnd = () => !ENDS.includes(client.closed.code) && `with the code ${client.closed.code}`;
  const connection = { what, wrongEnd, ...handles(client, isGone) };
  const takeAll = () => {
    const frames = client.frames.splice(0);
    if (!connection.isCut) frames.forEach(take);
  };
  takeAll();
  client.socket.on('message', takeAll);
  return connection;
}

// --- one that reconnects by itself ----------------------------------------------------------------------------------

class Native extends Browser {
  constructor(name, asked, world) {
    super(name, asked, world);
    this.lanes = [this.lane(asked)];
  }

  start() {
    const [lane] = this.lanes;
    this.events = openEventSource(this.world.balancer, { channel: this.asked, parameters: { format: 'json' } });
    const { source } = this.events;
    source.addEventListener('open', () => this.note('is connected'));
    source.addEventListener('message', ({ data, lastEventId }) => {
      this.events.messages.length = 0;
      lane.takeObject(JSON.parse(data), lastEventId);
    });
    source.addEventListener('cursor', ({ lastEventId }) => lane.move(lastEventId));
    source.addEventListener('gap', ({ data, lastEventId }) => lane.tell(JSON.parse(data), lastEventId));
    source.onerror = ({ code, message }) => {
      this.note(`was disconnected: ${code ?? ''} ${message ?? ''}`);
      this.world.journal.count('connections of browsers');
      if (source.readyState === 2 && !this.isOver) this.world.blame(`${this.name} gave up: ${code} ${message}`);
    };
  }

  close() {
    super.close();
    this.events?.close();
  }
}

// --- all of them ----------------------------------------------------------------------------------------------------

// Every kind of browser, with single channels, several, and patterns.
export function openBrowsers(world) {
  const { channels, patterns, dice } = world;
  const several = () => dice.some(channels);
  return [
    new Resumer('sse-one', [channels[0]], world, ['sse']),
    new Resumer('sse-several', several(), world, ['sse']),
    new Resumer('sse-pattern', [patterns[0]], world, ['sse']),
    new Resumer('ws-one', [channels[1]], world, ['ws']),
    new Resumer('ws-several', several(), world, ['ws']),
    new Resumer('ws-pattern', [patterns[1]], world, ['ws']),
    new Resumer('mixed-one', [channels[2]], world, ['sse', 'ws']),
    new Resumer('mixed-both', [patterns[0], channels.at(-1)], world, ['sse', 'ws']), // may overlap: sent once
    new Resumer('mixed-all', patterns, world, ['sse', 'ws']),
    new Subscriber('frames-one', [channels[3]], world),
    new Subscriber('frames-several', several(), world),
    new Native('native-one', [channels[0]], world),
    new Native('native-pattern', [patterns[1]], world),
  ];
}
