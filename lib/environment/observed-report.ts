import type { Would } from './model/reporting/observed.ts';
import type { RecordSummary } from './model/record-summary.ts';
import type { EnvironmentSettings } from './model/settings.ts';
import type { Records, SweepState } from './ports/ports.ts';

export interface ObservedEnvironment {
  name: string;
  namespace: string;
  repository: string;
  ref: string;
  at: string;
  would: Would;
  /** How many objects by action. */
  changes: Record<string, number>;
  why?: string;
}

/** What MODE=observe would have done, summed up. */
export interface ObservedReport {
  mode: EnvironmentSettings['mode'];
  observed: {
    environments: number;
    /** How many environments by what would have been done. */
    would: Record<Would, number>;
    /** How many objects by action. */
    changes: Record<string, number>;
  };
  environments: ObservedEnvironment[];
  sweep?: SweepState['last'];
  held?: SweepState['held'];
}

/** Sums up what was observed of every environment, gone ones too, from metadata alone. */
export async function reportObserved(options: {
  records: Pick<Records, 'list'>;
  sweep: SweepState;
  mode: EnvironmentSettings['mode'];
}): Promise<ObservedReport> {
  const { records, sweep, mode } = options;
  const environments: ObservedEnvironment[] = [];
  const would: Record<Would, number> = { provision: 0, deprovision: 0, refuse: 0, nothing: 0 };
  const changes: Record<string, number> = {};
  for await (const summary of records.list()) {
    if (summary.observed === undefined) continue;
    environments.push(toEnvironment(summary, summary.observed));
    would[summary.observed.would] += 1;
    for (const [action, count] of Object.entries(summary.observed.changes))
      changes[action] = (changes[action] ?? 0) + count;
  }
  environments.sort((one, other) => (one.name < other.name ? -1 : 1));
  return {
    mode,
    observed: { environments: environments.length, would, changes },
    environments,
    ...(sweep.last !== undefined && { sweep: sweep.last }),
    ...(sweep.held !== undefined && { held: sweep.held }),
  };
}

function toEnvironment(
  { name, namespace, repository, ref, why }: RecordSummary,
  { at, would, changes }: NonNullable<RecordSummary['observed']>,
): ObservedEnvironment {
  return { name, namespace, repository, ref, at, would, changes, ...(why !== undefined && { why }) };
}
