// prove.mjs - a check for every statement of a section: each row of its tables and each rule in bold.
import assert from 'node:assert/strict';
import { story } from '../lib/story.mjs';
import { page } from './page.mjs';

// file, heading  the section; its name stands in quotes, so that 10-pages finds which sections are proved
// start          async (scene) => what all checks of the section share
// checks         { statement: async (shared, scene) => … }
// options        as of story()
export function prove(file, heading, start, checks, options = {}) {
  story(`${file}, ${heading}: what the page says holds`, async (scene) => {
    const section = page(file).sections.find((one) => one.heading === heading);
    assert.ok(section, `${file} has no section "${heading}"`);
    assert.deepEqual(Object.keys(checks).sort(), [...section.statements].sort(), 'statements, and checks of them');
    const shared = await start(scene);
    for (const [statement, check] of Object.entries(checks)) {
      try {
        await check(shared, scene);
      } catch (error) {
        error.message = `"${statement}": ${error.message}`;
        throw error;
      }
    }
  }, options);
}
