import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { deliver, untilReady, watch } from './support/app.ts';
import { type Fault, faults, slowTree } from './support/faults.ts';
import { type App, IDENTITY, setStage, type Stage, VAULT } from './support/stage.ts';
import { writeTree } from './support/tree.ts';

const FAULTS = faults(VAULT);

/** Each fault has a tree, and so an app, of its own; all of them are on the node at once. */
describe('a person is told why a branch is not ready', () => {
  let stage: Stage;
  const apps = new Map<string, App>();
  /** All are watched at once: how long one takes costs the others nothing. */
  const watched = new Map<string, Promise<{ record: EnvironmentRecord; said: string[] }>>();

  beforeAll(async () => {
    stage = await setStage();
    // long enough to take a credential away before anybody has asked for it
    stage.azure.setPropagation(3_000);
    const trees = [...FAULTS, { name: 'slow', objects: slowTree() }];
    for (const { name, objects } of trees) {
      const app = await stage.startApp({ overlays: await writeTree(objects), settings: { READY_DEADLINE: '60s' } });
      apps.set(name, app);
      await deliver(app, 'create', name);
      if (name === 'credential') await takeAway(name);
    }
    for (const fault of FAULTS) watched.set(fault.name, untilTold(fault));
    watched.set('slow', untilReady(appOf('slow'), 'slow', 150_000));
    // a watch that fails before its test awaits it is reported by that test
    await Promise.allSettled(watched.values());
  }, 400_000);

  afterAll(() => stage.stop());

  it.each(FAULTS)('$name', async ({ name, says, isWaiting = false }) => {
    const { record } = await watchedOf(name);

    expect(wordsOf(record)).toMatch(says);
    expect(wordsOf(record)).toMatch(/web|data/);
    if (!isWaiting) expect(record.error?.fix).toEqual(expect.stringMatching(/\S/));
  });

  it('and one that is slow becomes ready', async () => {
    const { said } = await watchedOf('slow');

    expect(said.filter((line) => line.startsWith('failed'))).toEqual([]);
  });

  function untilTold({ name, says, isWaiting = false }: Fault) {
    const isTold = (record: EnvironmentRecord) =>
      says.test(wordsOf(record)) && (isWaiting ? record.phase !== 'ready' : record.phase === 'failed');
    return watch(appOf(name), name, isTold, 150_000);
  }

  function watchedOf(name: string) {
    const watching = watched.get(name);
    if (watching === undefined) throw new Error(`nobody watches ${name}`);
    return watching;
  }

  function appOf(name: string): App {
    const app = apps.get(name);
    if (app === undefined) throw new Error(`no app for ${name}`);
    return app;
  }

  /** As somebody does who tidies an identity up by hand. */
  async function takeAway(branch: string): Promise<void> {
    const subject = `system:serviceaccount:feature-${branch}:web`;
    await watch(appOf(branch), branch, () =>
      stage.azure.credentials(IDENTITY).some((each) => each.subject === subject),
    );
    const held = stage.azure.credentials(IDENTITY).find((each) => each.subject === subject);
    const url = `${stage.azure.url}${IDENTITY}/federatedIdentityCredentials/${held?.name}?api-version=2024-11-30`;
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(200);
  }
});

/** The object and the cause, as a record tells them. */
function wordsOf({ error, waitingOn }: EnvironmentRecord): string {
  return `${error?.object ?? ''} ${error?.message ?? waitingOn ?? ''}`;
}
