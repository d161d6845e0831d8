// folder.mjs - a temporary folder of one's own, gone when it is removed or when the test process ends.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const folders = new Set();

export function makeFolder(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `redis-bridge-${name}-`));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder) {
  folders.delete(folder);
  fs.rmSync(folder, { recursive: true, force: true });
}

process.on('exit', () => {
  for (const folder of folders) removeFolder(folder);
});
