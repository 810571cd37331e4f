import { guardName, guardProtected, quote } from '../model/guards.ts';
import type { EnvironmentSettings } from '../ports/ports.ts';
import type { Session } from './reconciliation.ts';
import type { Refusal } from '../refusal.ts';

/** The guards that need no peer. Filters and the default branch keep new environments out, not ones that exist. */
export function guardAdmission(session: Pick<Session, 'peers' | 'record'>): Refusal | undefined {
  const { record, peers } = session;
  const { settings } = peers;
  const { namespace, name: slug, ref } = record;
  return (
    guardName({ namespace, slug }) ??
    guardProtected({ namespace, slug, ref }, settings.protectedNamespaces) ??
    (record.uid === undefined ? guardFilters(ref, settings) : undefined)
  );
}

/** Whether a branch may have an environment at all, by the settings alone. */
export function guardFilters(
  ref: string,
  settings: Pick<EnvironmentSettings, 'defaultBranches' | 'admits'>,
): Refusal | undefined {
  if (settings.defaultBranches.includes(ref)) {
    return {
      guard: 'branch',
      reason: `${quote(ref)} is a default branch, which never gets an environment (DEFAULT_BRANCHES)`,
    };
  }
  if (settings.admits(ref)) return undefined;
  return { guard: 'filter', reason: `branch ${quote(ref)} is kept out by BRANCH_INCLUDE or BRANCH_EXCLUDE` };
}

/** Whether MAX_ENVIRONMENTS is reached without this one. */
export async function needsCapacity(session: Session): Promise<boolean> {
  const { record, peers } = session;
  const { maxEnvironments } = peers.settings;
  if (maxEnvironments === undefined) return false;
  let others = 0;
  for await (const { name, phase } of peers.records.list()) {
    if (name !== record.name && !['gone', 'refused', 'waiting', 'queued'].includes(phase)) others += 1;
  }
  return others >= maxEnvironments;
}
