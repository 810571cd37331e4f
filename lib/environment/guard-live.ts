import type { Refusal } from './refusal.ts';
import { type Session, confirmOwner } from './steps/reconciliation.ts';

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
