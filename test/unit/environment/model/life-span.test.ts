import { describe, expect, it } from '@jest/globals';
import { toExpiry, toGraceEnd, toRetry, toWarning } from '../../../../lib/environment/model/life-span.ts';
import { createWorld } from '../../../support/fakes/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.parse('2026-11-23T10:00:00.000Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const { settings } = createWorld();

describe('the end for lack of activity', () => {
  it.each<[string, { activityAt?: string; keepUntil?: string }, number | undefined, number | undefined]>([
    ['comes ENVIRONMENT_TTL after the last activity', { activityAt: at(0) }, DAY_MS, NOW + DAY_MS],
    ['is not before a keep mark ends', { activityAt: at(0), keepUntil: at(2 * DAY_MS) }, DAY_MS, NOW + 2 * DAY_MS],
    ['is not moved by a keep mark that ends before', { activityAt: at(0), keepUntil: at(1) }, DAY_MS, NOW + DAY_MS],
    ['comes never without ENVIRONMENT_TTL', { activityAt: at(0), keepUntil: at(0) }, undefined, undefined],
    ['comes never where no activity is known', { keepUntil: at(0) }, DAY_MS, undefined],
  ])('%s', (_what, dated, ttlMs, end) => {
    expect(toExpiry(dated, { ...settings, ...(ttlMs !== undefined && { ttlMs }) })).toBe(end);
  });

  it.each([
    ['a day before the end of a long life span', 7 * DAY_MS, DAY_MS],
    ['a day before the end of one of four days', 4 * DAY_MS, DAY_MS],
    ['a quarter of a shorter one before', 2 * DAY_MS, 12 * HOUR_MS],
  ])('is warned of %s', (_what, ttlMs, beforeMs) => {
    expect(toWarning(NOW, { ...settings, ttlMs })).toBe(NOW - beforeMs);
  });

  it('is warned of when it comes where no life span is set any more', () => {
    expect(toWarning(NOW, settings)).toBe(NOW);
  });
});

describe('the end of the grace', () => {
  it.each<[string, string | undefined, number | undefined, number]>([
    ['comes DELETE_GRACE after the branch went', undefined, HOUR_MS, HOUR_MS],
    ['is not before a keep mark ends', at(2 * HOUR_MS), HOUR_MS, 2 * HOUR_MS],
    ['comes at once without DELETE_GRACE', undefined, undefined, 0],
  ])('%s', (_what, keepUntil, deleteGraceMs, afterMs) => {
    const graced = { ...settings, ...(deleteGraceMs !== undefined && { deleteGraceMs }) };
    expect(toGraceEnd(at(0), keepUntil === undefined ? {} : { keepUntil }, graced)).toBe(NOW + afterMs);
  });
});

describe('the next try of a sweep', () => {
  it('comes at once after a failure, then after pauses that double up to a day', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 7, 8, 50].map((count) => {
      const retry = toRetry(count, NOW);
      expect(retry.count).toBe(count);
      return (Date.parse(retry.at) - NOW) / MINUTE_MS;
    });

    expect(pauses).toEqual([0, 30, 60, 120, 240, 480, 960, 1_440, 1_440, 1_440]);
  });
});
