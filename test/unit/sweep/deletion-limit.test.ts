import { describe, expect, it } from '@jest/globals';
import type { SweepPlan, SweepState } from '../../../lib/environment/ports/ports.ts';
import type { EnvironmentSettings } from '../../../lib/environment/model/settings.ts';
import { findPlan, toKey, toLimit, toPlan, withPlan } from '../../../lib/sweep/deletion-limit.ts';
import { createWorld } from '../../support/fakes/world.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-11-23T10:00:00.000Z');
const ago = (ms: number): string => new Date(NOW - ms).toISOString();

describe('how many deletions a sweep may make', () => {
  it.each<[number, Partial<EnvironmentSettings>, number]>([
    [0, {}, 3],
    [12, {}, 3],
    [15, {}, 3],
    [16, {}, 4],
    [100, {}, 25],
    [100, { sweepMaxDeletionsPercent: 7 }, 7],
    [10, { sweepMaxDeletionsPercent: 7 }, 3],
    [100, { sweepMaxDeletionsPercent: 7, sweepMaxDeletions: 0 }, 0],
    [100, { sweepMaxDeletions: 60 }, 60],
  ])('is, of %i with %j, %i', (living, settings, limit) => {
    expect(toLimit({ living }, { ...createWorld().settings, ...settings })).toBe(limit);
  });
});

describe('a plan', () => {
  const orphan = { slug: 'a', namespace: 'feature-a', identity: '/pool-1' };

  it('tells deletions apart by kind, slug and identity', () => {
    const keys = [
      toKey({ kind: 'expired', slug: 'a' }),
      toKey({ kind: 'branch-gone', slug: 'a' }),
      toKey({ kind: 'expired', slug: 'b' }),
      toKey({ kind: 'orphaned-credential', slug: 'a', orphan }),
      toKey({ kind: 'orphaned-credential', slug: 'a', orphan: { ...orphan, identity: '/pool-2' } }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    const deletions = [{ kind: 'expired' as const, slug: 'a', why: 'old' }];
    expect(toPlan(deletions, { id: 'p', now: NOW })).toEqual({ id: 'p', at: ago(0), deletions: [keys[0]] });
  });

  it('is kept for an hour, and only the last 20 of them', () => {
    const plan = (id: string, at: string): SweepPlan => ({ id, at, deletions: [] });
    const state: SweepState = {
      v: 1,
      deliveriesAt: ago(1),
      plans: [plan('old', ago(HOUR_MS)), plan('young', ago(HOUR_MS - 1))],
    };
    const next = withPlan(state, plan('new', ago(0)), NOW);
    expect(next).toEqual({ ...state, plans: [state.plans[1], plan('new', ago(0))] });

    const many: SweepState = { v: 1, plans: Array.from({ length: 20 }, (_, n) => plan(`p-${n}`, ago(1))) };
    const kept = withPlan(many, plan('new', ago(0)), NOW).plans.map(({ id }) => id);
    expect(kept).toHaveLength(20);
    expect([kept[0], kept.at(-1)]).toEqual(['p-1', 'new']);
  });

  it.each<[string, Partial<SweepPlan>, string]>([
    ['of an hour ago', { at: ago(HOUR_MS) }, 'no such plan, or it is over an hour old'],
    ['of another id', { id: 'other' }, 'no such plan, or it is over an hour old'],
    ['confirmed before', { confirmedAt: ago(5) }, `the plan was confirmed at ${ago(5)}`],
  ])('%s is refused, with what to do instead', (_what, more, words) => {
    const plan: SweepPlan = { id: 'p', at: ago(HOUR_MS - 1), deletions: ['x'] };
    expect(findPlan({ v: 1, plans: [plan] }, 'p', NOW)).toEqual({ kind: 'confirmed', plan });
    expect(findPlan({ v: 1, plans: [{ ...plan, ...more }] }, 'p', NOW)).toEqual({
      kind: 'refused',
      reason: expect.stringMatching(new RegExp(`^${words}: ask for another with {"dryRun":true}$`)) as unknown,
    });
  });
});
