// update.mjs - put the generated tables into the pages. REDIS_BRIDGE names the binary, by default the asan build's.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { GENERATED, PAGES, ROOT, read } from './page.mjs';
import { tables } from './tables.mjs';

const made = await tables();
for (const file of PAGES) {
  const before = read(file);
  const after = before.replace(GENERATED, (_, name) => `<!-- table: ${name} -->\n${made[name]}\n<!-- end -->\n`);
  if (after !== before) {
    writeFileSync(path.join(ROOT, file), after);
    console.log(`updated ${file}`);
  }
}
