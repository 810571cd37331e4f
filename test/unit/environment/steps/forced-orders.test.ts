import { describe, expect, it } from '@jest/globals';
import { CLAIM } from '../../../../lib/environment/model/labels.ts';
import { sweep } from '../../../../lib/sweep/sweep.ts';
import { makeNamespace, terminate } from '../../../support/fakes/cluster-state.ts';
import { NAMESPACE, type World, createWorld } from '../../../support/fakes/world.ts';

/** What happens to the namespace while it is written to. */
type Strike = (world: World) => void;

const vanish: Strike = ({ cluster }) => void cluster.namespaces.delete(NAMESPACE);
const beginToEnd: Strike = ({ cluster }) => {
  const found = cluster.namespaces.get(NAMESPACE);
  if (found !== undefined) terminate(cluster, found);
};
const replaceByForeign: Strike = (world) => {
  vanish(world);
  world.cluster.putForeign(NAMESPACE, { team: 'payments' });
};
/** What a backup that is played back makes: all that was written on it, under another uid. */
const replaceByCopy: Strike = (world) => {
  const { labels, annotations } = world.cluster.namespaces.get(NAMESPACE)?.live ?? { labels: {}, annotations: {} };
  vanish(world);
  makeNamespace(world.cluster, { name: NAMESPACE, labels, annotations });
};

/** The first life of an environment, step by step, struck right before step `at` is carried out. */
async function live(options: { at?: number; strike?: Strike; pauseMs?: number } = {}) {
  const { at, strike = () => undefined, pauseMs = 0 } = options;
  const world = createWorld();
  const steps: string[] = [];
  const sent = (): string[] => [...world.cluster.writes, ...world.access.credentials.keys()];
  let before: string[] = [];
  world.turn.hook = (step) => {
    steps.push(step);
    if (steps.length - 1 !== at) return;
    before = sent();
    strike(world);
    world.clock.advance(pauseMs);
  };
  const request = world.request('create');
  const attempt = (): Promise<string> =>
    world.handle(request).catch((error: { code: string; retryable?: boolean }) => {
      if (error.retryable !== true) throw error;
      return error.code;
    });
  const first = await attempt();
  const after = sent().filter((write) => !before.includes(write));
  // what is worth a retry comes again, as from the queue
  for (let tries = 1, last = first; last === 'gone' || last === 'conflict' || last === 'terminating'; tries += 1) {
    expect(tries).toBeLessThan(5);
    world.clock.advance(30_000);
    last = await attempt();
  }
  await world.settle();
  return { world, steps, first, after };
}

const { steps } = await live();
const last = steps.findLastIndex((step) => step.startsWith('APPLY'));
/** From the namespace's making to the last object: in each wave, and between two. */
const moments = steps
  .map((step, at) => [step, at] as const)
  .filter(([, at]) => at > steps.indexOf(`POST Namespace/${NAMESPACE}`) && at <= last);

function waveOf(step: string): string {
  if (step.startsWith('GET')) return 'look';
  if (step.includes('Ingress')) return 'exposure';
  return step.includes('Deployment') ? 'workloads' : 'foundation';
}

it('has its looks between the waves of what is tried', () => {
  expect(moments.map(([step]) => waveOf(step)).join(' ')).toBe(
    'foundation foundation foundation look workloads look exposure',
  );
});

describe.each(moments)('a namespace struck right before %s', (step, at) => {
  it.each([
    ['vanishes', 'at once', vanish, 0],
    ['vanishes', 'after a pause', vanish, 6_000],
    ['begins to end', 'at once', beginToEnd, 0],
    ['begins to end', 'after a pause', beginToEnd, 6_000],
  ])('that %s, %s, is followed by a whole new one', async (what, _when, strike, pauseMs) => {
    const { world, first, after } = await live({ at, strike, pauseMs });

    const made = world.cluster.namespaces.get(NAMESPACE);
    expect(world.record()).toMatchObject({ phase: 'ready', uid: made?.live.uid, claim: made?.live.annotations[CLAIM] });
    expect([made?.objects.size, world.record()?.inventory.length, made?.live.terminating]).toEqual([4, 4, false]);
    expect([...world.access.credentials.keys()]).toHaveLength(1);
    if (what === 'begins to end') return;
    expect(first).toBe('gone');
    // where nothing was looked at since, the wave under way was sent, and failed
    if (pauseMs > 0 || step.startsWith('GET')) expect(after).toEqual([]);
  });

  it.each([
    ['becomes somebody else’s', 'at once', replaceByForeign, 0],
    ['becomes somebody else’s', 'after a pause', replaceByForeign, 6_000],
    ['is replaced by a copy under another uid', 'at once', replaceByCopy, 0],
    ['is replaced by a copy under another uid', 'after a pause', replaceByCopy, 6_000],
  ])('that %s, %s, is left alone, and the environment refused', async (_what, _when, strike, pauseMs) => {
    const { world, first, after } = await live({ at, strike, pauseMs });
    // what comes after the last look is found at the next one
    const isUnseen = at === last && pauseMs === 0;
    expect(first).toBe(isUnseen ? 'requeued' : 'refused');
    if (isUnseen) {
      world.clock.advance(3_600_000);
      await sweep(world.ports);
      await world.settle();
    }

    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
    expect([...world.access.credentials.keys()]).toEqual([]);
    const { live: now } = world.cluster.namespaces.get(NAMESPACE) ?? {};
    expect([now?.terminating, now?.resourceVersion]).toEqual([false, now?.uid.replace('uid-', '')]);
    // without a pause the rest of the wave under way may be sent; after one nothing is, and no next wave ever
    const waves = [...new Set(after.map((write) => waveOf(write)))];
    expect(waves).toEqual(pauseMs > 0 || step.startsWith('GET') ? [] : [waveOf(step)]);
  });
});
