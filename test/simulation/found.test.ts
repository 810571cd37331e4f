import { beforeEach, describe, expect, it } from '@jest/globals';
import { READY, unready } from '../support/fakes/cluster-state.ts';
import { EXISTS, GONE, NAMESPACE, type World, createWorld } from '../support/fakes/world.ts';
import { abandon } from '../../lib/environment/abandon.ts';

/** What simulated histories broke, each as its shortest story. */
let world: World;
/** When the world's clock begins. */
const T = Date.parse('2026-11-23T10:00:00.000Z');

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

describe('a host that dies while it fills a namespace', () => {
  it('leaves its place of MAX_ENVIRONMENTS taken where the branch is found gone next', async () => {
    world = createWorld({ github: true });
    world.settings.maxEnvironments = 1;
    await dieAt('APPLY', () => world.handle(world.request('create')));
    expect(world.record()).not.toHaveProperty('uid');
    world.github.answer = GONE;
    await world.handle(world.request('provision'));
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'branch' } });

    world.github.answer = EXISTS;
    await world.handle(world.request('create', { ref: 'second' }));
    expect(world.record('second')).toMatchObject({ phase: 'waiting', waitingFor: 'capacity' });
    expect(world.cluster.namespaces.size).toBe(1);
  });
});

describe('a delivery that comes late', () => {
  const at = (s: number) => ({ at: new Date(T + s * 1000).toISOString(), since: new Date(T + s * 1000).toISOString() });

  it('is stale against a newer delivery though a person asked in between', async () => {
    await world.handle(world.request('create', { ...at(1), position: T + 1_000 }));
    await world.handle(world.request('provision', { ...at(4) }));
    await world.handle(world.request('push', { ...at(5), position: T + 1_000 }));
    // newer than each delivery, and received before the person asked
    await world.handle(world.request('delete', { ...at(3), position: T + 9_000 }));
    await world.settle();

    expect(world.record()).toMatchObject({ phase: 'ready', event: { reason: 'provision', position: T + 9_000 } });
  });

  it('ends no stop that was asked for after it was received', async () => {
    await world.handle(world.request('create', { ...at(1), position: T + 1_000 }));
    await world.handle(world.request('deprovision', { ...at(5) }));
    await world.handle(world.request('delete', { ...at(6), position: T + 9_000 }));
    await world.handle(world.request('create', { ...at(4), position: T + 12_000 }));
    await world.settle();

    expect(world.record()).toMatchObject({ phase: 'gone', event: { reason: 'deprovision' } });
    expect(world.record()?.stop).toBeDefined();
  });
});

describe('a manual call that is taken up late', () => {
  const at = (s: number) => ({ at: new Date(T + s * 1000).toISOString(), since: new Date(T + s * 1000).toISOString() });

  it('still stops the environment where a deletion was received after it, and an older creation comes last', async () => {
    await world.handle(world.request('create', { ...at(1), position: T + 1_000 }));
    await world.handle(world.request('delete', { ...at(6), position: T + 2_000 }));
    await world.handle(world.request('deprovision', { ...at(5) }));
    await world.handle(world.request('create', { ...at(4), position: T + 3_000 }));
    await world.settle();

    expect(world.record()).toMatchObject({ phase: 'gone', event: { reason: 'deprovision' } });
    expect(world.record()?.stop).toBeDefined();
  });

  it('stops nothing that was asked for after it', async () => {
    await world.handle(world.request('create', { ...at(6), position: T + 1_000 }));
    await world.handle(world.request('deprovision', { ...at(5) }));
    await world.settle();

    expect(world.record()).toMatchObject({ phase: 'ready', event: { reason: 'create' } });
    expect(world.record()?.stop).toBeUndefined();
  });

  it('ends a stop that is older than it, though a deletion was received after both', async () => {
    await world.handle(world.request('create', { ...at(1), position: T + 1_000 }));
    await world.handle(world.request('deprovision', { ...at(2) }));
    await world.handle(world.request('delete', { ...at(6), position: T + 2_000 }));
    await world.handle(world.request('provision', { ...at(5) }));

    expect(world.record()?.stop).toBeUndefined();
  });

  it('gives its image tag where a push was received after it', async () => {
    await world.handle(world.request('push', { ...at(6), position: T + 1_000 }));
    await world.handle(world.request('provision', { ...at(5), imageTag: 'v2' }));
    await world.settle();

    expect(world.record()).toMatchObject({ phase: 'ready', imageTag: 'v2' });
  });

  it('says nothing more when its message comes twice, after something newer was asked for', async () => {
    const stop = world.request('deprovision', { ...at(2) });
    await world.handle(world.request('create', { ...at(1), position: T + 1_000 }));
    await world.handle(stop);
    await world.handle(world.request('create', { ...at(3), position: T + 3_000 }));
    await world.handle(world.request('delete', { ...at(4), position: T + 4_000 }));
    await world.handle(stop);

    expect(world.record()?.stop).toBeUndefined();
  });
});

describe('a poisoned request', () => {
  it('is written into the record where it is the newest by position, though received first', async () => {
    const early = world.request('delete', { position: T + 9_000 });
    world.clock.advance(1_000);
    await world.handle(world.request('create', { position: T + 1_000 }));
    await world.settle();

    expect(await abandon(world.ports, early)).toBe('written');
    expect(world.record()).toMatchObject({ phase: 'failed', event: { reason: 'delete' } });
  });
});

describe('a poisoned request of a repository that was renamed', () => {
  it('is written into the record that the environment has, and makes no second one', async () => {
    await world.handle(world.request('create', { ref: 'a/b' }));
    await world.settle();
    const before = [...world.records.blobs.keys()];
    const renamed = { ref: 'a/b', repository: { id: 42, fullName: 'acme/renamed' } };

    expect(await abandon(world.ports, world.request('delete', renamed))).toBe('written');
    expect([...world.records.blobs.keys()]).toEqual(before);
    await world.handle(world.request('sweep', { ref: 'a/b', environment: before[0] ?? '' }));
    await world.settle();
    expect(world.cluster.namespaces.size).toBe(0);
  });
});

describe('a poisoned delivery that a person has passed', () => {
  it('still makes an older one stale', async () => {
    const T = world.clock.now();
    const at = (s: number) => ({
      at: new Date(T + s * 1000).toISOString(),
      since: new Date(T + s * 1000).toISOString(),
    });
    await world.handle(world.request('create', { ...at(1), position: T + 1_000 }));
    await world.settle();
    const poisoned = world.request('delete', { ...at(3), position: T + 9_000 });
    await world.handle(world.request('provision', { ...at(5) }));
    expect(await abandon(world.ports, poisoned)).toBe('newer');
    await world.handle(world.request('push', { ...at(6), position: T + 4_000 }));

    expect(world.record()).toMatchObject({ phase: 'ready', event: { reason: 'provision', position: T + 9_000 } });
  });
});

describe('a host that is paused while the owner is looked up', () => {
  it('looks again before it writes', async () => {
    await world.handle(world.request('create'));
    await world.settle();
    const { readNamespace } = world.cluster;
    world.cluster.readNamespace = async (name) => {
      const live = await readNamespace(name);
      world.cluster.readNamespace = readNamespace;
      world.cluster.namespaces.delete(NAMESPACE);
      world.cluster.putForeign(NAMESPACE);
      world.clock.advance(20_000);
      return live;
    };
    world.access.credentials.clear();
    world.cluster.writes.length = 0;
    const request = world.request('provision', { imageTag: 'v2' });
    await expect(world.handle(request)).rejects.toMatchObject({ code: 'conflict' });
    await world.handle(request);

    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
    expect(world.cluster.writes).toEqual([]);
    expect(world.access.credentials.size).toBe(0);
  });

  it('gives up for now where each answer is too old when it comes', async () => {
    await world.handle(world.request('create'));
    const { readNamespace } = world.cluster;
    world.cluster.readNamespace = async (name) => {
      world.clock.advance(6_000);
      return readNamespace(name);
    };
    await expect(world.handle(world.request('provision', { imageTag: 'v2' }))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('a refusal while the workloads start', () => {
  it('does not keep the environment from becoming ready', async () => {
    world.cluster.readinessIs = unready('0 of 1 replicas available');
    await world.handle(world.request('create'));
    world.access.credentials.set('keyvault-workload-identity-ex-c4-e6', 'system:serviceaccount:other:x');
    await world.handle(world.request('provision'));
    expect(world.record()).toMatchObject({ phase: 'starting', refused: { guard: 'credential' } });

    world.cluster.readinessIs = READY;
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });
});
