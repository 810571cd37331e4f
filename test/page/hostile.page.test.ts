import { expect, test } from '@jest/globals';
import { eventually, open } from './support/browser.ts';
import { busyWorld, type World } from './support/world.ts';
import { setPageStage } from './support/stage.ts';

/*
 * Branch names, reasons, events and logs are written by whoever pushes. In every field of every answer stands
 * what would run if it became markup, a script or an address; none of it may.
 */

const HOSTILE = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  `javascript:alert(1)//' onmouseover='alert(1)`,
  '</script><svg onload=alert(1)>',
];

const stage = setPageStage();

/** Each view, and which of its parts are there once it has every answer. */
const VIEWS: [string, string, number][] = [
  ['', '.row', 13],
  ['environments/checkout-rework', '.logs, .chain, .history', 4],
  ['environments/search-facets', '.history', 1],
  ['identities', '.slots', 2],
];

test.each(VIEWS)(
  'what would run as markup, script or address stays text in every field of /%s',
  async (path, parts, count) => {
    stage.server.world = poison(busyWorld());
    const tab = await open(stage.browser, `${stage.server.url}/api/ui/${path}`);
    await eventually(() => tab.page.locator(parts).count(), count);
    // the first one may lie in a part that is folded
    await tab.page.getByText('alert(1)').first().waitFor({ state: 'attached' });
    for (const summary of await tab.page.locator('summary:visible').all()) await summary.click({ timeout: 2_000 });
    // what a handler or an image would do, it does a moment later
    await tab.page.waitForTimeout(150);
    expect(tab.faults).toEqual([]);
    await eventually(
      () => tab.page.locator('main img, main script, main [onload], main [onerror], main [onmouseover]').count(),
      0,
    );
    const addresses = () =>
      tab.page.evaluate<string[]>(`[...document.querySelectorAll('main a')].map(({ protocol }) => protocol)`);
    await eventually(async () => (await addresses()).filter((protocol) => !/^https?:$/.test(protocol)), []);
    await tab.close();
  },
);

/** The same world with hostile texts in turn in place of every other, but for what tells the page what to draw. */
function poison(world: World): World {
  let turn = 0;
  const kept = new Set([
    'phase',
    'state',
    'kind',
    'verdict',
    'at',
    'since',
    'listedAt',
    'waitingFor',
    'keepUntil',
    'deleteAt',
  ]);
  const taint = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return kept.has(key) ? value : HOSTILE[turn++ % HOSTILE.length];
    if (Array.isArray(value)) return value.map((one) => taint(one, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, taint(one, name)]));
  };
  return {
    ...world,
    environments: world.environments.map((one) => ({ ...(taint(one) as object), name: one['name'] })),
    records: tainted(world.records),
    live: tainted(world.live),
    diagnoses: tainted(world.diagnoses),
    logs: tainted(world.logs),
    identities: taint(world.identities) as unknown[],
  };

  function tainted<T>(map: Map<string, T>): Map<string, T> {
    return new Map([...map].map(([name, value]) => [name, taint(value) as T]));
  }
}
