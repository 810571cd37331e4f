import { awaitReadiness } from '../../../../../lib/environment/steps/ready/readiness.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { Readiness, Reason } from '../../../../../lib/environment/ports/readiness.ts';
import type { Outcome, Reconciliation } from '../../../../../lib/environment/steps/reconciliation.ts';
import { READY } from '../../../../support/fakes/cluster-state.ts';
import { beginRun } from '../../../../support/fakes/run.ts';
import type { World } from '../../../../support/fakes/world.ts';

/** When the world's clock begins, and two times before that. */
export const NOW = '2026-11-23T10:00:00.000Z';
export const BEFORE = '2026-11-23T09:59:20.000Z';
export const EARLIER = '2026-11-23T09:59:00.000Z';
export const HOUR_MS = 3_600_000;
export const ROLLOUT: Reason = { object: 'Deployment/x/web', cause: '0 of 1', code: 'rollout' };

interface Read {
  outcome: Outcome;
  run: Reconciliation;
  before: EnvironmentRecord;
}

/** One reading of an environment that was applied now, and is starting, unless its record says otherwise. */
export async function readOnce(
  world: World,
  found: Partial<Readiness>,
  record: Partial<EnvironmentRecord> = {},
): Promise<Read> {
  const run = await beginRun(world, { reason: 'check', record: { phase: 'starting', appliedAt: NOW, ...record } });
  const before = structuredClone(run.record);
  world.cluster.readinessIs = { ...READY, health: 'starting', ...found };
  return { outcome: await awaitReadiness(run), run, before };
}
