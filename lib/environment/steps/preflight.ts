import { guardFilters, guardName, guardProtected } from '../model/guards.ts';
import type { Session } from './reconciliation.ts';
import type { Refusal } from '../model/record.ts';
import { confirmOwner } from './write-guard.ts';

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

/** What only the cluster can say before the first write; a cluster that does not answer is a failure, so nothing is written. */
export interface LiveGuards {
  owner?: Refusal;
  policies?: Refusal;
}

/** Whose the live namespace is, and whether the admission policies hold the app to its own. */
export async function guardLive(session: Session): Promise<LiveGuards> {
  const { cluster, settings } = session.peers;
  const [owner, policies] = await Promise.all([
    confirmOwner(session),
    settings.allowUnguarded ? 'bound' : cluster.policies(),
  ]);
  return {
    ...(owner !== undefined && { owner }),
    ...(policies === 'unbound' && {
      policies: {
        guard: 'policies',
        reason:
          'the admission policies of manifests/cluster do not hold the app to its own namespaces: apply them, or set ALLOW_UNGUARDED=true',
      },
    }),
  };
}
