import { ProvisionerError } from '../errors.ts';
import type { Gate } from './managed-identities.ts';
import { nameOfIdentity } from './context.ts';
import type { HeldLock } from './identity-locks.ts';
import type { Admit } from '../environment/ports/cluster.ts';

/** Leases don't fence: a call must end this long before the lease may (DESIGN, The shape). */
const MARGIN_MS = 10_000;

/** Asked right before a write is sent: the caller's lease and the identity's lock must both outlive the call. */
export function gateOf(options: { admit: Admit; lock: HeldLock; identityId: string; timeoutMs: number }): Gate {
  const { admit, lock, identityId, timeoutMs } = options;
  return () => {
    const wait = admit(timeoutMs);
    if (wait !== undefined) return wait;
    if (lock.remainingMs() > timeoutMs + MARGIN_MS) return undefined;
    const name = nameOfIdentity(identityId);
    throw new ProvisionerError('lease-lost', `the lock of identity ${name} would not outlive a write`, {
      object: `Identity/${name}`,
    });
  };
}
