import { describe, expect, test } from '@jest/globals';
import { eventually, focusedText, open, type Tab } from './support/browser.ts';
import { addEnvironment, ago, busyWorld, emptyWorld, type World } from './support/world.ts';
import { setPageStage } from './support/stage.ts';

const stage = setPageStage();

async function show(world: World, path = ''): Promise<Tab['page']> {
  stage.server.world = world;
  stage.server.statuses.clear();
  stage.tab = await open(stage.browser, `${stage.server.url}/api/ui/${path}`);
  return stage.tab.page;
}

const rows = () => stage.tab.page.locator('.row');

describe('the list', () => {
  test('shows what is wrong first, with its reason, and the address of what is ready', async () => {
    const page = await show(busyWorld());
    await eventually(() => rows().count(), 13);
    await eventually(() => rows().nth(0).innerText(), /DATABASE_URL is not set/);
    await eventually(() => rows().nth(1).innerText(), /belongs to somebody else/);
    await eventually(() => rows().nth(2).innerText(), /a free credential slot/);
    const ready = rows().filter({ hasText: 'login-passkeys' });
    await eventually(
      () => ready.locator('.what a').getAttribute('href'),
      'https://login-passkeys.preview.example.com/',
    );
    await eventually(() => ready.innerText(), /octocat[\s\S]*18m/);
    await eventually(() => page.title(), '(2) Feature branches');
  });

  test('counts by phase, and each count is a filter that the address holds', async () => {
    const page = await show(busyWorld());
    await page.getByRole('button', { name: 'failed 1' }).click();
    await eventually(() => rows().count(), 1);
    await eventually(() => new URL(page.url()).search, '?phase=failed');
    await page.reload();
    await eventually(() => rows().count(), 1);
    await page.getByRole('button', { name: 'All 13' }).click();
    await eventually(() => rows().count(), 13);
  });

  test('finds by branch, tag, person and reason', async () => {
    const page = await show(busyWorld());
    const search = page.getByRole('searchbox');
    for (const [words, name] of [
      ['database_url', 'checkout-rework'],
      ['mona slot', 'search-facets'],
      ['1c44e9a', 'pricing-v2'],
      ['feature/login', 'Feature/Login'],
    ] as const) {
      await search.fill(words);
      await eventually(() => rows().count(), 1);
      await eventually(() => rows().first().innerText(), expect.stringContaining(name));
    }
    await search.fill('nothing is called so');
    await page.getByRole('button', { name: 'Show all' }).click();
    await eventually(() => rows().count(), 13);
  });

  test('filters by repository and sorts, where there are several', async () => {
    const world = busyWorld();
    addEnvironment(world, { name: 'api-zebra', ref: 'zebra', phase: 'ready', repository: 'acme/api', at: ago(1_000) });
    const page = await show(world);
    await page.getByRole('combobox', { name: 'Repository', exact: true }).selectOption('acme/api');
    await eventually(() => rows().count(), 1);
    await page.getByRole('combobox', { name: 'Repository', exact: true }).selectOption('');
    await page.getByRole('combobox', { name: 'Sort', exact: true }).selectOption('newest');
    await eventually(() => rows().first().innerText(), /zebra/);
    await page.getByRole('combobox', { name: 'Sort', exact: true }).selectOption('branch');
    await eventually(() => rows().last().innerText(), /zebra/);
  });

  test('marks who runs manifests of its own, and shows those alone where asked to', async () => {
    const world = busyWorld();
    const page = await show(world);
    const row = rows().filter({ hasText: 'api-rate-limits' });
    await eventually(() => row.locator('.branch').innerText(), /own manifests/);
    await eventually(() => page.locator('.row', { hasText: 'own manifests' }).count(), 1);
    await page.getByRole('button', { name: 'own manifests 1' }).click();
    await eventually(() => rows().count(), 1);
    await eventually(() => new URL(page.url()).search, '?from=branch');
    await page.reload();
    await eventually(() => rows().count(), 1);
    await page.getByRole('button', { name: 'All 13' }).click();
    await eventually(() => rows().count(), 13);
  });

  test('offers no filter by manifests where all run the app’s', async () => {
    const world = emptyWorld();
    addEnvironment(world, { name: 'plain', phase: 'ready', from: 'app' });
    await show(world);
    await eventually(() => rows().allInnerTexts(), [expect.not.stringContaining('own manifests')]);
    await eventually(() => stage.tab.page.getByRole('button', { name: 'own manifests' }).count(), 0);
  });

  test('shows gone ones only where asked for', async () => {
    const world = busyWorld();
    addEnvironment(world, { name: 'long-gone', phase: 'gone' });
    const page = await show(world);
    await rows().first().waitFor();
    await eventually(() => rows().filter({ hasText: 'long-gone' }).count(), 0);
    await page.getByLabel('Show gone').check();
    await rows().filter({ hasText: 'long-gone' }).waitFor();
  });

  test('says the first step where it is empty', async () => {
    const page = await show(emptyWorld());
    await page.getByText('git push -u origin my-branch').waitFor();
  });

  test('keeps itself up to date by conditional requests, and keeps the focus', async () => {
    const world = busyWorld();
    const page = await show(world);
    await rows().first().waitFor();
    await page.getByRole('link', { name: 'login-passkeys', exact: true }).focus();
    await eventually(() => (stage.server.statuses.get(304) ?? 0) > 0, true);
    const starting = world.environments.find(({ name }) => name === 'pricing-v2');
    Object.assign(starting ?? {}, { phase: 'ready', why: undefined });
    await eventually(() => rows().filter({ hasText: 'pricing-v2' }).innerText(), /ready/);
    await eventually(() => focusedText(page), 'login-passkeys');
  });

  test('is asked less often while nobody sees it', async () => {
    const page = await show(busyWorld());
    await rows().first().waitFor();
    await page.evaluate(`Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })`);
    await page.waitForTimeout(2_500);
    const before = total();
    await page.waitForTimeout(5_000);
    expect(total() - before).toBeLessThanOrEqual(1);
  });

  test('says that the app is down, keeps what it knew, and recovers by itself', async () => {
    const world = busyWorld();
    const page = await show(world);
    await rows().first().waitFor();
    world.isDown = true;
    await page.getByText('The app does not answer').waitFor({ timeout: 15_000 });
    await eventually(() => rows().count(), 13);
    world.isDown = false;
    await page.getByText('The app does not answer').waitFor({ state: 'detached', timeout: 20_000 });
  });

  test('says that storage is out of reach, without a list before', async () => {
    const world = emptyWorld();
    world.answers.set('GET environments', {
      status: 503,
      body: { outcome: 'error', error: { code: 'unavailable', message: 'a peer cannot be reached' }, requestId: 'r' },
    });
    const page = await show(world);
    await page.getByText('It answered 503: a peer cannot be reached.').waitFor();
    await eventually(() => page.getByText('No environment yet').count(), 0);
  });
});

describe('banners', () => {
  test.each([
    ['an app that only observes', { mode: 'observe' }, 'Observing only'],
    ['policies that do not hold', { checks: { policies: 'unbound' } }, 'Admission policies do not bind the app'],
    [
      'a principal with too many rights',
      { checks: { policies: 'overprivileged' } },
      'The app may do more than it should',
    ],
    ['a cluster out of reach', { checks: { cluster: 'unreachable' } }, 'Out of reach: the cluster'],
    ['policies of an older release', { checks: { policies: 'outdated' } }, 'Admission policies are of another version'],
    ['credentials that GitHub does not take', { checks: { github: 'invalid' } }, 'Not set up right: GitHub'],
    ['an audit log that cannot be written', { checks: { audit: 'unreachable' } }, 'Out of reach: the audit log'],
  ])('say of %s what it means', async (_, health, words) => {
    const world = busyWorld();
    world.health = { status: 'degraded', version: '0.1.0', ...health };
    const page = await show(world);
    await page.getByText(words).waitFor();
  });

  test('say what fixes it, in the words of the app', async () => {
    const world = busyWorld();
    world.health = {
      status: 'degraded',
      checks: { policies: 'unbound', cluster: 'unreachable' },
      fixes: { policies: 'apply those of this release', cluster: 'check whether the cluster runs' },
    };
    const page = await show(world);
    await page.getByText('apply those of this release').waitFor();
    await page.getByText('check whether the cluster runs').waitFor();
  });

  test('lead from a held sweep to its plan and the confirmation', async () => {
    const world = busyWorld();
    const sweep = { at: ago(60_000), deletions: 9, limit: 3, planId: 'plan-of-the-sweep' };
    world.health = { status: 'degraded', checks: { sweep: 'stopped' }, sweep };
    const page = await show(world);
    await page.getByText('9 deletions, where 3 are allowed. Nothing was deleted.').waitFor();
    await page.getByRole('link', { name: 'See the plan and confirm it' }).click();
    await page.getByText('2 deletions: SWEEP_MAX_DELETIONS allows 1').waitFor();
    await page.getByRole('button', { name: 'Do exactly this' }).click();
    await page.getByText('Confirmed: the requests are queued').waitFor();
  });
});

function total(): number {
  return [...stage.server.statuses.values()].reduce((sum, count) => sum + count, 0);
}
