import { beforeEach, describe, expect, it } from '@jest/globals';
import { conclude } from '../../../../lib/environment/conclude.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRequest, Reason } from '../../../../lib/environment/model/request.ts';
import type { Outcome } from '../../../../lib/environment/steps/reconciliation.ts';
import { type World, createWorld } from '../../../support/fakes/world.ts';
import { begin } from './witness.ts';

const NOW = Date.parse('2026-11-23T10:00:00.000Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();

let world: World;
beforeEach(() => {
  world = createWorld();
});

interface Of {
  request?: Partial<EnvironmentRequest> & { reason?: Reason };
  record?: Partial<EnvironmentRecord>;
  superseded?: { id: string; at: string };
}

/** Ends a run so; resolves to what became of it. */
async function end(outcome: Outcome, { request: asked = {}, record = {}, superseded }: Of = {}) {
  const { reason = 'push', ...more } = asked;
  const request = world.request(reason, { deliveryId: 'd', position: 1, ...more });
  const run = await begin(world, { ...newRecord(request), ...record }, request);
  const handled = await conclude({ ...run, ...(superseded && { superseded }) }, outcome);
  const [sent] = world.requests.waiting;
  return { handled, request, sent, record: world.record() };
}

const later = (more: Partial<Extract<Outcome, { kind: 'later' }>> = {}): Outcome => ({
  kind: 'later',
  delayMs: 7_000,
  ...more,
});

describe('a run that is done', () => {
  it.each([
    ['ready', 'done'],
    ['refused', 'refused'],
  ] as const)('writes its record and sends nothing: %s', async (phase, as) => {
    const { handled, sent, record } = await end(
      { kind: 'done' },
      { record: { phase, next: { id: 'old', at: at(0) } } },
    );
    expect([handled, sent, record?.phase]).toEqual([as, undefined, phase]);
    expect(record).not.toHaveProperty('next');
  });

  it('leaves the request that was to come in its place only where that was the plan', async () => {
    const superseded = { id: 'to come', at: at(5_000) };
    expect((await end({ kind: 'as-planned' }, { superseded })).record?.next).toEqual(superseded);
    world = createWorld();
    expect((await end({ kind: 'done' }, { superseded })).record).not.toHaveProperty('next');
    world = createWorld();
    expect((await end({ kind: 'as-planned' })).record).not.toHaveProperty('next');
  });

  it('says that the end of a life span is near, and that GitHub is to be told', async () => {
    world.settings.ttlMs = 1_000;
    world.ports.reports = {
      tell: () => Promise.reject(new Error('not here')),
      remove: () => Promise.resolve({ kind: 'busy' }),
    };
    const { record } = await end({ kind: 'done' }, { record: { phase: 'ready', activityAt: at(-900) } });
    expect(record).toMatchObject({ phase: 'expiring', deleteAt: at(100), github: { isPending: true } });
  });
});

describe('a run that goes on later', () => {
  it('sends the first of a chain, and names it in its record after that', async () => {
    const order: string[] = [];
    world.turn.hook = (what) => void order.push(what);
    const { handled, request, sent, record } = await end(later(), { request: { asked: 2, deadline: at(99) } });
    const { asked, deadline, ...kept } = request;

    expect(handled).toBe('requeued');
    expect([asked, deadline]).toEqual([2, at(99)]);
    expect(sent).toStrictEqual({
      due: NOW + 7_000,
      request: { ...kept, id: sent?.request.id, since: at(0), attempt: 1 },
    });
    expect(sent?.request.id).not.toBe(request.id);
    expect(record?.next).toEqual({ id: sent?.request.id, at: at(7_000) });
    expect(order.slice(-2)).toEqual(['send ex-c4-e6', 'write ex-c4-e6']);
  });

  it('counts on from the request that it goes on with, and keeps its beginning and its end', async () => {
    const chain = { attempt: 1, since: at(-60_000), deadline: at(60_000) };
    const { sent } = await end(later({ deadlineMs: 5_000, asked: 2 }), { request: chain });
    expect(sent?.request).toMatchObject({ attempt: 2, since: at(-60_000), deadline: at(60_000), asked: 2 });
  });

  it.each<[string, Of, Partial<Extract<Outcome, { kind: 'later' }>>, object, string | undefined]>([
    [
      'of the first request',
      { request: { attempt: 0, since: at(-9) } },
      { deadlineMs: 5_000 },
      { attempt: 1, since: at(0), reason: 'push' },
      at(5_000),
    ],
    [
      'for another reason',
      { request: { attempt: 3, since: at(-9), deadline: at(1) } },
      { deadlineMs: 5_000, reason: 'check' },
      { attempt: 1, since: at(0), reason: 'check' },
      at(5_000),
    ],
    [
      'for the same reason, said again',
      { request: { reason: 'check', attempt: 3, since: at(-9) } },
      { reason: 'check', deadlineMs: 5_000 },
      { attempt: 4, since: at(-9), reason: 'check' },
      at(5_000),
    ],
    [
      'without an end',
      { request: { attempt: 3, since: at(-9), deadline: at(1) } },
      {},
      { attempt: 4, since: at(-9), reason: 'push' },
      undefined,
    ],
    [
      'without an end, though the chain had one that is over',
      { request: { attempt: 3, deadline: at(-1) } },
      {},
      { attempt: 4 },
      undefined,
    ],
  ])('begins a chain, or goes on with one: %s', async (_what, of, more, next, deadline) => {
    const { handled, sent } = await end(later(more), of);
    expect(handled).toBe('requeued');
    expect(sent?.request).toMatchObject(next);
    expect(sent?.request.deadline).toBe(deadline);
  });

  it('gives up at its end, and not a millisecond before', async () => {
    const chain = { attempt: 3, deadline: at(1) };
    expect((await end(later({ deadlineMs: 5_000 }), { request: chain })).handled).toBe('requeued');

    world = createWorld();
    world.clock.advance(1);
    const { handled, sent, record } = await end(later({ deadlineMs: 5_000 }), {
      request: chain,
      record: { waitingOn: 'a slot' },
    });
    expect([handled, sent, record?.phase]).toEqual(['done', undefined, 'failed']);
    expect(record).not.toHaveProperty('next');
    expect(record?.error).toStrictEqual({
      code: 'abandoned',
      message: 'gave up waiting for a slot',
      object: 'Namespace/feature-ex-c4-e6',
      fix: 'fix the cause, then provision or deprovision again, or wait for the sweep',
      retryable: false,
    });
  });

  it('gives up waiting for an answer, where it does not say for what, and has GitHub told of the failure', async () => {
    world.ports.reports = {
      tell: () => Promise.resolve({ kind: 'busy' }),
      remove: () => Promise.resolve({ kind: 'busy' }),
    };
    const request = { attempt: 3, deadline: at(0) };
    const queued = JSON.stringify([
      { kind: 'deployment', state: 'queued', description: 'Waiting to start' },
      'ex-c4-e6',
    ]);
    const { record } = await end(later({ deadlineMs: 5_000 }), { request, record: { github: { told: queued } } });
    expect(record).toMatchObject({ error: { message: 'gave up waiting for an answer' }, github: { isPending: true } });
  });
});

describe('the tries of a failed environment', () => {
  it.each<[string, Reason, Partial<EnvironmentRecord>, number | undefined, number]>([
    ['a sweep counts on', 'sweep', { phase: 'failed', retry: { count: 1, at: at(0) } }, 2, 60],
    ['a sweep begins with one', 'sweep', { phase: 'failed' }, 1, 30],
    ['an event begins again', 'push', { phase: 'failed', retry: { count: 1, at: at(0) } }, 0, 0],
    ['a check begins where nothing was counted', 'check', { phase: 'failed' }, 0, 0],
    ['a check does not count', 'check', { phase: 'failed', retry: { count: 1, at: at(9 * 60_000) } }, 1, 9],
    ['what has not failed has none', 'sweep', { phase: 'ready', retry: { count: 1, at: at(0) } }, undefined, 0],
  ])('%s', async (_what, reason, before, count, minutes) => {
    const { record } = await end({ kind: 'done' }, { request: { reason }, record: before });
    expect(record?.retry).toEqual(count === undefined ? undefined : { count, at: at(minutes * 60_000) });
  });
});
