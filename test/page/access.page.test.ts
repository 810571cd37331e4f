import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually, focusedText, open } from './support/browser.ts';
import { busyWorld, emptyWorld } from './support/world.ts';
import { setPageStage } from './support/stage.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const stage = setPageStage(busyWorld);

/** Each view, where it is, and what it shows once it has everything. */
const VIEWS: [string, string, string[]][] = [
  ['the list', '', ['checkout-rework', 'upgrade-postgres-17']],
  ['a failed environment', 'environments/checkout-rework', ['1 broken', '1 of 12 not ready', 'Requested', '14 times']],
  ['a ready environment', 'environments/login-passkeys', ['whole', 'all as they should be', 'Requested']],
  ['the identities', 'identities', ['9 slots free', '1 branch waits for a free slot']],
  ['the sweep', 'sweep', ['Dry run']],
];

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test.each(VIEWS)('axe finds nothing on %s', async (_, path, words) => {
    // axe is put in from outside, which the page's own policy would refuse
    const tab = await open(stage.browser, `${stage.server.url}/api/ui/${path}`, { colorScheme, bypassCSP: true });
    await settle(tab.page, words);
    await eventually(() => violations(tab.page), []);
    await tab.close();
  });

  test('axe finds nothing in any dialog, nor on an empty list', async () => {
    const tab = await open(stage.browser, `${stage.server.url}/api/ui/environments/newsletter`, {
      colorScheme,
      bypassCSP: true,
    });
    for (const name of ['Provision again', 'Keep', 'Deprovision', 'Keys']) {
      await tab.page.getByRole('button', { name, exact: true }).click();
      await tab.page.getByRole('dialog').waitFor();
      await eventually(() => violations(tab.page), []);
      await tab.page.keyboard.press('Escape');
      await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await tab.close();
    stage.server.world = emptyWorld();
    const empty = await open(stage.browser, `${stage.server.url}/api/ui/`, { colorScheme, bypassCSP: true });
    await empty.page.getByText('No environment yet').waitFor();
    await eventually(() => violations(empty.page), []);
    await empty.close();
    stage.server.world = busyWorld();
  });
});

test('everything can be done with the keyboard alone', async () => {
  stage.server.world = busyWorld();
  const tab = await open(stage.browser, `${stage.server.url}/api/ui/`);
  const { page } = tab;
  const focused = () => focusedText(page);
  await page.locator('.row').first().waitFor();
  await page.keyboard.press('Tab');
  await eventually(focused, 'Skip to content');
  await page.keyboard.press('/');
  await page.keyboard.type('login');
  await eventually(() => page.locator('.row').count(), 2);
  await page.keyboard.press('ArrowDown');
  await eventually(focused, 'login-passkeys');
  await page.keyboard.press('j');
  await eventually(focused, 'Feature/Login');
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'login-passkeys' }).waitFor();
  await tabTo(page, 'Deprovision');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('login-passkeys');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await eventually(
    () => stage.server.world.writes.at(-1),
    expect.objectContaining({ path: 'deprovision', body: expect.objectContaining({ branch: 'login-passkeys' }) }),
  );
  // the focus goes back to where it was, not to the top
  await eventually(focused, 'Deprovision');
  expect(tab.faults).toEqual([]);
  await tab.close();
});

test.each(VIEWS)('at the width of a phone %s needs no sideways scrolling', async (_, path, words) => {
  stage.server.world = busyWorld();
  const long = stage.server.world.environments[0];
  Object.assign(long ?? {}, {
    ref: 'a-very-long-branch-name-without-any-place-to-break-it-'.repeat(3),
    why: 'x'.repeat(300),
  });
  const tab = await open(stage.browser, `${stage.server.url}/api/ui/${path}`, {
    viewport: { width: 360, height: 740 },
  });
  await settle(
    tab.page,
    words.filter((word) => word !== 'checkout-rework'),
  );
  await eventually(() => tab.page.evaluate('document.documentElement.scrollWidth'), 360);
  await tab.close();
});

async function settle(page: Page, words: string[]): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
  for (const word of words) await page.getByText(word).first().waitFor();
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

interface Violation {
  id: string;
  nodes: { html: string }[];
}

async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await focusedText(page)) === name) return;
  }
  throw new Error(`${name} cannot be reached with Tab`);
}
