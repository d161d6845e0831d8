// 00-oracle - the oracle itself: it must see every kind of violation, and none if all is well.
// A world without processes: what was published, what the logs have and what a browser received is made up here.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Archive } from './archive.mjs';
import { Dice } from './dice.mjs';
import { Journal } from './journal.mjs';
import { Lane } from './lane.mjs';
import { Ledger } from './ledger.mjs';
import { Episodes, Oracle } from './oracle.mjs';
import { rank } from './rank.mjs';

const A = 'public:a';
const B = 'public:b';

class SmallWorld {
  constructor({ reasons = ['trimmed', 'ahead', 'reset'], historyLength = 2 } = {}) {
    Object.assign(this, { reasons, historyLength, channels: [A, B] });
    this.journal = new Journal();
    this.ledger = new Ledger();
    this.oracle = new Oracle(this);
    this.episodes = new Episodes(this.journal);
    this.archive = new Archive(this.ledger, this.channels, (what, about) => this.blame(what, about));
    this.plain = this.ledger.source('plain', { way: 'PUBLISH', isPlain: true });
    this.fcall = this.ledger.source('fcall', { way: 'FCALL' });
    this.post = this.ledger.source('post', { way: 'POST', isOrdered: false });
    this.lane = new Lane('browser', ['public:*'], this, 'browser');
    this.browsers = [{ lanes: [this.lane] }];
    this.newest = { [A]: '0-0', [B]: '0-0' };
    this.outages = [];
    this.fleet = { instances: [] };
  }

  blame(what, about) {
    this.oracle.blame(what, about);
  }

  mayLose() {
    return false;
  }

  say(source, channel = A) {
    return this.ledger.say(source, channel);
  }

  // Puts a message into the log.
  record(message, id, { channel = message.channel, previous = this.newest[channel] } = {}) {
    this.archive.add([{ channel, id, payload: message.payload, previous }]);
    this.newest[channel] = id;
    return message;
  }

  // Publishes a message and records it.
  entry(id, { source = this.fcall, channel = A } = {}) {
    const message = this.record(this.say(source, channel), id);
    message.acked();
    return message;
  }

  give({ entry, channel, payload }) {
    this.lane.take(entry.id, channel, payload);
  }

  judge() {
    this.oracle.judgePlain();
    this.oracle.judgeAcked();
    this.oracle.judgeBrowsers();
    this.oracle.judgeLost();
    return this.oracle.violations.map(({ what }) => what);
  }
}

// what   pattern of the one violation; undefined: there is none
// tell   async (world) => …
function sees(name, what, tell, options) {
  test(name, async () => {
    const world = new SmallWorld(options);
    await tell(world);
    const found = world.judge();
    assert.equal(found.length, what ? 1 : 0, found.join('\n'));
    if (what) assert.match(found[0], what);
  });
}

sees('all is well', undefined, (world) => {
  world.lane.move('1-0');
  for (const id of ['2-0', '3-0', '3-1']) world.give(world.entry(id, { channel: id === '3-0' ? B : A }));
  world.lane.move('9-0');
  world.entry('10-0'); // not sent yet
});

// --- the log ---

sees('an entry that nobody published', /nobody said "x 1"/, (world) => {
  world.archive.add([{ channel: A, id: '2-0', payload: 'x 1', previous: '0-0' }]);
});

sees('a message that is recorded twice', /recorded twice/, (world) => world.record(world.entry('2-0'), '3-0'));

sees('a message in the wrong channel', /was not said there/, (world) => {
  world.record(world.say(world.fcall, A), '2-0', { channel: B });
});

sees('messages of one source in the wrong order', /recorded after 2/, (world) => {
  const [first, second] = [world.say(world.fcall), world.say(world.fcall)];
  world.record(second, '2-0');
  world.record(first, '3-0');
});

sees('a position that goes back', /came after one that is newer/, (world) => {
  world.entry('3-0', { channel: A });
  world.entry('2-0', { channel: B });
});

sees('an entry that names the wrong one as the one before it', /says that 1-1 is before it/, (world) => {
  world.entry('2-0');
  world.record(world.say(world.fcall), '3-0', { previous: '1-1' });
});

sees('an answer that names the wrong position', /acked as 9-0/, (world) => {
  world.record(world.say(world.fcall), '2-0').acked({ id: '9-0' });
});

sees('a message that was acked and is not in the log', /acked and is not recorded/, (world) => {
  world.say(world.post).acked();
});

sees('a message that was refused and is in the log', /answered with an error, and recorded/, (world) => {
  const message = world.say(world.fcall);
  message.refused();
  world.record(message, '2-0');
});

sees('unanswered messages may be in the log or not, in any order', undefined, (world) => {
  const [first, second, third] = [1, 2, 3].map(() => world.say(world.post));
  first.unknown();
  third.unknown();
  world.record(second, '2-0').acked({ id: '2-0' });
  world.record(first, '3-0');
});

// --- plain messages ---

function losesPlain(world) {
  const [lost, kept] = [world.say(world.plain), world.say(world.plain)];
  lost.acked({ heardBy: 3 });
  world.record(kept, '2-0').acked({ heardBy: 3 });
}

sees('a plain message that was passed over while all was well', /"plain 1".* is not recorded/, losesPlain);

sees('a plain message that was passed over while one instance was at fault', /"plain 1".* is not recorded/, (world) => {
  world.episodes.touch('A');
  losesPlain(world);
  world.episodes.close();
});

sees('a plain message that was lost while two instances were at fault', undefined, (world) => {
  for (const who of ['A', 'B']) world.episodes.touch(who);
  losesPlain(world);
  world.episodes.close();
});

sees('a plain message that was lost although a third instance had it', /instance C had it all the time/, (world) => {
  world.fleet.instances.push({ name: 'C', wasSynced: () => true });
  for (const who of ['A', 'B']) world.episodes.touch(who);
  losesPlain(world);
  world.episodes.close();
});

// --- browsers ---

sees('an entry that a browser never received', /was never given 3-0/, (world) => {
  world.lane.move('1-0');
  world.give(world.entry('2-0'));
  world.entry('3-0', { channel: B });
  world.give(world.entry('4-0'));
});

sees('an entry that a cursor skipped', /was never given 2-0/, (world) => {
  world.lane.move('1-0');
  world.entry('2-0');
  world.lane.move('3-0');
  world.entry('4-0');
});

sees('an entry that was received twice', /was given 2-0 .* when it had everything up to 2-0/, (world) => {
  world.lane.move('1-0');
  const message = world.entry('2-0');
  world.give(message);
  world.give(message);
});

sees('entries in the wrong order', /was given 2-0 .* when it had everything up to 3-0/, (world) => {
  world.lane.move('1-0');
  const [first, second] = [world.entry('2-0'), world.entry('3-0', { channel: B })];
  world.give(second);
  const given = { id: '2-0', channel: A, payload: first.payload };
  world.lane.stretch.given.set(rank('2-0'), given); // so that it does not count as missing, too
  world.give(first);
});

sees('a cursor that goes back', /went back/, (world) => {
  world.lane.move('2-0');
  world.lane.move('1-0');
});

sees('an entry that was never in the log', /never in the log/, (world) => {
  world.lane.move('1-0');
  world.lane.take('2-0', A, world.say(world.fcall).payload);
  world.entry('3-0', { channel: B, source: world.post });
  world.lane.take('3-0', B, 'post 1');
});

// Six entries, of which two are kept: four are missing, and a gap says so.
function trims(channel, oldest) {
  return (world) => {
    world.lane.move('1-0');
    const messages = ['2-0', '3-0', '4-0', '5-0', '6-0', '7-0'].map((id) => world.entry(id));
    world.lane.tell({ channel, after: '1-0', oldest, reason: 'trimmed' }, '1-0');
    messages.slice(4).forEach((message) => world.give(message));
  };
}

sees('missing entries that a gap covers', undefined, trims(A, '6-0'));
sees('missing entries that the gap of a pattern covers', undefined, trims('public:*', '3-0'));
sees('a gap that covers too little', /was never given 5-0/, trims(A, '5-0'));
sees('a gap for a reason that is impossible here', /was told a gap: trimmed/, trims(A, '6-0'), { reasons: [] });

sees('a gap for an entry that could have been sent', /was never given 3-0/, (world) => {
  world.lane.move('1-0');
  ['2-0', '3-0'].forEach((id) => world.entry(id));
  world.lane.tell({ channel: A, after: '1-0', oldest: '4-0', reason: 'trimmed' }, '1-0');
  world.give(world.entry('4-0'));
});

sees('a gap although nothing is missing', /nothing is missing/, (world) => {
  world.lane.move('2-0');
  world.lane.tell({ channel: A, after: '2-0', oldest: '3-0', reason: 'trimmed' }, '2-0');
  world.give(world.entry('3-0'));
});

// Redis loses 3-0: the archive has it, the log does not have it any more.
async function loses(world, more) {
  world.lane.move('1-0');
  world.give(world.entry('2-0'));
  world.entry('3-0');
  await world.archive.reread({ ask: async () => ['[["2-0", ["d", "fcall 1", "p", "0-0"]]]', '{}'] }, 0);
  world.newest[A] = '2-0';
  more(world);
}

sees('a loss without a gap', /was never given 3-0 .*which Redis lost, nor told that/, (world) => loses(world, () => {
  world.give(world.entry('4-0'));
}));

sees('a loss with a gap, after which everything left is sent again', undefined, (world) => loses(world, () => {
  world.lane.tell({ channel: 'public:*', after: '2-0', oldest: '2-0', reason: 'ahead' }, '0-0');
  world.give(world.ledger.find('fcall 1'));
  world.give(world.entry('4-0'));
}));

sees('a loss with a gap that comes long after the cursor has passed it', undefined, (world) => loses(world, () => {
  world.give(world.entry('4-0'));
  world.lane.tell({ channel: 'public:*', after: '4-0', oldest: '2-0', reason: 'reset' }, '0-0');
  for (const payload of ['fcall 1', 'fcall 3']) world.give(world.ledger.find(payload));
}));

sees('a loss with a gap, after which an entry is not sent again', /was never given 2-0/, (world) => loses(world, () => {
  world.lane.tell({ channel: 'public:*', after: '2-0', oldest: '2-0', reason: 'ahead' }, '0-0');
  world.give(world.entry('4-0'));
}));

// --- dice ---

test('the same seed gives the same numbers, whatever other dice are used', () => {
  const [one, other] = [new Dice(7), new Dice(7)];
  one.of('other').next();
  const throws = (dice) => Array.from({ length: 5 }, () => dice.next());
  assert.deepEqual(throws(one.of('me')), throws(other.of('me')));
  assert.notDeepEqual(throws(one.of('me')), throws(one.of('you')));
  assert.notDeepEqual(throws(new Dice(8).of('me')), throws(one.of('me')));
});
