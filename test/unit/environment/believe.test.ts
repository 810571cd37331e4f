import { describe, expect, it } from '@jest/globals';
import { EXISTS, GONE, NAMESPACE, REPOSITORY, createWorld } from '../../support/fakes/world.ts';
import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';

const DAY = 86_400_000;
const DIGEST = 'd'.repeat(32);
const WARY = { trustDeliveries: false };

describe('without GitHub credentials', () => {
  it.each(['create', 'push', 'provision'] as const)('a %s is refused in words, and makes nothing', async (reason) => {
    const world = createWorld({ settings: WARY });
    await world.handle(world.request(reason));
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'refused', refused: { guard: 'branch' } });
    expect(world.record()?.refused?.reason).toContain('TRUST_DELIVERIES=true');
    expect(await world.cluster.readNamespace(NAMESPACE)).toBeUndefined();
  });

  it('what exists goes on as it is when the credentials go: no delivery removes or changes it', async () => {
    const world = createWorld({ github: true, settings: WARY });
    await world.handle(world.request('create'));
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
    delete world.ports.branches;
    for (const reason of ['push', 'delete'] as const) {
      world.clock.advance(60_000);
      await world.handle(world.request(reason));
      await world.settle();
      expect(world.record()).toMatchObject({ phase: 'ready', refused: { guard: 'branch' } });
    }
    expect(await world.cluster.readNamespace(NAMESPACE)).toBeDefined();
  });

  it('a person can still take away what is there', async () => {
    const world = createWorld({ github: true, settings: WARY });
    await world.handle(world.request('create'));
    await world.settle();
    delete world.ports.branches;
    world.clock.advance(60_000);
    await world.handle(world.request('deprovision'));
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
  });
});

describe('a body that was handled before', () => {
  async function withEnvironment() {
    const world = createWorld();
    const first: Partial<EnvironmentRequest> = { digest: DIGEST, deliveryId: 'first' };
    const create = world.request('create', first);
    await world.handle(create);
    await world.settle();
    return { world, again: (reason: 'create' | 'push') => ({ ...create, reason, id: 'again', deliveryId: 'again' }) };
  }

  it('does not undo a deprovision by hand under another delivery id', async () => {
    const { world, again } = await withEnvironment();
    world.clock.advance(60_000);
    await world.handle(world.request('deprovision'));
    await world.settle();
    world.clock.advance(60_000);
    await world.handle({ ...again('create'), at: new Date(world.clock.now()).toISOString() });
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
    expect(await world.cluster.readNamespace(NAMESPACE)).toBeUndefined();
  });

  it('does not win over a later event of the same position', async () => {
    const { world, again } = await withEnvironment();
    const { position } = again('create');
    world.clock.advance(60_000);
    await world.handle(
      world.request('delete', { digest: 'e'.repeat(32), ...(position !== undefined && { position }) }),
    );
    await world.settle();
    world.clock.advance(60_000);
    await world.handle({ ...again('create'), at: new Date(world.clock.now()).toISOString() });
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
  });

  it('is known for 30 days, and forgotten with the deliveries after them', async () => {
    const { world } = await withEnvironment();
    const push = async (digest: string) => {
      await world.handle(world.request('push', { digest }));
      await world.settle();
      return world.record()?.digests?.map((one) => one.digest);
    };
    world.clock.advance(29 * DAY);
    expect(await push('a'.repeat(32))).toEqual([DIGEST, 'a'.repeat(32)]);
    world.clock.advance(2 * DAY);
    expect(await push('b'.repeat(32))).toEqual(['a'.repeat(32), 'b'.repeat(32)]);
  });
});

describe('a delivery that is older than MAX_DELIVERY_AGE', () => {
  const old = (world: ReturnType<typeof createWorld>, reason: 'create' | 'push' | 'delete') =>
    world.request(reason, { position: world.clock.now() - 4 * DAY, deliveryId: 'old' });

  it('makes nothing and leaves no record where deliveries alone are believed', async () => {
    const world = createWorld();
    for (const reason of ['create', 'push', 'delete'] as const)
      expect(await world.handle(old(world, reason))).toBe('dropped');
    expect(world.record()).toBeUndefined();
    expect(world.log.join('\n')).toContain('MAX_DELIVERY_AGE');
  });

  it('removes nothing that was made by hand', async () => {
    const world = createWorld();
    await world.handle(world.request('provision'));
    await world.settle();
    await world.handle(old(world, 'delete'));
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });

  it.each([
    ['create', EXISTS, 'ready'],
    ['create', GONE, undefined],
    ['create', { why: 'no answer' }, undefined],
    ['delete', EXISTS, undefined],
  ] as const)('counts only where GitHub says the same: %s', async (reason, answer, phase) => {
    const world = createWorld({ github: true });
    world.github.answer = answer;
    await world.handle(old(world, reason));
    await world.settle();
    expect(world.record()?.phase).toBe(phase);
  });

  it('of a branch that GitHub says is gone removes what is there', async () => {
    const world = createWorld({ github: true });
    await world.handle(world.request('create'));
    await world.settle();
    world.github.answer = GONE;
    await world.handle(old(world, 'delete'));
    await world.settle();
    expect(world.record()?.phase).toBe('gone');
  });

  it('is told by its receipt: a message that waited on the queue has not grown older', async () => {
    const world = createWorld();
    const request = world.request('create');
    world.clock.advance(4 * DAY);
    await world.handle(request);
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });
});

it('a reserved slug does not split an environment that had it before', async () => {
  const ref = 'grafana';
  const world = createWorld({ settings: { reservedHosts: [] } });
  await world.handle(world.request('create', { ref, environment: 'grafana' }));
  await world.settle();
  world.ports.settings = { ...world.settings, reservedHosts: ['grafana'] };
  world.clock.advance(60_000);
  await world.handle(world.request('push', { ref, repository: REPOSITORY }));
  await world.settle();
  expect([...world.records.blobs.keys()]).toEqual(['grafana']);
});
