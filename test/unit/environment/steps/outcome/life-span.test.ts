import { beforeEach, describe, expect, it } from '@jest/globals';
import { markExpiring, stopExpired, waitForGrace } from '../../../../../lib/environment/steps/life-span.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { Observed } from '../../../../../lib/environment/model/reporting/observed.ts';
import { beginRun, isoAt } from '../../../../support/fakes/run.ts';
import { type World, createWorld } from '../../../../support/fakes/world.ts';

const NOW = '2026-11-23T10:00:00.000Z';
const DAY_MS = 86_400_000;
const TTL_MS = 7 * DAY_MS;
const observed = (would: Observed['would']): Observed => ({
  at: NOW,
  reason: 'push',
  would,
  changes: [],
  validated: false,
});

let world: World;
beforeEach(() => {
  world = createWorld({ settings: { ttlMs: TTL_MS, deleteGraceMs: DAY_MS } });
});

const ago = (ms: number) => isoAt(world, -ms);
const begin = (record: Partial<EnvironmentRecord>) =>
  beginRun(world, { record: { phase: 'ready', uid: 'u', ...record } });

describe('stopExpired', () => {
  it('stops what nobody has touched for its life span, and says so', async () => {
    const activityAt = ago(TTL_MS);
    const run = await begin({ activityAt });
    const before = structuredClone(run.record);
    stopExpired(run);
    const why = `expired: no activity since ${activityAt} (ENVIRONMENT_TTL); push or provision to get it back`;
    expect(run.record).toEqual({
      ...before,
      stop: { at: NOW, why },
      history: [...before.history, { at: NOW, what: 'expired', why }],
    });
    expect(world.log).toEqual([`expired ${JSON.stringify({ environment: 'ex-c4-e6', activityAt })}`]);
  });

  it.each<[string, () => Partial<EnvironmentRecord>]>([
    ['whose life span is not over', () => ({ activityAt: ago(TTL_MS - 1) })],
    ['that is stopped', () => ({ activityAt: ago(TTL_MS), stop: { at: NOW, why: 'by hand' } })],
    ['that is gone', () => ({ activityAt: ago(TTL_MS), phase: 'gone' })],
    ['that is kept', () => ({ activityAt: ago(TTL_MS), keepUntil: isoAt(world, 1) })],
  ])('leaves one %s', async (_, record) => {
    const run = await begin(record());
    const before = structuredClone(run.record);
    stopExpired(run);
    expect([run.record, world.log]).toEqual([before, []]);
  });

  it('leaves what was never made, unless MODE=observe would have', async () => {
    const stopped = async (more: Partial<EnvironmentRecord>) => {
      world = createWorld({ settings: { ttlMs: TTL_MS } });
      const run = await beginRun(world, { record: { phase: 'queued', activityAt: ago(TTL_MS), ...more } });
      stopExpired(run);
      return run.record.stop !== undefined;
    };
    expect(await stopped({})).toBe(false);
    expect(await stopped({ observed: observed('nothing') })).toBe(false);
    expect(await stopped({ observed: observed('provision') })).toBe(true);
    expect(await stopped({ observed: observed('provision'), phase: 'gone' })).toBe(false);
  });

  it('stops nothing without ENVIRONMENT_TTL', async () => {
    delete world.settings.ttlMs;
    const run = await begin({ activityAt: ago(TTL_MS) });
    stopExpired(run);
    expect(run.record.stop).toBeUndefined();
  });
});

describe('waitForGrace', () => {
  const deleted = (ms: number) => ({ event: { reason: 'delete' as const, at: ago(ms) } });

  it('waits for the end of the grace of a deleted branch, and says when that is', async () => {
    const run = await begin(deleted(1_000));
    const before = structuredClone(run.record);
    expect(waitForGrace(run)).toEqual({ kind: 'later', delayMs: DAY_MS - 1_000 });
    const deleteAt = isoAt(world, DAY_MS - 1_000);
    const after = {
      ...before,
      phase: 'expiring',
      deletedAt: ago(1_000),
      deleteAt,
      history: [
        ...before.history,
        { at: NOW, what: 'expiring', why: `the branch is gone; the environment goes at ${deleteAt}` },
      ],
    };
    expect(run.record).toEqual(after);
    expect(world.log).toEqual([`expiring ${JSON.stringify({ environment: 'ex-c4-e6', deleteAt })}`]);

    expect(waitForGrace(run)).toEqual({ kind: 'later', delayMs: DAY_MS - 1_000 });
    expect([run.record, world.log.length]).toEqual([after, 1]);
  });

  it.each<[string, Partial<EnvironmentRecord>]>([
    ['its end has moved', { phase: 'expiring', deleteAt: '2026-11-30T00:00:00.000Z' }],
    ['it is not yet expiring', { phase: 'ready', deleteAt: '2026-11-24T09:59:59.000Z' }],
  ])('says it again where %s', async (_, record) => {
    const run = await begin({ ...deleted(1_000), ...record });
    waitForGrace(run);
    expect(run.record.history.map(({ what }) => what)).toEqual(['expiring']);
  });

  it('ends on the moment', async () => {
    expect(waitForGrace(await begin(deleted(DAY_MS - 1)))).toEqual({ kind: 'later', delayMs: 1 });
    world = createWorld({ settings: { deleteGraceMs: DAY_MS } });
    const run = await begin(deleted(DAY_MS));
    expect(waitForGrace(run)).toBeUndefined();
    expect(run.record).toMatchObject({ phase: 'ready' });
  });

  it('begins, where no event said so, when the branch is first known to be gone', async () => {
    const run = await begin({ event: { reason: 'push', at: ago(DAY_MS) } });
    expect(waitForGrace(run)).toEqual({ kind: 'later', delayMs: DAY_MS });
    expect(run.record.deletedAt).toBe(NOW);
    world.clock.advance(1_000);
    expect(waitForGrace(run)).toEqual({ kind: 'later', delayMs: DAY_MS - 1_000 });
    expect(run.record.deletedAt).toBe(NOW);
  });

  it('is six days at a time at most: no message waits longer', async () => {
    world.settings.deleteGraceMs = 30 * DAY_MS;
    expect(waitForGrace(await begin(deleted(0)))).toEqual({ kind: 'later', delayMs: 6 * DAY_MS });
  });

  it.each<[string, Partial<EnvironmentRecord>]>([
    ['it was stopped', { stop: { at: NOW, why: 'by hand' } }],
    ['it is being deleted', { phase: 'deleting' }],
    ['it is gone', { phase: 'gone' }],
  ])('is none where %s', async (_, record) => {
    const run = await begin({ ...deleted(0), ...record });
    const before = structuredClone(run.record);
    expect(waitForGrace(run)).toBeUndefined();
    expect(run.record).toEqual(before);
  });
});

describe('markExpiring', () => {
  it('warns a day before the end, once', async () => {
    const run = await begin({ activityAt: ago(TTL_MS - DAY_MS) });
    const before = structuredClone(run.record);
    markExpiring(run);
    const deleteAt = isoAt(world, DAY_MS);
    const after = {
      ...before,
      phase: 'expiring',
      deleteAt,
      history: [...before.history, { at: NOW, what: 'expiring', why: `the environment goes at ${deleteAt}` }],
    };
    expect(run.record).toEqual(after);
    markExpiring(run);
    expect(run.record).toEqual(after);
  });

  it.each<[string, number | undefined]>([
    ['its end has moved', TTL_MS - DAY_MS - 1],
    ['there is none any more', undefined],
  ])('takes the warning back where %s', async (_, ageMs) => {
    if (ageMs === undefined) delete world.settings.ttlMs;
    const run = await begin({ phase: 'expiring', deleteAt: NOW, activityAt: ago(ageMs ?? TTL_MS) });
    markExpiring(run);
    expect([run.record.phase, run.record.deleteAt]).toEqual(['ready', undefined]);
  });

  it.each<[string, Partial<EnvironmentRecord>]>([
    ['is starting', { phase: 'starting', deleteAt: NOW }],
    ['goes with its branch', { phase: 'expiring', deletedAt: NOW, deleteAt: '2026-12-01T00:00:00.000Z' }],
  ])('leaves one that %s', async (_, record) => {
    const run = await begin({ activityAt: ago(TTL_MS), ...record });
    const before = structuredClone(run.record);
    markExpiring(run);
    expect(run.record).toEqual(before);
  });
});
