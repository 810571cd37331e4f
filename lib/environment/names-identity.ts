import type { EnvironmentRecord } from './model/record.ts';

/** Whether an environment may still fill slots that were reserved for it on an identity: none that is gone or refused, or has another. */
export function namesIdentity(
  record: Pick<EnvironmentRecord, 'phase' | 'identity'> | undefined,
  identityId: string,
): boolean {
  if (record === undefined || record.phase === 'gone' || record.phase === 'refused') return false;
  return record.identity?.toLowerCase() === identityId.toLowerCase();
}
