// folder.mjs - temporary folders, deleted by removeFolder() or when the test process exits.
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
