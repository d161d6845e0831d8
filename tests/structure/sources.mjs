// The product's sources, as units: a unit is a .c file with its headers, also the one in include/.

import { readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export const readme = () => readFileSync(join(root, 'bridge/README.md'), 'utf8');

function list(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? list(join(folder, entry.name)) : [join(folder, entry.name)]);
}

const roomOf = (path) => path.split('/').length > 2 ? path.split('/')[1] : 'main';

function includesOf(text, path, known) {
  const names = [...text.matchAll(/^#include "([^"]+)"/gm)].map(([, name]) => name);
  return names.map((name) => {
    const candidates = [join(dirname(path), name), join('include', name), join('bridge', name)];
    const found = candidates.find((candidate) => known.has(relative('', candidate)));
    return found ?? name;
  });
}

// {path, room, unit, lines, text, includes: [path], libraries: [header]}
export function sources() {
  const paths = [...list('bridge'), ...list('include')].filter((path) => /\.(c|h|lua)$/.test(path));
  const known = new Set(paths);
  return paths.map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return {
      path,
      text,
      room: roomOf(path),
      unit: `${roomOf(path)}/${basename(path).replace(/\.(c|h|lua)$/, '')}`,
      lines: text.split('\n').length - 1,
      includes: includesOf(text, path, known),
      libraries: [...text.matchAll(/^#include <([^>]+)>/gm)].map(([, name]) => name),
    };
  });
}

// Groups of units that include each other in a circle (Tarjan's strongly connected components of more than one).
export function circles(files) {
  const unitOf = new Map(files.map(({ path, unit }) => [path, unit]));
  const edges = new Map();
  for (const { unit, includes } of files) {
    const to = edges.get(unit) ?? edges.set(unit, new Set()).get(unit);
    for (const path of includes) if (unitOf.has(path) && unitOf.get(path) !== unit) to.add(unitOf.get(path));
  }
  const index = new Map(), low = new Map(), stack = [], found = [];
  const visit = (unit) => {
    index.set(unit, index.size);
    low.set(unit, index.get(unit));
    stack.push(unit);
    for (const next of edges.get(unit) ?? []) {
      if (!index.has(next)) {
        visit(next);
        low.set(unit, Math.min(low.get(unit), low.get(next)));
      } else if (stack.includes(next)) {
        low.set(unit, Math.min(low.get(unit), index.get(next)));
      }
    }
    if (low.get(unit) !== index.get(unit)) return;
    const group = stack.splice(stack.indexOf(unit));
    if (group.length > 1) found.push(group.sort());
  };
  for (const unit of edges.keys()) if (!index.has(unit)) visit(unit);
  return found;
}

// {name, line, lines} of each function that a .c file defines, from its first line to its closing brace.
export function functions({ text }) {
  const lines = text.split('\n');
  const found = [];
  lines.forEach((line, i) => {
    if (line !== '{') return;
    let first = i;
    while (first > 0 && lines[first - 1] !== '' && !/^(\}|#|\/\*| \*)/.test(lines[first - 1])) first--;
    const name = lines.slice(first, i).join(' ').match(/(\w+)\(/)?.[1];
    found.push({ name, line: first + 1, lines: lines.indexOf('}', i) - first + 1 });
  });
  return found;
}

// Names of the static functions and variables at the top level of a .c file.
export function statics({ text }) {
  const names = [];
  for (const [line] of text.matchAll(/^(?:_Noreturn )?static (?!inline|assert).*$/gm)) {
    const isFunction = line.includes('(') && !line.split('(')[0].includes('=');
    const name = isFunction ? line.match(/(\w+)\(/) : line.match(/(\w+)(?:\[[^\]]*\])*(?: = |;|$)/);
    if (name) names.push(name[1]);
  }
  return names;
}
