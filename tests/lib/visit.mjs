// visit.mjs - a page of an origin of its own, opened in an unmodified Chromium or Firefox as a person would: no driver, an
// empty profile, the address on the command line. What the page finds out it reports to its own origin.
import { existsSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import path from 'node:path';
import { makeFolder, removeFolder } from './folder.mjs';
import { freePort } from './port.mjs';
import { Program } from './program.mjs';
import { waitFor } from './wait.mjs';

const CHROMIUM = {
  places: [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  args: (profile) => [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking',
    '--disable-component-update', '--disable-default-apps', '--disable-sync', '--no-first-run', '--proxy-server=direct://',
    `--user-data-dir=${profile}`,
  ],
  prepare() {},
};

// Preferences that keep a fresh profile from using the network and from asking questions.
const PREFERENCES = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.type': 0,
  'toolkit.telemetry.enabled': false,
  'services.settings.server': 'http://127.0.0.1:1/',
};

const FIREFOX = {
  places: [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'],
  args: (profile) => ['--headless', '--no-remote', '--profile', profile],
  prepare(profile) {
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
    writeFileSync(path.join(profile, 'user.js'), lines.join('\n'));
  },
};

export const BROWSERS = { Chromium: CHROMIUM, Firefox: FIREFOX };

// In the page: report(what, ...details) reports, in order.
const PRELUDE = `
let reporting = Promise.resolve();
const report = (...what) => { reporting = reporting.then(() => fetch('/report', { method: 'POST', body: JSON.stringify(what) })); };
onerror = (message) => report('error', message);
onunhandledrejection = ({ reason }) => report('error', String(reason));
`;

// browser  a name in BROWSERS
// script   runs in the page
// Gives { reports: [[what, …details]], reported(what, count), close() }.
export async function visit(browser, script) {
  const { places, args, prepare } = BROWSERS[browser];
  const file = places.find((place) => place && existsSync(place));
  if (!file) throw new Error(`${browser} was not found: install it, or name its file in ${browser.toUpperCase()}`);
  const reports = [];
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>${PRELUDE}</script><script>${script}</script>`;
  const server = http.createServer(async (request, response) => {
    if (request.method !== 'POST') return response.setHeader('Content-Type', 'text/html').end(html);
    const chunks = await request.toArray();
    reports.push(JSON.parse(Buffer.concat(chunks)));
    return response.end();
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const profile = makeFolder('profile');
  prepare(profile);
  const program = new Program(browser, file, [...args(profile), `http://127.0.0.1:${port}/`], { env: { ...process.env, HOME: profile } });
  return {
    name: browser,
    reports,
    get log() {
      return `reports: ${JSON.stringify(reports)}\n${program.log}`;
    },
    of: (what) => reports.filter(([name]) => name === what).map(([, ...details]) => details),
    // Waits until there are `count` reports of this kind; gives their details.
    async reported(what, count = 1, { deadline = 40_000 } = {}) {
      const found = () => reports.filter(([name]) => name === what).map(([, ...details]) => details);
      await waitFor(() => found().length >= count, { deadline, what: () => `${browser} to report ${what}; it reported ${JSON.stringify(reports).slice(-600)}` });
      return found();
    },
    async close() {
      await program.kill();
      server.closeAllConnections();
      server.close();
      removeFolder(profile);
    },
  };
}
