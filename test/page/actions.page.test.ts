import { describe, expect, test } from '@jest/globals';
import { eventually, open, type Tab } from './support/browser.ts';
import { busyWorld, emptyWorld, type World } from './support/world.ts';
import { setPageStage } from './support/stage.ts';

const stage = setPageStage();

async function show(world: World, path: string): Promise<Tab['page']> {
  stage.server.world = world;
  stage.tab = await open(stage.browser, `${stage.server.url}/api/ui/${path}`, {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  return stage.tab.page;
}

const dialog = () => stage.tab.page.getByRole('dialog');
const writes = () => stage.server.world.writes.map(({ path, body }) => ({ path, body }));

describe('actions', () => {
  test('a sweep with nothing to do says so, and has nothing to confirm', async () => {
    const world = busyWorld();
    const body = {
      outcome: 'planned',
      planId: 'plan-1',
      deletions: [],
      requests: [],
      limit: 3,
      held: false,
      unlisted: [],
    };
    world.answers.set('POST sweep', { status: 200, body });
    const page = await show(world, 'sweep');
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByText('Nothing to do').waitFor();
    await eventually(() => page.getByRole('button', { name: 'Do exactly this' }).count(), 0);
  });

  test('provision a branch by hand, and lead to its environment', async () => {
    const page = await show(emptyWorld(), '');
    await page.getByRole('button', { name: 'Provision a branch', exact: true }).click();
    await dialog().getByLabel('Branch').fill('my-branch');
    await dialog().getByLabel('Image tag').fill('v2');
    await dialog().getByRole('button', { name: 'Provision', exact: true }).click();
    await page.waitForURL('**/api/ui/environments/my-branch');
    expect(writes()).toEqual([{ path: 'provision', body: { branch: 'my-branch', imageTag: 'v2' } }]);
  });

  test('provision again with the tag that it has, or another', async () => {
    const page = await show(busyWorld(), 'environments/newsletter');
    await page.getByRole('button', { name: 'Provision again' }).click();
    await eventually(() => dialog().getByLabel('Image tag').inputValue(), 'newsletter-5512fe0');
    await dialog().getByLabel('Image tag').fill('newsletter-7');
    await dialog().getByRole('button', { name: 'Provision', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    expect(writes()).toEqual([
      { path: 'provision', body: { branch: 'newsletter', repository: 'acme/shop', imageTag: 'newsletter-7' } },
    ]);
  });

  test('keep until a date, with the reason, and no longer', async () => {
    const page = await show(busyWorld(), 'environments/spring-sale');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await dialog().getByRole('button', { name: 'A week' }).click();
    await dialog().getByLabel('Why').fill('shown to the customer');
    await dialog().getByRole('button', { name: 'Keep', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await dialog().getByRole('button', { name: 'Keep no longer' }).click();
    await dialog().waitFor({ state: 'detached' });
    const [first, second] = writes();
    const days = (Date.parse(String(first?.body['until'])) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
    expect(first).toMatchObject({ path: 'environments/spring-sale/keep', body: { why: 'shown to the customer' } });
    expect(second).toEqual({ path: 'environments/spring-sale/keep', body: { until: null } });
  });

  test('deprovision only once the name is typed, and say before what goes', async () => {
    const page = await show(busyWorld(), 'environments/feature-login-8a31f0');
    await page.getByRole('button', { name: 'Deprovision' }).click();
    await dialog().getByText('Namespace/feature-x').waitFor();
    const go = dialog().getByRole('button', { name: 'Deprovision' });
    await eventually(() => go.isDisabled(), true);
    await dialog().getByLabel('Type').fill('Feature/Login');
    await dialog().getByLabel('Type').press('Enter');
    expect(writes().filter(({ body }) => body['dryRun'] !== true)).toEqual([]);
    await dialog().getByLabel('Type').fill('feature-login-8a31f0');
    await go.click();
    await dialog().waitFor({ state: 'detached' });
    expect(writes().at(-1)).toEqual({
      path: 'deprovision',
      body: { branch: 'Feature/Login', repository: 'acme/shop' },
    });
  });

  test('adopt a namespace whose record was lost, and offer that for no other', async () => {
    const page = await show(busyWorld(), 'environments/demo-legacy');
    await page.getByRole('button', { name: 'Provision again' }).click();
    await dialog().getByLabel('Adopt feature-demo-legacy').check();
    await dialog().getByRole('button', { name: 'Provision', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    expect(writes()).toEqual([
      { path: 'provision', body: { branch: 'demo-legacy', repository: 'acme/shop', adopt: true } },
    ]);
    await page.goto(`${stage.server.url}/api/ui/environments/newsletter`);
    await page.getByRole('button', { name: 'Provision again' }).click();
    await dialog().getByLabel('Image tag').waitFor();
    await eventually(() => dialog().getByRole('checkbox').count(), 0);
  });

  test('show a refusal with its guard where it was asked for', async () => {
    const world = busyWorld();
    world.answers.set('POST provision', {
      status: 409,
      body: { outcome: 'refused', guard: 'filter', reason: 'the branch is kept out by BRANCH_EXCLUDE' },
    });
    const page = await show(world, 'environments/newsletter');
    await page.getByRole('button', { name: 'Provision again' }).click();
    await dialog().getByRole('button', { name: 'Provision', exact: true }).click();
    await dialog().getByText('the branch is kept out by BRANCH_EXCLUDE').waitFor();
    await dialog().getByText('Refused by guard filter').waitFor();
  });

  test('show the plan of a sweep, and let exactly that go', async () => {
    const page = await show(busyWorld(), 'sweep');
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByText('its branch is gone').waitFor();
    await page.getByText('keyvault-workload-identity-lost').waitFor();
    await page.getByText('failed, tried again').waitFor();
    await page.getByText('2 deletions: SWEEP_MAX_DELETIONS allows 1').waitFor();
    await page.getByRole('button', { name: 'Do exactly this' }).click();
    await page.getByText('Confirmed: the requests are queued').waitFor();
    expect(writes()).toEqual([
      { path: 'sweep', body: { dryRun: true } },
      { path: 'sweep', body: { confirm: 'plan-1' } },
    ]);
  });

  test('are copied as curl that a shell reads as one call, whatever the branch is called', async () => {
    const world = busyWorld();
    const record = world.records.get('newsletter');
    Object.assign(record ?? {}, { ref: `it's; $(reboot) "x"` });
    const page = await show(world, 'environments/newsletter');
    await page.getByRole('button', { name: 'Provision again' }).click();
    await dialog().getByRole('button', { name: 'Copy as curl' }).click();
    const copied = () => page.evaluate('navigator.clipboard.readText()');
    await eventually(copied, expect.stringContaining(`curl -X POST '${stage.server.url}/api/provision'`));
    await eventually(copied, expect.stringContaining(`"branch":"it'\\''s; $(reboot) \\"x\\""`));
    await eventually(copied, expect.stringContaining('x-functions-key: $KEY'));
  });
});

describe('function keys', () => {
  test('are asked for, kept for the tab alone, and sent as a header', async () => {
    const world = busyWorld();
    world.keys = Object.fromEntries(
      ['environments', 'environment-diagnosis', 'environment-logs', 'identities'].map((name) => [name, 'a-key']),
    );
    const page = await show(world, 'environments/newsletter');
    await page.getByText('A function key is needed').waitFor();
    await page.getByRole('button', { name: 'Paste a key' }).click();
    await dialog().getByLabel('Key for every function').fill('a-key');
    await dialog().getByRole('button', { name: 'Use' }).click();
    await page.getByRole('heading', { name: 'newsletter' }).waitFor();
    expect(page.url()).not.toContain('a-key');
    await eventually(() => page.evaluate('JSON.stringify(localStorage)'), '{}');
    await page.reload();
    await page.getByRole('heading', { name: 'newsletter' }).waitFor();
    const other = await open(stage.browser, `${stage.server.url}/api/ui/`);
    await other.page.getByText('A function key is needed').waitFor();
    await other.close();
  });

  test('that do not open an action say which key it takes', async () => {
    const world = busyWorld();
    world.keys = { environments: 'see' };
    const page = await show(world, '');
    await page.getByRole('button', { name: 'Paste a key' }).click();
    await dialog().getByLabel('Key for every function').fill('see');
    await dialog().getByRole('button', { name: 'Use' }).click();
    await page.getByRole('link', { name: 'newsletter', exact: true }).click();
    await page.getByRole('button', { name: 'Provision again' }).click();
    await dialog().getByRole('button', { name: 'Provision', exact: true }).click();
    await dialog().getByRole('button', { name: 'Paste the key of provision' }).waitFor();
    expect(writes()).toEqual([]);
  });
});
