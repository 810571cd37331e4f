import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { launch, open } from './support/browser.ts';
import { startPageServer, type PageServer } from './support/server.ts';
import { busyWorld } from './support/world.ts';

/** SCREENSHOTS=1 renews those that README and docs show; else they are thrown away after a look that they can be made. */
const ROOT = join(import.meta.dirname, '..', '..');
const DIR = process.env['SCREENSHOTS'] === '1' ? join(ROOT, 'docs', 'images') : join(ROOT, '.cache', 'screenshots');
const PHONE = { width: 390, height: 844 };

let browser: Browser;
let server: PageServer;

beforeAll(async () => {
  await mkdir(DIR, { recursive: true });
  browser = await launch();
  server = await startPageServer(busyWorld());
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const LIST = ['checkout-rework', 'upgrade-postgres-17'];
const FAILED = ['1 broken', '1 of 12 not ready', 'Requested', '14 times', 'configuration is not complete'];

test.each<[string, string, string[], BrowserContextOptions]>([
  ['page.png', '', LIST, { deviceScaleFactor: 1.5 }],
  ['page-dark.png', '', LIST, { colorScheme: 'dark' }],
  ['page-phone.png', '', LIST, { viewport: PHONE }],
  ['page-environment.png', 'environments/checkout-rework', FAILED, { viewport: { width: 1280, height: 1000 } }],
  [
    'page-environment-dark.png',
    'environments/checkout-rework',
    FAILED,
    { colorScheme: 'dark', viewport: { width: 1280, height: 1000 } },
  ],
])('%s', async (file, path, words, options) => {
  const tab = await open(browser, `${server.url}/api/ui/${path}`, options);
  for (const word of words) await tab.page.getByText(word).first().waitFor();
  await tab.page.evaluate('document.fonts.ready.then(() => undefined)');
  const image = await tab.page.screenshot({ path: join(DIR, file), animations: 'disabled' });
  expect(image.byteLength).toBeGreaterThan(20_000);
  expect(tab.faults).toEqual([]);
  await tab.close();
});
