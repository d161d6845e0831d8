// chromium.mjs - a real, headless browser: the Chromium that is installed on the machine, never a downloaded one.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

// Chromium's sandbox does not work as root in a container. Most of the other flags keep the browser off the network.
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--no-first-run',
  '--metrics-recording-only',
  '--proxy-server=direct://',
];

// A browser with one empty page: { page, errors, close() }. errors: uncaught exceptions of the page's scripts.
export async function openBrowser() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error('no Chromium found: install it, or name it in CHROMIUM');
  const browser = await chromium.launch({ executablePath, args: ARGS, headless: true });
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, errors, close: () => browser.close() };
}

// Waits until this expression is true in the page.
export async function inPage(page, expression, { deadline = 15_000, what = expression } = {}) {
  try {
    await page.waitForFunction(expression, undefined, { timeout: deadline, polling: 50 });
  } catch (error) {
    const heard = await page.evaluate('JSON.stringify(globalThis.heard ?? null)?.slice(-300)').catch(() => '');
    throw new Error(`waited ${deadline} ms in vain for ${what} in the page; it had received …${heard} (${error.message.split('\n')[0]})`);
  }
}
