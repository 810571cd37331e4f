import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import type { Delivery } from '../../local/github/deliveries.ts';
import { deliver, provision, recordOf, redeliver, untilReady, watch } from './support/app.ts';
import { applyAll, kubectl, list, until } from './support/cluster.ts';
import { trees } from './support/all-situations.ts';
import { type Situation, TEAM_ROLE, situations } from './support/situations.ts';
import { type App, setStage, type Stage } from './support/stage.ts';
import { writeTree } from './support/tree.ts';

const SITUATIONS = situations();
/** All are on the node at once. */
const TREES = trees();

describe('ready on a real node', () => {
  let stage: Stage;
  const apps = new Map<string, App>();
  const deliveries = new Map<string, Delivery>();
  /** All are watched at once: how long one takes costs the others nothing. */
  const stories = new Map<string, Promise<void>>();

  beforeAll(async () => {
    stage = await setStage();
    await applyAll([TEAM_ROLE]);
    for (const [name, { objects, settings }] of Object.entries(TREES)) {
      const app = await stage.startApp({
        overlays: await writeTree(objects),
        settings: { READY_DEADLINE: '40s', INITIAL_IMAGE_TAG: '1.37', ...settings },
      });
      apps.set(name, app);
      deliveries.set(name, await deliver(app, 'create', name));
    }
    for (const situation of SITUATIONS) stories.set(situation.name, live(situation));
    stories.set('dies', dies());
    stories.set('probed', probed());
    stories.set('evicted', evicted());
    stories.set('repaired', isRepaired());
    stories.set('by-hand', isRepairedByHand());
    stories.set('lacking', lacks());
    stories.set('remarked', isRemarked());
    // a story that fails before its test awaits it is reported by that test
    await Promise.allSettled(stories.values());
  }, 480_000);

  afterAll(() => stage.stop());

  it.each(SITUATIONS)('is not said of $name, and why is', ({ name }) => stories.get(name));
  it('is taken back when a program ends every half minute, for good where no redelivery helps, until a build lasts', () =>
    stories.get('dies'));
  it('is taken back when the liveness probe ends a program that its readiness probe likes', () =>
    stories.get('probed'));
  it('is not said while the node ends one pod after the other', () => stories.get('evicted'));
  it('comes again after a mistyped tag: the pod that a StatefulSet waits for is deleted once, as the history says', () =>
    stories.get('repaired'));
  it('names that pod where it is not to be deleted, and following the fix to the letter helps', () =>
    stories.get('by-hand'));
  it('comes once a person asks again, who has made what a failed Job lacked', () => stories.get('lacking'));
  it('is said with remarks, none of which keeps anybody from using it', () => stories.get('remarked'));

  it('leaves nothing when all of them are deleted', async () => {
    await Promise.all([...apps].map(([name, app]) => deliver(app, 'delete', name)));
    await Promise.all([...apps].map(([name, app]) => watch(app, name, ({ phase }) => phase === 'gone', 180_000)));
    const namespaces = (await list('namespaces')).map(({ metadata }) => metadata.name);
    expect(namespaces.filter((name) => name.startsWith('feature-'))).toEqual([]);
  }, 240_000);

  async function live({ name, says, phase, cure }: Situation): Promise<void> {
    const app = appOf(name);
    const neverReady = (record: EnvironmentRecord) => {
      if (record.phase === 'ready') throw new Error(`${name} was called ready`);
      return says.test(wordsOf(record)) && record.phase === phase;
    };
    const { record } = await watch(app, name, neverReady, 150_000);
    const told = record.reasons?.[0];
    expect([told?.object, told?.cause].join(': ')).toEqual(expect.stringMatching(/\S: \S/));
    if (record.phase === 'failed') expect(record.error?.fix).toEqual(expect.stringMatching(/\S/));
    if (cure === undefined) return;
    const namespace = `feature-${name}`;
    if (typeof cure[0] === 'string') await kubectl('-n', namespace, ...(cure as string[]));
    else await applyAll((cure as { metadata: object }[]).map((each) => inNamespace(each, namespace)));
    const { said } = await untilReady(app, name, 150_000);
    if (name === 'warning-over')
      expect(said).toContainEqual(expect.stringMatching(/runs and has not passed its startup/));
  }

  async function dies(): Promise<void> {
    const app = appOf('dies');
    // it may have been ready and have fallen before anybody watches
    const hasFallen = ({ history, phase }: EnvironmentRecord) =>
      phase !== 'ready' && history.some(({ what }) => what === 'unready');
    const { record } = await watch(app, 'dies', hasFallen, 180_000);
    expect(record.history.map(({ what }) => what)).toContain('ready');
    expect(wordsOf(record)).toMatch(/Deployment\/feature-dies\/web: container web .*exit code 1.* \(Pod web-/);
    await redeliver(app, deliveries.get('dies') as Delivery);
    await watch(app, 'dies', (seen) => {
      if (seen.phase === 'ready') throw new Error('called ready between two ends');
      return seen.phase === 'failed';
    });
    expect((await recordOf(app, 'dies'))?.history.filter(({ what }) => what === 'unready')).toHaveLength(1);
    await provision(app, 'dies', 'lasts');
    await watch(app, 'dies', ({ phase, imageTag }) => phase === 'ready' && imageTag === 'lasts', 120_000);
  }

  async function probed(): Promise<void> {
    const app = appOf('probed');
    const { record } = await watch(app, 'probed', (seen) => /liveness probe/.test(wordsOf(seen)), 150_000);
    expect(record.phase).not.toBe('ready');
    expect(wordsOf(record)).toMatch(/container web is ended by its liveness probe, \d+ restarts?: .*404/);
  }

  async function evicted(): Promise<void> {
    const { record } = await watch(
      appOf('evicted'),
      'evicted',
      (seen) => seen.phase === 'starting' && /Evicted/.test(wordsOf(seen)),
      180_000,
    );
    expect(wordsOf(record)).toMatch(/ended by the node: Evicted: .*emptyDir.*exceeds the limit/i);
  }

  async function breakSet(name: string): Promise<void> {
    const app = appOf(name);
    await untilReady(app, name, 120_000);
    await provision(app, name, 'absent');
    await watch(app, name, (seen) => /waiting for image busybox:absent: not found/.test(wordsOf(seen)), 120_000);
    await provision(app, name, '1.37');
  }

  async function isRepaired(): Promise<void> {
    await breakSet('repaired');
    const { record } = await watch(
      appOf('repaired'),
      'repaired',
      ({ phase, imageTag }) => phase === 'ready' && imageTag === '1.37',
      120_000,
    );
    expect(record.history.filter(({ what }) => what === 'repaired')).toEqual([
      expect.objectContaining({ why: expect.stringContaining('deleted Pod db-0') }),
    ]);
  }

  async function isRepairedByHand(): Promise<void> {
    await breakSet('by-hand');
    const app = appOf('by-hand');
    const isStuck = (seen: EnvironmentRecord) => /waits for Pod db-0 of an older build/.test(wordsOf(seen));
    const { record } = await watch(app, 'by-hand', isStuck, 120_000);
    const fix = record.reasons?.[0]?.fix ?? '';
    expect(fix).toBe('delete it: kubectl delete pod db-0 -n feature-by-hand');
    await kubectl(...fix.replace(/^.*kubectl /, '').split(' '));
    await untilReady(app, 'by-hand', 120_000);
  }

  async function lacks(): Promise<void> {
    const app = appOf('lacking');
    await watch(app, 'lacking', ({ phase, error }) => phase === 'failed' && /exit code 5/.test(error?.message ?? ''));
    await kubectl('-n', 'feature-lacking', 'create', 'configmap', 'go', '--from-literal=ok=yes');
    await provision(app, 'lacking', '1.37');
    await untilReady(app, 'lacking', 120_000);
  }

  async function isRemarked(): Promise<void> {
    const app = appOf('remarked');
    await untilReady(app, 'remarked', 120_000);
    await until('a run of the CronJob has failed', async () => {
      const jobs = await list('jobs', '-n', 'feature-remarked');
      return jobs.some(({ status }) => (status?.['failed'] ?? 0) === 1);
    });
    await provision(app, 'remarked', 'v2');
    const { record } = await watch(
      app,
      'remarked',
      ({ phase, warnings }) => phase === 'ready' && warnings.length >= 3,
      180_000,
    );
    expect(record.warnings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/web: its pods were started before ConfigMap\/conf changed/),
        expect.stringMatching(/CronJob\/report: its last run failed: container main ended with exit code 7/),
        expect.stringMatching(/HorizontalPodAutoscaler\/web: it does not scale: .*wbe/),
      ]),
    );
    expect(record.warnings.join()).not.toContain('restore');
  }

  function appOf(name: string): App {
    const app = apps.get(name);
    if (app === undefined) throw new Error(`no app for ${name}`);
    return app;
  }
});

function inNamespace(object: { metadata: object }, namespace: string): object {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** The object and the cause, as a record tells them. */
function wordsOf({ error, waitingOn }: EnvironmentRecord): string {
  return error?.message ?? waitingOn ?? '';
}
