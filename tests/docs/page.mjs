// page.mjs - a page of the documentation, taken apart: sections, tables, rules in bold, code, links.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const PAGES = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'bridge/README.md',
  'bridge/web/README.md',
  'deploy/README.md',
  'tests/README.md',
  'tests/bench/README.md',
  'tests/crowd/README.md',
];

export const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');

// A table between these two comments is not written by hand: tests/docs/update puts it there.
export const GENERATED = /<!-- table: (\w+) -->\n([^]*?)<!-- end -->\n/g;

// The name that GitHub gives a heading: lower case, spaces as hyphens, without punctuation.
export const anchorOf = (heading) =>
  heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').trim().replace(/ /g, '-');

const plain = (cell) => cell.replaceAll('`', '').trim();

// The rows of all tables in a text, as lists of cells without the header.
function rowsOf(text) {
  const rows = [];
  for (const [table] of text.matchAll(/(?:^\|.*\n)+/gm)) {
    const lines = table.trimEnd().split('\n').slice(2);
    rows.push(...lines.map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map(plain)));
  }
  return rows;
}

// A row is known by its first cell, and by its second one too if another row of the section has the same first cell.
function keysOf(rows) {
  const count = new Map();
  for (const [first] of rows) count.set(first, (count.get(first) ?? 0) + 1);
  return rows.map(([first, second]) => (count.get(first) > 1 ? `${first} / ${second}` : first));
}

function statementsOf(text) {
  const written = text.replace(GENERATED, '').replace(/^```[^]*?^```/gm, '');
  const rules = [...written.replace(/^\|.*$/gm, '').matchAll(/\*\*([^*]+)\*\*/g)].map(([, rule]) => plain(rule));
  return [...keysOf(rowsOf(written)), ...rules.map((rule) => rule.replace(/\s+/g, ' '))];
}

// { text, lines, sections: [{ heading, text, statements }], code: [{ language, text }], links }
export function page(file) {
  const text = read(file);
  const parts = text.split(/^#{1,6} (.+)\n/gm);
  const sections = [];
  for (let i = 1; i < parts.length; i += 2)
    sections.push({ heading: parts[i], text: parts[i + 1], statements: statementsOf(parts[i + 1]) });
  const code = [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, body]) => ({ language, text: body }));
  const prose = text.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  return { file, text, lines: text.split('\n').length - 1, sections, code, links };
}

// The body of the code block that contains this text.
export function codeWith(file, part) {
  const found = page(file).code.filter(({ text }) => text.includes(part));
  if (found.length !== 1) throw new Error(`${file} has ${found.length} code blocks with ${part}`);
  return found[0].text;
}
