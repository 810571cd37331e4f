import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually, open } from './support/browser.ts';
import { addEnvironment, ago, emptyWorld, type World } from './support/world.ts';
import { setPageStage } from './support/stage.ts';

/* A list of 500: everything works as with ten. What it takes is printed as a figure; a busy machine fails no test. */

const MANY = 500;
const PHASES = ['ready', 'ready', 'ready', 'ready', 'starting', 'waiting', 'expiring', 'failed'];

const stage = setPageStage(manyWorld);

test('500 environments are all listed, found and walked through with the keyboard', async () => {
  const tab = await open(stage.browser, `${stage.server.url}/api/ui/sweep`);
  const { page } = tab;
  const scriptMs = await meterScripts(page);
  await page.goto(`${stage.server.url}/api/ui/`);
  const rows = () => page.locator('.row').count();
  await eventually(rows, MANY);
  const first = await scriptMs();
  const painted = await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`);
  await page.getByRole('button', { name: 'failed 62' }).click();
  await eventually(rows, 62);
  await page.getByRole('button', { name: 'All 500' }).click();
  await eventually(rows, MANY);
  const before = await scriptMs();
  await page.getByRole('searchbox').fill('branch-499');
  await eventually(rows, 1);
  const filtered = (await scriptMs()) - before;
  await page.getByRole('searchbox').fill('');
  await eventually(rows, MANY);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('j');
  await eventually(() => page.evaluate('document.activeElement.textContent'), 'a-branch-15');
  const bytes = JSON.stringify({ environments: stage.server.world.environments }).length;
  console.log(
    `500 environments: first paint after ${Math.round(painted)} ms, ${Math.round(first)} ms of script until all are there, ` +
      `${Math.round(filtered)} ms of script for a search, ${Math.round(bytes / 1024)} KiB of list`,
  );
  expect(tab.faults).toEqual([]);
  await tab.close();
});

/** Tells how long scripts ran in this tab from now on, in ms. */
async function meterScripts(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0) * 1_000;
  };
}

function manyWorld(): World {
  const world = emptyWorld();
  for (let index = 0; index < MANY; index += 1) {
    const name = `a-branch-${index}`;
    const phase = PHASES[index % PHASES.length] ?? 'ready';
    addEnvironment(world, {
      name,
      phase,
      at: ago(index * 60_000),
      imageTag: `${name}-9f31c07`,
      actor: { kind: 'github', name: 'octocat' },
      url: `https://${name}.preview.example.com`,
      ...(phase === 'failed' && { why: 'Deployment/todo-be: container api ended with exit code 1, 6 times' }),
    });
  }
  return world;
}
