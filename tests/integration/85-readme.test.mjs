// 85-readme - the README agrees with the program.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { BINARY } from '../lib/bridge.mjs';
import { story } from '../lib/story.mjs';

const run = promisify(execFile);
const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');

// The program prints the table that it parses settings with, so a new setting that is missing in the README fails here.
story('the README has the table of settings that the program prints', async () => {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
  const { stdout } = await run(BINARY, ['--help-markdown']);
  assert.ok(stdout.startsWith('| variable |'));
  assert.ok(readme.includes(stdout.trim()), 'replace the table in README.md with what `redis-bridge --help-markdown` prints');
});

story('every file that the README names exists', async () => {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
  const named = readme.match(/(?<=`)(?:bridge|include|tests|deploy|\.railway)\/[\w./-]+(?=`)/g);
  assert.ok(named.length > 10);
  for (const name of new Set(named)) await assert.doesNotReject(readFile(path.join(ROOT, name)).catch((error) => {
    if (error.code !== 'EISDIR') throw error;
  }), name);
});
