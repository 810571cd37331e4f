import type { BlockBlobClient } from '@azure/storage-blob';
import type { Lease, LeaseResult } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import { saysAbsent, toFault, toStorageError, within } from './storage-error.ts';

/** How a lease counts time: monotonic, since a wall clock that is set back would stretch it. */
export interface LeaseTimer {
  now(): number;
  /** Repeats the work until the returned function is called. Keeps no process from ending. */
  every(ms: number, work: () => void): () => void;
}

export const MONOTONIC: LeaseTimer = {
  now: () => performance.now(),
  every(ms, work) {
    const timer = setInterval(work, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

export interface LeaseOptions {
  /** What an error names. */
  what: string;
  /** 15 to 60, by the service's rule. */
  seconds: number;
  renewMs: number;
  /** Of one call with its retries. */
  timeoutMs: number;
  timer?: LeaseTimer | undefined;
}

/** A blob's lease, renewed in the background until it is released; `busy` if somebody else holds it. */
export async function acquireLease(
  blob: BlockBlobClient,
  options: LeaseOptions,
): Promise<LeaseResult | { kind: 'missing' }> {
  const { what, seconds, renewMs, timeoutMs, timer = MONOTONIC } = options;
  const client = blob.getBlobLeaseClient();
  // counted from before the call: the service's time begins later than ours
  let heldUntil = timer.now() + seconds * 1_000;
  let id: string;
  try {
    id = (await client.acquireLease(seconds, { abortSignal: within(timeoutMs) })).leaseId ?? client.leaseId;
  } catch (thrown) {
    if (toFault(thrown).status === 409) return { kind: 'busy' };
    if (saysAbsent(thrown)) return { kind: 'missing' };
    throw toStorageError(thrown, `the lease of ${what}`);
  }
  let isEnded = false;
  const end = (): void => {
    isEnded = true;
    heldUntil = 0;
    stop();
  };
  const stop = timer.every(renewMs, () => {
    const asked = timer.now();
    client.renewLease({ abortSignal: within(timeoutMs) }).then(
      () => {
        if (!isEnded) heldUntil = Math.max(heldUntil, asked + seconds * 1_000);
      },
      (thrown: unknown) => {
        // it was broken or taken: nothing may be written from now on. Other failures leave what is left of it
        if (toFault(thrown).status === 409 || toFault(thrown).status === 412) end();
      },
    );
  });
  const lease: Lease = {
    id,
    remainingMs: () => (isEnded ? 0 : heldUntil - timer.now()),
    async release() {
      end();
      // one that cannot be released ends by itself
      await client.releaseLease({ abortSignal: within(timeoutMs) }).catch(() => undefined);
    },
  };
  return { kind: 'held', lease };
}

/** The same for a blob that holds nothing of its own, or nothing yet: `make` creates it if it is missing. */
export async function acquireOrMake(
  blob: BlockBlobClient,
  options: LeaseOptions,
  make: () => Promise<unknown>,
): Promise<LeaseResult> {
  for (let tries = 0; tries < 2; tries += 1) {
    const leased = await acquireLease(blob, options);
    if (leased.kind !== 'missing') return leased;
    await make();
  }
  throw new ProvisionerError('conflict', `the lease of ${options.what}: its blob went away`, { object: options.what });
}
