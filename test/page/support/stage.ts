import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launch, type Tab } from './browser.ts';
import { type PageServer, startPageServer } from './server.ts';
import { emptyWorld, type World } from './world.ts';

export interface PageStage {
  browser: Browser;
  server: PageServer;
  /** Set by a test that leaves its tab open: it must be without faults, and is closed. */
  tab: Tab;
}

/** A browser and the app's page for the tests of one file, ended after them. */
export function setPageStage(world: () => World = emptyWorld): PageStage {
  const stage: Partial<PageStage> = {};
  beforeAll(async () => {
    stage.browser = await launch();
    stage.server = await startPageServer(world());
  });
  afterAll(async () => {
    await stage.browser?.close();
    await stage.server?.stop();
  });
  afterEach(async () => {
    const { tab } = stage;
    delete stage.tab;
    if (tab === undefined) return;
    expect(tab.faults).toEqual([]);
    await tab.close();
  });
  return stage as PageStage;
}
