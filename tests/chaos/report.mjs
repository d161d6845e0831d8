// report.mjs - what a failed run prints: each violation, what is known of the message, and what happened around it.
import fs from 'node:fs';
import path from 'node:path';

const TOLD = 3; // violations that are shown with everything that happened around them
const LISTED = 20; // further violations, one line each
const BEFORE_MS = 2500;
const AFTER_MS = 1000;
const LINES = 160; // around one violation

export function report(world) {
  const { violations } = world.oracle;
  if (violations.length === 0) return '';
  const told = violations.slice(0, TOLD).map((one, i) => describe(world, one, i + 1));
  const rest = violations.slice(TOLD, TOLD + LISTED).map(({ what, at }) => `  ${world.journal.time(at)}  ${what}`);
  if (violations.length > TOLD + LISTED) rest.push(`  … and ${violations.length - TOLD - LISTED} more`);
  return [...told, ...rest].join('\n');
}

function describe(world, { what, at, message, channel, topic }, number) {
  const topics = [channel, topic, message?.source.name].filter(Boolean);
  const moments = [at, message?.saidMs, message?.entry?.readMs].filter(Boolean);
  // Moments that are far apart get a picture each.
  const pictures = moments.sort((a, b) => a - b).filter((one, i) => i === 0 || one - moments[i - 1] > BEFORE_MS);
  return [
    `${number}. ${what}`,
    message ? `   ${life(world, message)}` : '',
    ...pictures.flatMap((moment) => picture(world, moment, topics)),
  ].filter(Boolean).join('\n');
}

// What is known of a message.
function life({ journal }, { saidMs, answeredMs, state, id, heardBy, entry }) {
  const parts = [`published at ${journal.time(saidMs).trim()}`];
  if (answeredMs) parts.push(`${state} at ${journal.time(answeredMs).trim()}${id ? ` as ${id}` : ''}`);
  if (heardBy !== undefined) parts.push(`received by ${heardBy} subscribers (one of them the witness)`);
  parts.push(entry ? `recorded as ${entry.id}, read at ${journal.time(entry.readMs).trim()}` : 'not recorded');
  return parts.join(', ');
}

// The journal and the instances' logs around a moment, in the order of time.
function picture(world, moment, topics) {
  const [from, to] = [moment - BEFORE_MS, moment + AFTER_MS];
  const logged = world.fleet.instances.flatMap(({ name, bridge }) => logLines(world, name, bridge.log, from, to));
  const lines = [...world.journal.lines(from, to, topics), ...logged].sort((a, b) => a.at - b.at);
  const middle = lines.findIndex(({ at }) => at >= moment);
  const first = Math.max(0, Math.min(lines.length, middle < 0 ? lines.length : middle) - LINES / 2);
  const shown = lines.slice(first, first + LINES).map(({ text }) => `   ${text}`);
  return [`   --- around ${world.journal.time(moment).trim()}, ${shown.length} of ${lines.length} lines`, ...shown];
}

function logLines(world, name, log, from, to) {
  const found = [];
  for (const line of log.split('\n')) {
    const at = Date.parse(line.slice(0, 24));
    const text = () => `${world.journal.time(at)}  log of ${name}  ${line.slice(25)}`;
    if (at >= from && at <= to) found.push({ at, text: text() });
  }
  return found;
}

// Writes the whole journal and all logs, in the order of time, to one file in this folder.
export function keep(world, folder, name) {
  const logged = world.fleet.instances.flatMap((one) => logLines(world, one.name, one.bridge.log, 0, Infinity));
  const events = world.journal.lines(0, Infinity);
  const lines = [...events, ...logged].sort((a, b) => a.at - b.at).map(({ text }) => text);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), lines.join('\n'));
}

// Figures of a run.
export function figures({ journal, ledger, browsers, archive, episodes, oracle }) {
  const said = [...ledger.sources.values()].map(({ name, messages }) => `${name} ${messages.length}`);
  const given = browsers.flatMap(({ lanes }) => lanes).reduce((sum, { count }) => sum + count, 0);
  const lost = oracle.lostPlain;
  const heard = lost.filter(({ heardBy }) => heardBy > 1);
  const lengths = episodes.list.filter(({ to }) => to).map(({ beganMs, to }) => to - beganMs).sort((a, b) => a - b);
  const counts = [...journal.counts].sort().map(([what, count]) => `${what}: ${count}`);
  return [
    `${((Date.now() - journal.startMs) / 1000).toFixed(0)} s, ${journal.counts.get('faults') ?? 0} faults, ` +
      `${ledger.messages.length} messages, ${archive.count} entries, ` +
      `${given} deliveries to ${browsers.length} browsers`,
    `published: ${said.join(', ')}`,
    `${lengths.length} episodes, the median ${lengths[lengths.length >> 1]} ms, the longest ${lengths.at(-1)} ms`,
    `${lost.length} plain messages lost at times when that may happen, ${heard.length} of them received by a recorder`,
    ...counts,
  ];
}
