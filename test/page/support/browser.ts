import { existsSync } from 'node:fs';
import { expect } from '@jest/globals';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser of this machine: CHROMIUM names one, else where Debian and others put it. */
export function findChromium(): string {
  const named = process.env['CHROMIUM'];
  const found = [named, ...PLACES].find((place) => place !== undefined && place !== '' && existsSync(place));
  if (found === undefined)
    throw new Error('No Chromium here: apt-get install --no-install-recommends chromium, or set CHROMIUM to its path');
  return found;
}

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    // a container has neither the user namespaces nor the /dev/shm that the sandbox and the tabs would want
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb', '--font-render-hinting=none'],
  });
}

export interface Tab {
  page: Page;
  /** Everything that should not happen: errors, violations of the policy, requests to elsewhere, dialogs. */
  faults: string[];
  close(): Promise<void>;
}

/** Slow 3G: 400 kbit/s and 400 ms until a first byte comes. */
const SLOW_3G = { latency: 400, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8, offline: false };

/** Puts a tab on a slow network, or on none. */
export async function throttle(page: Page): Promise<{ setOffline(offline: boolean): Promise<void> }> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW_3G);
  return {
    async setOffline(offline) {
      await session.send('Network.emulateNetworkConditions', { ...SLOW_3G, offline });
    },
  };
}

/** Opens an address in a tab of its own and notes whatever goes wrong there. */
export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const tab = await openBlank(browser, url, options);
  await tab.page.goto(url);
  return tab;
}

/** A tab that has not gone to its address yet. */
export async function openBlank(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const { origin } = new URL(url);
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/content security policy|trusted ?type/i.test(message.text())) faults.push(`policy: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`request to ${request.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/**
 * What a test expects of the page: a value, a pattern that the text holds, or one of jest's `expect.…` matchers.
 * Reads again until it holds, or fails as jest does: the page draws what it has, and gets the rest a moment later.
 */
export async function eventually(read: () => unknown, expected: unknown, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    try {
      if (expected instanceof RegExp) expect(value).toMatch(expected);
      else expect(value).toEqual(expected);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** The text of what has the focus. */
export async function focusedText(page: Page): Promise<string> {
  return String(await page.evaluate('document.activeElement?.textContent ?? ""')).trim();
}
