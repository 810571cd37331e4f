import type { EventCause } from '../../environment/model/reporting/known-causes.ts';

export type LinkState = 'ok' | 'broken' | 'unknown';

/** The links of the chain from a pod to its secrets, in the order in which they are told. */
export type LinkName =
  | 'workload'
  | 'pod'
  | 'pod-environment'
  | 'service-account'
  | 'annotation'
  | 'federated-credential'
  | 'issuer'
  | 'subject'
  | 'audience'
  | 'managed-identity'
  | 'key-vault-class'
  | 'class-client-id'
  | 'class-tenant-id'
  | 'mount'
  | 'key-vault';

/** One link, judged: what was found against what was expected, and how to fix it where it is not ok. */
export interface Link {
  link: LinkName;
  /** `Kind/namespace/name`, `Identity/name` or `FederatedCredential/identity/name`. */
  object: string;
  state: LinkState;
  found: string;
  expected: string;
  fix?: string;
  /** What the text of an event means. */
  cause?: Pick<EventCause, 'code' | 'meaning'>;
}

export type Place = Pick<Link, 'link' | 'object' | 'expected'>;

export const PROVISION_AGAIN = 'provision the branch again (POST /api/provision): it restores what the overlays say';

export function ok(place: Place, found: string): Link {
  return { ...place, state: 'ok', found };
}

export function broken(place: Place, found: string, more: Pick<Link, 'fix' | 'cause'>): Link {
  return { ...place, state: 'broken', found, ...more };
}

export function unknown(place: Place, found: string, more: Pick<Link, 'fix' | 'cause'> = {}): Link {
  return { ...place, state: 'unknown', found, ...more };
}

/** Two texts that must be the same; what is not known of either is not judged. */
export function compared(
  place: Omit<Place, 'expected'>,
  texts: { found: string | undefined; expected: string | undefined; fix?: string },
): Link {
  const { found, expected, fix = PROVISION_AGAIN } = texts;
  if (expected === undefined) return unknown({ ...place, expected: 'not known' }, found ?? 'nothing');
  if (found === expected) return ok({ ...place, expected }, found);
  return broken({ ...place, expected }, found ?? 'nothing', { fix });
}
