import type { BlockBlobClient } from '@azure/storage-blob';
import type { Clock } from '../environment/ports/ports.ts';
import type { HeldLock } from './identity-locks.ts';

/** So long a killed holder keeps an identity from being written; it covers one ARM call and the margin of 10 s. */
const LEASE_S = 30;
const RENEW_MS = 5_000;

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
  let until = clock.now() + LEASE_S * 1000;
  try {
    await client.acquireLease(LEASE_S, within());
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
      () => (until = asked + LEASE_S * 1000),
      // it may come back by the next renewal; if not, `remainingMs` says when it ends
      () => {},
    );
  }, RENEW_MS);
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
