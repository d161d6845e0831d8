// 10-pages - every page can be followed: its links lead somewhere, what it names exists, its tables are the program's.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { GENERATED, PAGES, ROOT, anchorOf, page, read } from './page.mjs';
import { tables } from './tables.mjs';
import { story } from '../lib/story.mjs';

const FRONT_DOOR_LINES = 160;
const PROVED = ['bridge/web/README.md', 'deploy/README.md', 'SECURITY.md'];

test('the front page is short', () => assert.ok(page('README.md').lines <= FRONT_DOOR_LINES));

test('every page is checked here', () => {
  const skipped = /^(build|node_modules|\.git)$/;
  const find = (folder) => readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return skipped.test(entry.name) ? [] : find(name);
    return /\.md$/.test(entry.name) ? [name] : [];
  });
  assert.deepEqual(find('').filter((name) => name !== 'tests/bench/results/results.md').sort(), [...PAGES].sort());
});

const images = (file) => [...read(file).matchAll(/<img src="([^"]+)"/g)].map(([, target]) => target);

test('links lead to files and headings that exist', () => {
  for (const file of PAGES)
    for (const target of [...page(file).links, ...images(file)]) {
      if (/^https?:/.test(target)) continue;
      const [name, anchor] = target.split('#');
      const to = name ? path.join(path.dirname(file), name) : file;
      assert.ok(existsSync(path.join(ROOT, to)), `${file} links to ${target}`);
      if (anchor) assert.ok(page(to).sections.some(({ heading }) => anchorOf(heading) === anchor), `${file} links to ${target}`);
    }
});

test('paths in backquotes exist', () => {
  let count = 0;
  for (const file of PAGES)
    for (const [name] of read(file).matchAll(/(?<=`)(?:bridge|include|tests|deploy|\.railway)\/[\w./-]+(?=[ `])/g)) {
      assert.ok(existsSync(path.join(ROOT, name)), `${file} names ${name}`);
      count++;
    }
  assert.ok(count > 20, `only ${count} paths`);
});

// A setting that was renamed or removed must not live on in a page.
test('settings that a page names exist', async () => {
  const made = await tables();
  const known = new Set(made.settings.match(/(?<=^\| `)\w+/gm));
  const refused = ['BRIDGE_JWT_KEY', 'BRIDGE_API_KEY'];
  for (const file of PAGES.filter((name) => name !== 'CHANGELOG.md'))
    for (const [name] of read(file).matchAll(/\bBRIDGE_[A-Z_]+\b/g))
      assert.ok(known.has(name) || refused.includes(name), `${file} names ${name}`);
});

story('generated tables are what the program prints and serves', async () => {
  const made = await tables();
  const found = [];
  for (const file of PAGES)
    for (const [, name, body] of read(file).matchAll(GENERATED)) {
      found.push(name);
      assert.equal(body.trim(), made[name], `${file}: run tests/docs/update`);
    }
  assert.deepEqual(found.sort(), Object.keys(made).sort());
});

test('every section with statements has checks of them', () => {
  const here = path.join(ROOT, 'tests/docs');
  const source = readdirSync(here).map((name) => readFileSync(path.join(here, name), 'utf8')).join('\n');
  for (const file of PROVED)
    for (const { heading, statements } of page(file).sections)
      assert.ok(statements.length === 0 || source.includes(`prove('${file}', '${heading}',`), `${file}: ${heading}`);
});
