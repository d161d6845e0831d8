// chromium.mjs - a real browser without a screen: the machine's own Chromium, never a downloaded one.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

// As root in a container there is no sandbox; and a test's browser has no business with the network.
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

// A browser with one empty page: { page, errors, close() }. errors: what the page's own scripts did wrong.
export async function openBrowser() {
  const executablePath = PLACES.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error('no Chromium found: install it, or name it in CHROMIUM');
  const browser = await chromium.launch({ executablePath, args: ARGS, headless: true });
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, errors, close: () => browser.close() };
}

// Waits until the page's own expression is true.
export async function inPage(page, expression, { deadline = 15_000, what = expression } = {}) {
  try {
    await page.waitForFunction(expression, undefined, { timeout: deadline, polling: 50 });
  } catch (error) {
    const heard = await page.evaluate('JSON.stringify(globalThis.heard ?? null)?.slice(-300)').catch(() => '');
    throw new Error(`waited ${deadline} ms in vain for ${what} in the page; it had heard …${heard} (${error.message.split('\n')[0]})`);
  }
}
