import { guardFilters, guardName, guardProtected } from '../model/guards.ts';
import type { Reconciliation } from './reconciliation.ts';
import type { Refusal } from '../model/record.ts';
import { POLICY_FAULTS } from '../model/policy-faults.ts';
import { confirmOwner } from './write-guard.ts';

/** The guards that need no call. Filters and the default branch keep out new environments, not existing ones. */
export function guardSettings(run: Pick<Reconciliation, 'ports' | 'record'>): Refusal | undefined {
  const { record, ports } = run;
  const { settings } = ports;
  const { namespace, name: slug, ref } = record;
  return (
    guardName({ namespace, slug }) ??
    guardProtected({ namespace, slug, ref }, settings.protectedNamespaces) ??
    (record.uid === undefined ? guardFilters(ref, settings) : undefined)
  );
}

/** Whether MAX_ENVIRONMENTS is reached without this one. */
export async function needsCapacity(run: Reconciliation): Promise<boolean> {
  const { record, ports } = run;
  const { maxEnvironments } = ports.settings;
  if (maxEnvironments === undefined) return false;
  let others = 0;
  for await (const { name, phase } of ports.records.list()) {
    if (name !== record.name && !['gone', 'refused', 'waiting', 'queued'].includes(phase)) others += 1;
  }
  return others >= maxEnvironments;
}

/** What only the cluster can tell before the first write; if it does not answer, nothing is written. */
export interface LiveGuards {
  owner?: Refusal;
  policies?: Refusal;
}

/** Checks who owns the live namespace, and whether the admission policies bind the app. */
export async function guardLive(run: Reconciliation): Promise<LiveGuards> {
  const { cluster, settings } = run.ports;
  const [owner, policies] = await Promise.all([
    confirmOwner(run),
    settings.allowUnguarded ? ('bound' as const) : cluster.policies(),
  ]);
  return {
    ...(owner !== undefined && { owner }),
    ...(policies !== 'bound' && { policies: { guard: 'policies', reason: POLICY_FAULTS[policies] } }),
  };
}
