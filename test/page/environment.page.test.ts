import { describe, expect, test } from '@jest/globals';
import { eventually, open, type Tab } from './support/browser.ts';
import { busyWorld, emptyWorld, type World } from './support/world.ts';
import { setPageStage } from './support/stage.ts';

const stage = setPageStage();

async function show(world: World, path: string): Promise<Tab['page']> {
  stage.server.world = world;
  stage.tab = await open(stage.browser, `${stage.server.url}/api/ui/${path}`);
  return stage.tab.page;
}

const section = (title: string) =>
  stage.tab.page.locator('.section', { has: stage.tab.page.getByRole('heading', { name: title }) });

describe('one environment', () => {
  test('says why it failed and what fixes it, with logs, objects, events and the broken link', async () => {
    const page = await show(busyWorld(), 'environments/checkout-rework');
    await page.getByText('set DATABASE_URL in the overlay').waitFor();
    await section('Logs').getByText('Error: configuration is not complete').waitFor();
    await section('Objects').getByText('1 of 12 not ready').waitFor();
    await section('Events').getByText('14 times').waitFor();
    await section('Identity chain').getByText('1 broken').waitFor();
    await eventually(() => section('Identity chain').locator('li.broken').innerText(), /CrashLoopBackOff/);
    await eventually(() => section('Life').innerText(), /credential[\s\S]*1\.6 s[\s\S]*readiness[\s\S]*31\.4 s/);
    await eventually(() => section('Requested').innerText(), /1\.35[\s\S]*2\.5[\s\S]*5\.98/);
    await eventually(() => page.title(), 'checkout-rework · Feature branches');
  });

  test('shows the log of each container, the current and the previous one', async () => {
    const page = await show(busyWorld(), 'environments/checkout-rework');
    await page.getByLabel('Container').selectOption({ label: 'todo-be-6f7d9c5b8-x2kqp/api' });
    await section('Logs').getByText('Nothing was written.').waitFor();
  });

  test.each([
    ['demo-legacy', 'Refused by guard owner'],
    ['search-facets', 'Waiting for a free credential slot: 40 of 40 are taken'],
    ['pricing-v2', 'Starting: StatefulSet/postgres: pulling image'],
    ['newsletter', 'in 19h'],
    ['spring-sale', 'in 6d'],
  ])('tells of %s that it is: %s', async (name, words) => {
    const page = await show(busyWorld(), `environments/${name}`);
    await page.getByText(words).first().waitFor();
  });

  test('shows no chain of identities as broken where nothing was applied', async () => {
    const page = await show(busyWorld(), 'environments/demo-legacy');
    await page.getByText('Refused by guard owner').waitFor();
    await section('History').waitFor();
    await eventually(() => section('Identity chain').count(), 0);
    await eventually(() => page.locator('.chain').count(), 0);
  });

  test('names objects without the namespace, which is the same for all', async () => {
    const world = busyWorld();
    const object = 'Deployment/feature-pricing-v2/web';
    const summary = world.environments.find(({ name }) => name === 'pricing-v2');
    Object.assign(summary ?? {}, { why: `${object}: 0 of 1 replicas available` });
    const reasons = [{ object, cause: '0 of 1 replicas available', code: 'replicas' }];
    Object.assign(world.records.get('pricing-v2') ?? {}, { reasons });
    const page = await show(world, '');
    await page.getByText('Deployment/web: 0 of 1 replicas available').waitFor();
    await page.getByRole('link', { name: 'pricing-v2' }).first().click();
    await page.getByText('Starting: 1 object not ready yet').waitFor();
    await eventually(() => page.locator('.reasons li').allInnerTexts(), ['Deployment/web 0 of 1 replicas available']);
  });

  test('lists each reason that its health names, with the fix', async () => {
    const world = busyWorld();
    Object.assign(world.records.get('pricing-v2') ?? {}, {
      reasons: [
        { object: 'Pod/postgres-0', cause: 'ImagePullBackOff: not found', code: 'image', fix: 'push the image' },
        { object: 'Ingress/todo', cause: 'has no address yet', code: 'way-in' },
      ],
    });
    const page = await show(world, 'environments/pricing-v2');
    await eventually(
      () => page.locator('.reasons li').allInnerTexts(),
      [
        expect.stringMatching(/Pod\/postgres-0[\s\S]*ImagePullBackOff: not found[\s\S]*push the image/),
        expect.stringMatching(/Ingress\/todo[\s\S]*has no address yet/),
      ],
    );
  });

  test('shows the objects of each kind once they are asked for', async () => {
    const page = await show(busyWorld(), 'environments/login-passkeys');
    await section('Objects').getByText('all as they should be').waitFor();
    await page.getByText('3 Deployment').click();
    await section('Objects').getByText('StatefulSet/postgres').waitFor();
  });

  test('says that it runs its branch’s own manifests, and how they differ', async () => {
    const world = busyWorld();
    const differs = { added: ['Deployment/preview'], changed: [], removed: ['Service/broadcaster-svc'] };
    Object.assign(world.records.get('login-passkeys') ?? {}, { from: 'branch', differs });
    const page = await show(world, 'environments/login-passkeys');
    const own = section('The branch’s own manifests');
    await own.getByText('1 added, 1 removed').waitFor();
    await eventually(
      () => own.getByRole('listitem').allInnerTexts(),
      [
        expect.stringMatching(/added\s+Deployment\/preview/),
        expect.stringMatching(/removed\s+Service\/broadcaster-svc/),
      ],
    );
    await page.goto(`${stage.server.url}/api/ui/environments/spring-sale`);
    await section('Objects').waitFor();
    await eventually(() => own.count(), 0);
  });

  test('says what a provision would change', async () => {
    const page = await show(busyWorld(), 'environments/login-passkeys');
    await page.getByRole('button', { name: 'Compare now' }).click();
    await page.getByText('spec.replicas was changed by kubectl').waitFor();
    await page.getByText('1 unchanged').waitFor();
    await eventually(
      () => stage.server.world.writes,
      [
        expect.objectContaining({
          path: 'provision',
          body: expect.objectContaining({ branch: 'login-passkeys', dryRun: true }),
        }),
      ],
    );
  });

  test('opens from a link, and the back button leads to the same list', async () => {
    const page = await show(busyWorld(), '?phase=ready');
    await page.getByRole('link', { name: 'invoice-pdf', exact: true }).click();
    await page.getByRole('heading', { name: 'invoice-pdf' }).waitFor();
    await eventually(() => new URL(page.url()).pathname, '/api/ui/environments/invoice-pdf');
    await page.reload();
    await page.getByRole('heading', { name: 'invoice-pdf' }).waitFor();
    await page.goBack();
    await eventually(() => page.locator('.row').count(), 6);
  });

  test('says that there is none of a name, and shows it once it is there', async () => {
    const world = emptyWorld();
    const page = await show(world, 'environments/soon');
    await page.getByText('No environment is called soon').waitFor();
    world.records = busyWorld().records;
    world.records.set('soon', { ...world.records.get('invoice-pdf'), name: 'soon', ref: 'soon' });
    await page.getByRole('heading', { name: 'soon', exact: true }).waitFor({ timeout: 15_000 });
  });
});

describe('identities', () => {
  test('show what is used, reserved, foreign and free, by whom, and who waits', async () => {
    const page = await show(busyWorld(), 'identities');
    await page.getByText('9 slots free').waitFor();
    await page.getByLabel('17 used, 1 reserved, 2 foreign, 0 free').waitFor();
    await page.getByText('1 branch waits for a free slot').waitFor();
    await section('kv-dev-2').getByRole('link', { name: 'invoice-pdf' }).click();
    await page.getByRole('heading', { name: 'invoice-pdf' }).waitFor();
  });

  test('say so where the pool is empty', async () => {
    const page = await show(emptyWorld(), 'identities');
    await page.getByText('WORKLOAD_IDENTITIES is empty').waitFor();
  });
});
