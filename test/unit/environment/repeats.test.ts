import { beforeEach, describe, expect, it } from '@jest/globals';
import { type World, createWorld } from '../../support/fakes/world.ts';

let world: World;
beforeEach(() => {
  world = createWorld();
});

/** What the history says, in order. */
const history = (): string[] => (world.record()?.history ?? []).map(({ what }) => what);

describe('a delivery that comes again after others', () => {
  it('changes nothing that is wanted: A, B, A', async () => {
    const position = world.clock.now();
    await world.handle(world.request('create', { deliveryId: 'A', position }));
    world.clock.advance(1_000);
    await world.handle(world.request('push', { deliveryId: 'B', position: position + 1_000, sha: 'b'.repeat(40) }));
    const before = world.record();
    world.clock.advance(1_000);
    // received again, and so later than B by receipt
    const again = world.request('delete', { deliveryId: 'A', position: position + 9_000 });
    await world.handle(again);
    await world.settle();

    expect(world.record()).toMatchObject({ phase: 'ready', event: before?.event, seen: ['A', 'B'] });
    expect(history().filter((what) => what === 'event')).toHaveLength(2);
  });

  it('is known among the last fifty, and the oldest of them is forgotten first', async () => {
    for (let n = 0; n < 52; n += 1) {
      world.clock.advance(1_000);
      await world.handle(world.request('push', { deliveryId: `delivery-${n}` }));
    }
    const { seen = [] } = world.record() ?? {};
    expect(seen).toHaveLength(50);
    expect([seen[0], seen.at(-1)]).toEqual(['delivery-2', 'delivery-51']);
  });
});

describe('a burst of pushes that change nothing', () => {
  const push = async (deliveryId: string): Promise<void> => {
    world.clock.advance(500);
    await world.handle(world.request('push', { deliveryId }));
  };

  it('leaves the look that is to come anyway as it is, and adds none', async () => {
    await world.handle(world.request('create', { deliveryId: 'A' }));
    const [look] = world.requests.waiting;
    for (const id of ['B', 'C', 'D']) await push(id);

    expect(world.requests.waiting).toEqual([look]);
    expect(world.record()).toMatchObject({ seen: ['A', 'B', 'C', 'D'], next: { id: look?.request.id } });
    await world.settle(10_000);
    expect(world.record()?.steps.readiness?.at).toBe(new Date(look?.due ?? 0).toISOString());
  });

  it('puts one in the place of a look that should have come', async () => {
    await world.handle(world.request('create'));
    const [late] = world.requests.waiting.splice(0);
    world.clock.advance(10_000);
    await push('B');

    expect(world.requests.waiting).toHaveLength(1);
    expect(late && (await world.handle(late.request))).toBe('dropped');
  });

  it('does not leave a changed image to the look of the one before', async () => {
    await world.handle(world.request('create'));
    const [old] = world.requests.waiting.splice(0);
    world.clock.advance(500);
    await world.handle(world.request('push', { imageTag: 'v2' }));

    expect(old && (await world.handle(old.request))).toBe('dropped');
  });
});

describe('a second delete', () => {
  it('of what is gone says nothing again, and removes what a stale write left', async () => {
    await world.handle(world.request('create'));
    await world.settle();
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
    const ends = history().filter((what) => what === 'gone').length;
    const writes = world.cluster.writes.length;
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();

    expect(history().filter((what) => what === 'gone')).toHaveLength(ends);
    expect(world.cluster.writes).toHaveLength(writes);
    expect(world.requests.waiting).toEqual([]);
  });
});

describe('what an environment waited for', () => {
  it('is said no more once it is ready', async () => {
    world.settings.maxEnvironments = 0;
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'waiting', waitingFor: 'capacity' });
    expect(world.record()?.waitingOn).toBeDefined();
    delete world.settings.maxEnvironments;
    await world.settle();

    const record = world.record();
    expect(record?.phase).toBe('ready');
    expect(record).not.toHaveProperty('waitingOn');
    expect(record).not.toHaveProperty('waitingFor');
  });

  it.each<[string, () => void, () => void]>([
    [
      'a place',
      () => (world.settings.maxEnvironments = 0),
      () => {
        delete world.settings.maxEnvironments;
      },
    ],
    ['a credential slot', () => (world.access.limit = 0), () => (world.access.limit = 20)],
  ])('is said no more while it is written: %s', async (_, hold, free) => {
    hold();
    await world.handle(world.request('create'));
    expect(world.record()).toMatchObject({ phase: 'waiting', waitingOn: expect.any(String) });
    free();
    let writing: ReturnType<World['record']>;
    world.turn.hook = (step) => {
      if (step.startsWith('POST Namespace')) writing = world.record();
    };
    await world.settle();

    expect(writing).toMatchObject({ phase: 'provisioning' });
    expect(writing).not.toHaveProperty('waitingFor');
    expect(writing).not.toHaveProperty('waitingOn');
  });

  it('nor is what refused it', async () => {
    world.cluster.putForeign('feature-ex-c4-e6');
    await world.handle(world.request('create'));
    expect(world.record()?.refused).toBeDefined();
    world.cluster.namespaces.clear();
    let writing: ReturnType<World['record']>;
    world.turn.hook = (step) => {
      if (step.startsWith('POST Namespace')) writing = world.record();
    };
    await world.handle(world.request('provision'));

    expect(writing).toMatchObject({ phase: 'provisioning' });
    expect(writing).not.toHaveProperty('refused');
  });
});
