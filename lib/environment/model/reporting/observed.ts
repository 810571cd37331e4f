import type { Change } from '../../ports/cluster.ts';
import type { Refusal } from '../guards.ts';
import type { Reason } from '../request.ts';

/** What the app would do of its own accord: the last row of a plan. */
export type Would = 'provision' | 'deprovision' | 'refuse' | 'nothing';

/** What MODE=observe would have done for an environment at its last reconciliation. */
export interface Observed {
  at: string;
  /** Why it was reconciled. */
  reason: Reason;
  would: Would;
  changes: Change[];
  /** Whether the API server validated every object by dry run. */
  validated: boolean;
  refused?: Refusal;
}

/** What a plan comes to. */
export function toWould(state: 'present' | 'absent', changes: readonly Change[]): Would {
  const isAtRest = changes.every(({ action }) => action === 'unchanged' || action === 'skipped');
  if (isAtRest) return 'nothing';
  return state === 'present' ? 'provision' : 'deprovision';
}

/** What would have been deleted of an environment that was only ever observed: everything it would have made outside. */
export function toUndone({ would, changes }: Observed): Change[] {
  if (would !== 'provision') return [];
  return changes.flatMap(({ object, action }) =>
    action === 'created' && isDeletedAlone(object)
      ? [{ object, action: 'deleted' as const, reason: 'it would have been made' }]
      : [],
  );
}

/** The namespace takes with it what lies in it. */
function isDeletedAlone(object: string): boolean {
  return object.startsWith('Namespace/') || object.startsWith('FederatedCredential/');
}

/** Whether two observations come to the same, so that the second is no news. */
export function isSameObservation(one: Observed | undefined, other: Observed): boolean {
  return one !== undefined && toText(one) === toText(other);
}

function toText({ would, changes, refused }: Observed): string {
  return JSON.stringify([would, changes, refused ?? '']);
}
