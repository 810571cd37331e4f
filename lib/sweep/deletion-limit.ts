import type { Deletion, Findings } from './findings.ts';
import type { EnvironmentSettings } from '../environment/model/settings.ts';
import type { SweepPlan, SweepState } from '../environment/ports/ports.ts';

/** A percentage never stops below this many. */
const FEWEST = 3;
const PERCENT = 25;
/** How long a plan may be confirmed. */
const PLAN_MS = 60 * 60 * 1000;
const MOST_PLANS = 20;

/** How many deletions one sweep may make (SWEEP_MAX_DELETIONS). */
export function toLimit({ living }: Pick<Findings, 'living'>, settings: EnvironmentSettings): number {
  const { sweepMaxDeletions, sweepMaxDeletionsPercent = PERCENT } = settings;
  return sweepMaxDeletions ?? Math.max(FEWEST, Math.floor((living * sweepMaxDeletionsPercent) / 100));
}

/** What tells one deletion from another. */
export function toKey({ kind, slug, orphan }: Pick<Deletion, 'kind' | 'slug' | 'orphan'>): string {
  return [kind, slug, orphan?.identity ?? ''].join(' ');
}

export function toPlan(deletions: readonly Deletion[], { id, now }: { id: string; now: number }): SweepPlan {
  return { id, at: new Date(now).toISOString(), deletions: deletions.map(toKey) };
}

/** The state with one more plan; old ones go. */
export function withPlan(state: SweepState, plan: SweepPlan, now: number): SweepState {
  const plans = state.plans.filter(({ at }) => now - Date.parse(at) < PLAN_MS);
  return { ...state, plans: [...plans, plan].slice(-MOST_PLANS) };
}

export type Confirmed = { kind: 'confirmed'; plan: SweepPlan } | { kind: 'refused'; reason: string };

/** A plan can be confirmed once, within an hour. */
export function findPlan(state: SweepState, id: string, now: number): Confirmed {
  const plan = state.plans.find((one) => one.id === id);
  if (plan === undefined || now - Date.parse(plan.at) >= PLAN_MS)
    return { kind: 'refused', reason: 'no such plan, or it is over an hour old: ask for another with {"dryRun":true}' };
  if (plan.confirmedAt !== undefined)
    return {
      kind: 'refused',
      reason: `the plan was confirmed at ${plan.confirmedAt}: ask for another with {"dryRun":true}`,
    };
  return { kind: 'confirmed', plan };
}
