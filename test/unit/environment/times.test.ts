import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProvisionerError, type ErrorCode } from '../../../lib/errors.ts';
import { startLease } from '../../support/fakes/records/leases.ts';
import { NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';

const DAY_MS = 24 * 3_600_000;
const SLUG = 'ex-c4-e6';

let world: World;
beforeEach(() => {
  world = createWorld();
});

/** The next reservation of a credential fails so. */
function failReserve(code: ErrorCode, retryAfterMs?: number): void {
  const { reserve } = world.access;
  world.access.reserve = async () => {
    world.access.reserve = reserve;
    throw new ProvisionerError(code, 'Azure says so', { ...(retryAfterMs !== undefined && { retryAfterMs }) });
  };
}

describe('a failure that names its time', () => {
  it('is tried again exactly then, for a day at most, and the message is done with', async () => {
    failReserve('unavailable', 7_000);
    const begun = world.clock.now();
    expect(await world.handle(world.request('create'))).toBe('requeued');

    const [next] = world.requests.waiting;
    expect(next?.due).toBe(begun + 7_000);
    expect(next?.request).toMatchObject({ attempt: 1, deadline: new Date(begun + DAY_MS).toISOString() });
    expect(world.record()).toMatchObject({
      error: { code: 'unavailable', message: 'Azure says so', retryable: true },
      next: { id: next?.request.id, at: new Date(begun + 7_000).toISOString() },
    });
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
    expect(world.record()?.error).toBeUndefined();
  });

  it('without one is thrown for the host to try again, and the record says what it was', async () => {
    failReserve('unavailable');
    const request = world.request('create');
    await expect(world.handle(request)).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.requests.waiting).toEqual([]);
    expect(world.record()?.error).toMatchObject({ code: 'unavailable' });
    await world.handle(request);
    await world.settle();
    expect(world.record()?.phase).toBe('ready');
  });

  it('is not tried again where nobody but a person can fix it', async () => {
    failReserve('not-permitted', 7_000);
    expect(await world.handle(world.request('create'))).toBe('done');
    expect(world.requests.waiting).toEqual([]);
    expect(world.record()).toMatchObject({ phase: 'failed', error: { code: 'not-permitted', retryable: false } });
  });
});

describe('an environment that somebody else works on', () => {
  async function hold(): Promise<void> {
    await world.handle(world.request('create'));
    await world.settle();
    const blob = world.records.blobs.get(SLUG);
    if (blob === undefined) throw new Error('no record');
    blob.lease = { ...startLease(world.clock, { id: 'theirs', askedAt: 0 }), until: world.clock.now() + 10 * DAY_MS };
  }

  it('is asked again in 2 to 5 seconds by the same request, which the record does not name', async () => {
    await hold();
    const request = world.request('provision');
    expect(await world.handle(request)).toBe('requeued');
    expect(world.requests.waiting).toEqual([{ request, due: world.clock.now() + 3_500 }]);
    expect(world.record()?.next).toBeUndefined();
  });

  it('is given up after a day of that, and not before', async () => {
    await hold();
    const request = world.request('provision');
    world.clock.advance(DAY_MS);
    expect(await world.handle(request)).toBe('requeued');
    world.clock.advance(1);
    await expect(world.handle(request)).rejects.toMatchObject({
      code: 'abandoned',
      message: `environment ${SLUG} was busy for a day`,
      object: `record ${SLUG}`,
    });
  });

  it('is given up a day after its event, whatever the event was sent after', async () => {
    await hold();
    const at = new Date(world.clock.now() - DAY_MS - 1).toISOString();
    const since = new Date(world.clock.now()).toISOString();
    await expect(world.handle(world.request('provision', { attempt: 0, since, at }))).rejects.toMatchObject({
      code: 'abandoned',
    });
    expect(await world.handle(world.request('provision', { attempt: 1, since, at }))).toBe('requeued');
  });

  it('is given up a day after its request was put off, where that was requeued before', async () => {
    await hold();
    const since = new Date(world.clock.now() - 5_000).toISOString();
    const at = new Date(world.clock.now() - 3 * DAY_MS).toISOString();
    const requeued = world.request('provision', { attempt: 3, since, at });
    expect(await world.handle(requeued)).toBe('requeued');
    world.clock.advance(DAY_MS);
    await expect(world.handle(requeued)).rejects.toMatchObject({ code: 'abandoned' });
  });
});

describe('a namespace that does not end', () => {
  it('is asked after ever less often, and given up as failed after a day', async () => {
    await world.handle(world.request('create'));
    await world.settle();
    world.cluster.terminationMs = 30 * DAY_MS;
    world.clock.advance(1_000);
    const began = world.clock.now();
    await world.handle(world.request('delete'));
    const pauses: number[] = [];
    while (world.requests.waiting.length > 0 && pauses.length < 5_000) {
      const [next] = world.requests.waiting.splice(0);
      if (next === undefined) break;
      pauses.push(next.due - world.clock.now());
      world.clock.advance(Math.max(0, next.due - world.clock.now()));
      await world.handle(next.request);
    }

    expect(pauses[0]).toBeLessThanOrEqual(3_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
    expect(pauses.at(-1)).toBeGreaterThan(10_000);
    const tookMs = world.clock.now() - began;
    expect(tookMs).toBeGreaterThanOrEqual(DAY_MS);
    expect(tookMs).toBeLessThan(DAY_MS + 60_000);
    expect(world.record()).toMatchObject({
      phase: 'failed',
      error: { code: 'abandoned', message: expect.stringContaining('the namespace to be gone') as unknown },
    });
    expect(world.cluster.namespaces.has(NAMESPACE)).toBe(true);
  });
});
