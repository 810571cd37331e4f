import type { BlobLeaseClient, BlockBlobClient } from '@azure/storage-blob';
import type { Clock, Lease, LeaseResult } from '../environment/ports/ports.ts';
import { toFault, toStorageError, within } from './storage-error.ts';
import type { HeldLock } from '../identity/writer/identity-lock.ts';

/** The longest a blob lease that ends by itself can last. */
const LEASE_S = 60;
const RENEW_MS = 15_000;

/** A blob's lease, renewed in the background until it is released; `busy` where somebody else holds it. */
export async function acquireLease(
  client: BlobLeaseClient,
  options: { what: string; timeoutMs: number; now: () => number },
): Promise<LeaseResult> {
  const { what, timeoutMs, now } = options;
  // counted from before the call: the service's minute begins later than ours
  let heldUntil = now() + LEASE_S * 1_000;
  let id: string;
  try {
    id = (await client.acquireLease(LEASE_S, { abortSignal: within(timeoutMs) })).leaseId ?? client.leaseId;
  } catch (thrown) {
    if (toFault(thrown).status === 409) return { kind: 'busy' };
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
  const lease: Lease = {
    id,
    remainingMs: () => heldUntil - now(),
    async release() {
      clearInterval(renewal);
      heldUntil = 0;
      // one that cannot be released ends by itself within the minute
      await client.releaseLease({ abortSignal: within(timeoutMs) }).catch(() => undefined);
    },
  };
  return { kind: 'held', lease };
}

/** So long a killed holder keeps an identity from being written; it covers one ARM call and the margin of 10 s. */
const IDENTITY_LEASE_S = 30;
const IDENTITY_RENEW_MS = 5_000;

export interface HeldLease extends HeldLock {
  release(): Promise<void>;
}

/** Takes the lease of an empty blob, which is made when it is not there; renews it until it is released. */
export async function takeLease(
  blob: BlockBlobClient,
  options: { clock: Clock; timeoutMs: number; isMade?: boolean },
): Promise<HeldLease | 'busy'> {
  const { clock, timeoutMs } = options;
  const within = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });
  const client = blob.getBlobLeaseClient();
  let until = clock.now() + IDENTITY_LEASE_S * 1000;
  try {
    await client.acquireLease(IDENTITY_LEASE_S, within());
  } catch (error) {
    if (statusOf(error) === 409) return 'busy';
    // a 404 of what was just made is not the blob's, and asking on would never end
    if (statusOf(error) !== 404 || options.isMade === true) throw error;
    await blob.upload('', 0, { conditions: { ifNoneMatch: '*' }, ...within() }).catch(ignoreOtherWriter);
    return takeLease(blob, { ...options, isMade: true });
  }

  const timer = setInterval(() => {
    const asked = clock.now();
    client.renewLease(within()).then(
      () => (until = asked + IDENTITY_LEASE_S * 1000),
      // it may come back by the next renewal; if not, `remainingMs` says when it ends
      () => {},
    );
  }, IDENTITY_RENEW_MS);
  timer.unref();

  return {
    remainingMs: () => until - clock.now(),
    async release() {
      clearInterval(timer);
      until = 0;
      // one that can't be released ends by itself
      await client.releaseLease(within()).catch(() => {});
    },
  };
}

export function statusOf(error: unknown): number | undefined {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** 409: it exists by now; 412: it exists and is leased. */
function ignoreOtherWriter(error: unknown): void {
  if (statusOf(error) !== 409 && statusOf(error) !== 412) throw error;
}
