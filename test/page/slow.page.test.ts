import { beforeEach, describe, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually, openBlank, throttle } from './support/browser.ts';
import { addEnvironment, emptyWorld, type World } from './support/world.ts';
import { setPageStage } from './support/stage.ts';

const stage = setPageStage();
let page: Page;
let network: Awaited<ReturnType<typeof throttle>>;

beforeEach(async () => {
  stage.server.world = calmWorld();
  stage.server.requests.length = 0;
  stage.tab = await openBlank(stage.browser, stage.server.url);
  page = stage.tab.page;
  network = await throttle(page);
  await page.addInitScript(NOTE_ERRORS);
});

/** Notes every error that the page ever shows, however short. */
const NOTE_ERRORS = `
  window.shown = [];
  new MutationObserver(() => {
    const text = document.body?.innerText ?? '';
    for (const words of ['does not answer', 'key is needed', 'did not arrive']) {
      if (text.includes(words) && !window.shown.includes(words)) window.shown.push(words);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
`;

/** Nothing is under way, so the list is asked for again after 10 s only. */
function calmWorld(): World {
  const world = emptyWorld();
  for (const name of ['login-passkeys', 'invoice-pdf', 'spring-sale']) addEnvironment(world, { name, phase: 'ready' });
  return world;
}

const go = (path = '') => page.goto(`${stage.server.url}/api/ui/${path}`, { waitUntil: 'commit' });
const rows = () => page.locator('.row').count();
const errorsShown = () => page.evaluate('window.shown');
/** What was asked for more than once. */
const doubled = () => stage.server.requests.filter((one, index) => stage.server.requests.indexOf(one) !== index);

describe('on slow 3G', () => {
  test('shows the shell first and that it loads, then the list, and asks for everything once', async () => {
    await go();
    await page.getByText('Loading …').waitFor();
    await eventually(() => page.getByRole('link', { name: 'Identities' }).isVisible(), true);
    await eventually(rows, 3);
    await eventually(doubled, []);
    await eventually(errorsShown, []);
    // the shell is painted before the last module has come
    const painted = `performance.getEntriesByName('first-contentful-paint')[0].startTime`;
    const came = `performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).map((one) => one.responseEnd)`;
    await eventually(() => page.evaluate(`${painted} < Math.max(...${came})`), true);
    console.log(`slow 3G, first visit: ${await figures(page)}`);
  });

  test('asks on a second visit for no file but the index', async () => {
    await go();
    await eventually(rows, 3);
    stage.server.requests.length = 0;
    await go();
    await eventually(rows, 3);
    await eventually(() => stage.server.requests.filter((one) => one.startsWith('GET /api/ui/')), ['GET /api/ui/']);
    console.log(`slow 3G, second visit: ${await figures(page)}`);
  });

  test('follows a link that is clicked before the page is there', async () => {
    await go();
    await page.getByRole('link', { name: 'Identities' }).click();
    await page.getByRole('heading', { name: 'Identities' }).waitFor();
    await eventually(() => new URL(page.url()).pathname, '/api/ui/identities');
  });

  test('does once what is clicked twice', async () => {
    await go('environments/login-passkeys');
    await page.getByRole('button', { name: 'Provision again' }).click();
    await page.getByRole('button', { name: 'Provision', exact: true }).dblclick();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await eventually(() => stage.server.world.writes.length, 1);
  });

  test('asks once more after a change, and for the same no second time meanwhile', async () => {
    await go('environments/login-passkeys');
    await page.getByRole('heading', { name: 'login-passkeys' }).waitFor();
    stage.server.requests.length = 0;
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Keep', exact: true }).last().click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const record = 'GET /api/environments/login-passkeys';
    await eventually(
      () => stage.server.requests.slice(stage.server.requests.findIndex((one) => one.startsWith('POST'))),
      ['POST /api/environments/login-passkeys/keep', record],
    );
  });

  test('shows no error while an answer takes seconds, says that it takes long, and shows it', async () => {
    stage.server.world.delayMs = 5_000;
    await go();
    await page.getByText('Still loading').waitFor();
    await eventually(rows, 3);
    await eventually(errorsShown, []);
  });

  test('asks nobody for a key where the app could not say which way in there is', async () => {
    stage.server.world.isDown = true;
    await go();
    await page.getByText('The app does not answer').waitFor();
    stage.server.world.isDown = false;
    await eventually(rows, 3);
    await eventually(errorsShown, ['does not answer']);
  });

  test('keeps what it knows when the network goes, says so, and is back with it at once', async () => {
    await go();
    await eventually(rows, 3);
    await network.setOffline(true);
    await page.getByRole('link', { name: 'Sweep', exact: true }).click();
    await page.getByRole('link', { name: 'Environments', exact: true }).click();
    await page.getByText('The app does not answer').waitFor();
    await eventually(rows, 3);
    await network.setOffline(false);
    await page.getByText('The app does not answer').waitFor({ state: 'detached', timeout: 8_000 });
  });

  test('loads itself again where a part of it did not arrive', async () => {
    let isLost = true;
    await page.route('**/views/sweep.js', (route) => (isLost ? route.abort() : route.continue()));
    await go();
    await page.getByText('A part of this page did not arrive').waitFor();
    isLost = false;
    await eventually(rows, 3);
  });
});

/** When something was to be seen, when everything, and what came over the wire for it. */
async function figures(of: Page): Promise<string> {
  return of.evaluate<string>(`(() => {
    const entries = performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'));
    const bytes = entries.reduce((sum, { transferSize }) => sum + transferSize, 0);
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    const asked = entries.filter(({ transferSize }) => transferSize > 0).length;
    return [
      'first paint after ' + Math.round(paint.startTime) + ' ms',
      'the list after ' + Math.round(performance.now()) + ' ms',
      asked + ' requests',
      (bytes / 1024).toFixed(1) + ' KiB',
    ].join(', ');
  })()`);
}
