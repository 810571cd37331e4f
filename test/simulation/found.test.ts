import { beforeEach, describe, expect, it } from '@jest/globals';
import { createWorld, NAMESPACE, type World } from '../world/world.ts';

/** What simulated histories broke, each as its shortest story. */
let world: World;

beforeEach(() => {
  world = createWorld();
});

/** The host dies at this step of a model: nothing after it happens, and the lease runs out. */
async function dieAt(step: string, work: () => Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    world.turn.hook = (what) => {
      if (!what.startsWith(step)) return undefined;
      resolve();
      return new Promise<void>(() => undefined);
    };
    void work();
  });
  delete world.turn.hook;
  world.clock.advance(61_000);
}

describe('a host that dies between the PUT of a credential and the record of it', () => {
  it('leaves none behind where somebody else takes the namespace', async () => {
    await dieAt('APPLY Deployment', () => world.handle(world.request('create')));
    expect(world.access.credentials.size).toBe(1);
    world.cluster.namespaces.delete(NAMESPACE);
    world.cluster.putForeign(NAMESPACE);
    await world.handle(world.request('sweep'));

    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
    expect(world.access.credentials.size).toBe(0);
  });

  it('leaves none behind where the environment was being deleted before', async () => {
    await world.handle(world.request('create'));
    await world.settle();
    world.cluster.terminationMs = 100;
    await world.handle(world.request('delete'));
    expect(world.record()?.credentials).toEqual([]);
    world.clock.advance(1_000);
    await dieAt('APPLY Deployment', () => world.handle(world.request('create')));
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();

    expect(world.record()?.phase).toBe('gone');
    expect(world.access.credentials.size).toBe(0);
  });
});
