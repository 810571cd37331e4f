import { nameOfIdentity } from '../azure/arm-client.ts';
import type { Clock, Log } from '../environment/ports/ports.ts';
import type { ArmIdentities } from './managed-identities.ts';
import type { IdentityIds } from './ownership.ts';
import type { IdentityLocks } from './writer/identity-lock.ts';
import type { Look } from './ledger/ledger.ts';

/** What every part of the adapter works with. */
export interface IdentityContext {
  /** ARM ids of the identities that may be selected. */
  pool: readonly string[];
  identities: ArmIdentities;
  issuer(): Promise<string>;
  locks: IdentityLocks;
  /** Lists in flight in this process, by lower-cased id: callers share them. */
  lists: Map<string, Promise<Look>>;
  /** What this process asks ARM about identities, by what is asked. */
  described: Map<string, Promise<IdentityIds>>;
  clock: Clock;
  random(): number;
  log: Log;
  /** Of one call to ARM, in ms. */
  timeoutMs: number;
  /** Whether the slug's record names this identity and is neither gone nor refused. */
  holds?: ((slug: string, identityId: string) => Promise<boolean>) | undefined;
}

/** How a change set and an error name a credential. */
export function credentialObject(identityId: string, name: string): string {
  return `FederatedCredential/${nameOfIdentity(identityId)}/${name}`;
}
