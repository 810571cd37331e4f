import { beforeEach, describe, expect, it } from '@jest/globals';
import { announceRollout } from '../../../lib/sweep/rollout.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { READY, unready } from '../../support/fakes/cluster-state.ts';
import { NAMESPACE, REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';

const HOUR_MS = 3_600_000;

let world: World;

beforeEach(async () => {
  world = createWorld({ github: true });
  world.github.list = {
    kind: 'list',
    repository: REPOSITORY,
    defaultBranch: 'main',
    names: new Set(['main', 'ex-c4-e6']),
  };
  await world.handle(world.request('create'));
  expect(world.record()?.phase).toBe('ready');
});

/** As after a deployment of the app with other overlays. */
function changeOverlays(): void {
  world.overlays.hash = 'template-2';
  world.overlays.objects = [
    ...world.overlays.objects,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'new' }, data: { a: '1' } },
  ];
}

const hasNew = () => world.cluster.namespaces.get(NAMESPACE)?.objects.has(`ConfigMap/${NAMESPACE}/new`);

async function sweepLater(): Promise<void> {
  world.clock.advance(2 * HOUR_MS);
  await sweep(world.ports);
  await world.settle();
}

describe('changed overlays', () => {
  it('come to every environment by the next sweep', async () => {
    changeOverlays();
    await sweepLater();

    expect(hasNew()).toBe(true);
    expect(world.record()?.template).toBe('template-2');
  });

  it('wait for the next event where ROLLOUT says so, and no sweep writes until then', async () => {
    world.settings.rollout = 'on-event';
    changeOverlays();
    const before = world.cluster.writes.length;
    await sweepLater();

    expect(world.cluster.writes).toHaveLength(before);
    expect(world.record()).toMatchObject({ phase: 'ready', template: 'template-1' });

    await world.handle(world.request('push'));
    await world.settle();
    expect(hasNew()).toBe(true);
  });

  it('are held back too where a sweep asks for another reason, and a person asks for them', async () => {
    world.settings.rollout = 'on-event';
    changeOverlays();
    await world.handle(world.request('sweep'));
    expect(hasNew()).toBe(false);

    await world.handle(world.request('provision'));
    expect(hasNew()).toBe(true);
  });

  it('come to an environment that failed by the sweep that tries it again', async () => {
    world.settings.rollout = 'on-event';
    world.cluster.readinessIs = unready('the image is missing', { health: 'failed' });
    await world.handle(world.request('provision', { imageTag: 'v2' }));
    expect(world.record()?.phase).toBe('failed');
    changeOverlays();
    await sweepLater();

    expect(hasNew()).toBe(true);
    world.cluster.readinessIs = READY;
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });

  it.each([
    ['sweep', 'by the next sweep'],
    ['on-event', 'each at its next push or provision'],
  ] as const)('are told of at start, with what brings them: %s', async (rollout, words) => {
    world.settings.rollout = rollout;
    await announceRollout(world.ports);
    const before = world.log.length;
    expect(world.log.join('\n')).not.toContain('overlays changed since');

    changeOverlays();
    await announceRollout(world.ports);
    expect(world.log.slice(before)).toEqual([
      expect.stringContaining(`overlays changed since: 1 environment will be rolled ${words}`),
    ]);
  });

  it.each([
    ['sweep', 'by the next sweep (ROLLOUT)'],
    ['on-event', 'each at its next push or provision (ROLLOUT)'],
  ] as const)('are told of by the number of ready environments that they come to: %s', async (rollout, words) => {
    world.settings.rollout = rollout;
    await world.handle(world.request('create', { ref: 'ex-2' }));
    world.cluster.readinessIs = unready('the image is missing', { health: 'failed' });
    await world.handle(world.request('create', { ref: 'ex-3' }));
    expect(world.record('ex-3')?.phase).toBe('failed');
    changeOverlays();
    world.log.length = 0;
    await announceRollout(world.ports);

    expect(world.log).toEqual([`overlays changed since: 2 environments will be rolled ${words} {}`]);
  });
});
