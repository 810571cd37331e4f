import type { Clock, Log } from '../environment/ports/ports.ts';
import type { ArmIdentities } from './managed-identities.ts';
import type { IdentityLocks } from './writer/identity-lock.ts';
import type { Look } from './ledger/ledger.ts';

/** An identity that this process has chosen for an environment. */
export interface Pick {
  slug: string;
  identityId: string;
  at: number;
  /** Since then the ledger tells; absent while it is being noted there. */
  notedAt?: number;
}

/** What every part of the adapter works with. */
export interface IdentityContext {
  /** ARM ids of the identities that may be given out. */
  pool: readonly string[];
  identities: ArmIdentities;
  issuer(): Promise<string>;
  locks: IdentityLocks;
  /** Lists under way in this process, by lower-cased id: callers share them. */
  lists: Map<string, Promise<Look>>;
  /** Identities that this process has chosen just now; the ledgers that a choice goes by are some ms old. */
  picks: Pick[];
  clock: Clock;
  random(): number;
  log: Log;
  /** Of one call to ARM, in ms. */
  timeoutMs: number;
  /** Whether the slug's record names this identity and is neither gone nor refused. */
  holds?: ((slug: string, identityId: string) => Promise<boolean>) | undefined;
}

export function nameOfIdentity(identityId: string): string {
  return identityId.slice(identityId.lastIndexOf('/') + 1);
}

/** How a change set and an error name a credential. */
export function credentialObject(identityId: string, name: string): string {
  return `FederatedCredential/${nameOfIdentity(identityId)}/${name}`;
}
