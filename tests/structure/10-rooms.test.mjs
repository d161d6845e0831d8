// The sources have the structure that bridge/README.md describes: includes between rooms (folders) go one way, no units
// include each other in a circle, each third-party library is used in its rooms only, files and functions are short,
// and the style is uniform.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basename } from 'node:path';
import { circles, functions, readme, sources, statics } from './sources.mjs';

const files = sources();
const product = files.filter(({ path }) => /\.[ch]$/.test(path));

const LINES_MAX = 500;
const FUNCTION_LINES_MAX = 50;

// Which rooms a room may include. All others are uphill.
const MAY_SEE = {
  base: [],
  words: ['base'],
  wire: ['words', 'base'],
  access: ['words', 'base'],
  redis: ['words', 'base'],
  http: ['base'],
  broker: ['redis', 'words', 'base'],
  recorder: ['redis', 'words', 'base'],
  serve: ['broker', 'http', 'wire', 'access', 'words', 'base'],
  app: ['serve', 'http', 'access', 'wire', 'recorder', 'broker', 'redis', 'words', 'base'],
  main: ['app', 'base'],
};

const LIBRARIES = [
  [/^libwebsockets\.h$/, ['http']],
  [/^hiredis\//, ['redis']],
  [/^openssl\//, ['redis']],
  [/^jansson\.h$/, ['wire', 'serve']],
  [/^event2\//, ['base', 'redis', 'http']],
];

test('includes point one way', () => {
  for (const { path, room, includes } of product)
    for (const other of includes) {
      const to = files.find((file) => file.path === other)?.room;
      assert.ok(to !== undefined, `${path} includes ${other}, which does not exist`);
      assert.ok(to === room || MAY_SEE[room].includes(to), `${path} includes ${other}: from ${room} up to ${to}`);
    }
});

test('no units include each other in a circle', () => assert.deepEqual(circles(product), []));

test('each third-party library is included only in its rooms', () => {
  for (const { path, room, libraries } of product)
    for (const library of libraries)
      for (const [pattern, rooms] of LIBRARIES)
        assert.ok(!pattern.test(library) || rooms.includes(room), `${path} includes <${library}>`);
});

test(`a file has fewer than ${LINES_MAX} lines, a function fewer than ${FUNCTION_LINES_MAX}`, () => {
  for (const file of files) {
    assert.ok(file.lines < LINES_MAX, `${file.path} has ${file.lines} lines`);
    if (!file.path.endsWith('.c')) continue;
    for (const { name, line, lines } of functions(file))
      assert.ok(lines < FUNCTION_LINES_MAX, `${file.path}:${line}: ${name}() has ${lines} lines`);
  }
});

test('static names of a .c file begin with the name of the file', () => {
  for (const file of product.filter(({ path }) => path.endsWith('.c'))) {
    const stem = basename(file.path, '.c');
    for (const name of statics(file))
      assert.ok(name.startsWith(stem) || name.startsWith(stem.replace(/s$/, '')), `${file.path}: ${name}`);
  }
});

test('pointers are not compared with NULL', () => {
  for (const { path, text } of product) assert.doesNotMatch(text, /[=!]= NULL\b/, path);
});

// An operator reads warnings and errors at night. (What the libraries say themselves is passed on.)
test('every warning and every error in the log says why, or what to do', () => {
  let count = 0;
  for (const { path, text } of product)
    for (const [call] of text.matchAll(/\blog_(?:warn|error|line)\((?!enum)[^]*?;\n/g)) {
      if (path.endsWith('log.h') || /^log_line\(LOG_INFO/.test(call)) continue;
      count++;
      assert.match(call, /why=|hint=|do=|"libevent"|"lws"/, `${path}: ${call}`);
    }
  assert.ok(count > 30, `only ${count} calls`);
});

test('every name in bridge/README.md exists in the sources', () => {
  const all = files.map(({ text }) => text).join('\n');
  const text = readme().replace(/^```[^]*?^```/gm, '');
  const words = text.match(/`[^`]+`/g).flatMap((quoted) => quoted.slice(1, -1).match(/[a-z]\w*_\w+/g) ?? []);
  assert.ok(words.length > 40, `only ${words.length} names`);
  for (const word of words) assert.match(all, new RegExp(`\\b${word}\\b`), `bridge/README.md names ${word}`);
});
