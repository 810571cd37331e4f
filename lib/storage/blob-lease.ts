import type { BlobLeaseClient } from '@azure/storage-blob';
import type { Lease } from '../environment/ports/ports.ts';
import { toFault, toStorageError } from './storage-error.ts';
import { within } from './time-limit.ts';

/** The longest a blob lease that ends by itself can last. */
const LEASE_S = 60;
const RENEW_MS = 15_000;

/** A blob's lease, renewed in the background until it is released; `busy` where somebody else holds it. */
export async function acquireLease(
  client: BlobLeaseClient,
  options: { what: string; timeoutMs: number; now: () => number },
): Promise<Lease | 'busy'> {
  const { what, timeoutMs, now } = options;
  // counted from before the call: the service's minute begins later than ours
  let heldUntil = now() + LEASE_S * 1_000;
  let id: string;
  try {
    id = (await client.acquireLease(LEASE_S, { abortSignal: within(timeoutMs) })).leaseId ?? client.leaseId;
  } catch (thrown) {
    if (toFault(thrown).status === 409) return 'busy';
    throw toStorageError(thrown, `the lease of ${what}`);
  }
  const renewal = setInterval(() => {
    const asked = now();
    client.renewLease({ abortSignal: within(timeoutMs) }).then(
      () => {
        heldUntil = Math.max(heldUntil, asked + LEASE_S * 1_000);
      },
      (thrown: unknown) => {
        // somebody broke or took it: nothing may be written from now on. Other failures leave what is left of it
        if (toFault(thrown).status === 409 || toFault(thrown).status === 412) heldUntil = 0;
      },
    );
  }, RENEW_MS);
  renewal.unref();
  return {
    id,
    remainingMs: () => heldUntil - now(),
    async release() {
      clearInterval(renewal);
      heldUntil = 0;
      // one that cannot be released ends by itself within the minute
      await client.releaseLease({ abortSignal: within(timeoutMs) }).catch(() => undefined);
    },
  };
}
