import { toFingerprint } from './steps/render.ts';
import type { Session } from './steps/reconciliation.ts';
import type { KubeObject } from './kube-object.ts';
import type { Drifted } from './ports/cluster.ts';

/** Whether these very objects, with the same identity, were the last that went into this very namespace. */
export function wasApplied({ record, owned }: Session, draft: readonly KubeObject[]): boolean {
  if (record.applied === undefined || owned === undefined || owned.uid !== record.uid) return false;
  return record.applied === toFingerprint(draft, record);
}

/** A delivery trusts what was applied; a person's call never does, and a sweep does for DRIFT_INTERVAL. */
export function mustLookForDrift({ request, record, peers }: Session): boolean {
  if (request.reason === 'provision') return true;
  if (request.reason !== 'sweep') return false;
  return record.phase !== 'ready' || isCheckDue(record.checkedAt, peers);
}

/** Whether the last look at the objects is older than DRIFT_INTERVAL. */
export function isCheckDue(
  checkedAt: string | undefined,
  { clock, settings }: Pick<Session['peers'], 'clock' | 'settings'>,
): boolean {
  return checkedAt === undefined || clock.now() - Date.parse(checkedAt) >= settings.driftIntervalMs;
}

const NAMED = 5;

/** For the history: what others did to our objects, in one line. */
export function describeDrift(drifted: readonly Drifted[]): string | undefined {
  if (drifted.length === 0) return undefined;
  const names = drifted.slice(0, NAMED).map(({ object, why }) => `${object} (${why})`);
  const more = drifted.length > NAMED ? ` and ${drifted.length - NAMED} more` : '';
  return `restored ${names.join(', ')}${more}`;
}
