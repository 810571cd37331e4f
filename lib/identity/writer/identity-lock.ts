import { createHash } from 'node:crypto';
import type { ContainerClient } from '@azure/storage-blob';
import type { Clock } from '../../environment/ports/ports.ts';
import { ProvisionerError, codeOfStatus } from '../../errors.ts';
import { type HeldLease, statusOf, takeLease } from '../../storage/blob-lease.ts';
import { createLedgers } from '../ledger/ledger-store.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** A function waits no longer than this; its request is requeued. */
const MAX_WAIT_MS = 8_000;
const POLL_MS = 200;
/** Soon, since it has waited already: a lock that nobody waits for is time lost. */
const BACK_WITHIN_MS = 4_000;
const TIMEOUT_MS = 8_000;

export interface BlobLocksOptions {
  /** Of blobs `<hash>.json` and `<hash>.lock`, one pair per identity; another container forgets every reservation. */
  container: () => Promise<ContainerClient>;
  clock: Clock;
  random(): number;
  /** Of one call to storage with its retries, in ms: the SDK would wait without end for an answer that never comes. */
  timeoutMs?: number;
}

/** One writer per identity across all instances, by a blob lease; beside it the ledger, changed by its ETag alone. */
export function createIdentityLocks(options: BlobLocksOptions): IdentityLocks {
  const { container, clock, timeoutMs = TIMEOUT_MS } = options;
  const random = () => options.random();
  /** Callers of this process, in order: only the first of them asks for the lease. */
  const lines = new Map<string, PromiseWithResolvers<void>[]>();

  async function blob(id: string, kind: 'json' | 'lock') {
    const hash = createHash('sha256').update(id.toLowerCase()).digest('hex').slice(0, 16);
    return (await container()).getBlockBlobClient(`${hash}.${kind}`);
  }

  async function waitForLease(
    id: string,
    { turn, withinMs }: { turn: Promise<void>; withinMs: number },
  ): Promise<HeldLease> {
    const deadline = clock.now() + withinMs;
    let isFirst = false;
    void turn.then(() => (isFirst = true));
    const leased = await blob(id, 'lock');
    do {
      const lease = isFirst ? await takeLease(leased, { clock, timeoutMs }) : 'busy';
      if (lease !== 'busy') return lease;
      const pause = clock.sleep(POLL_MS * (0.5 + random()));
      await (isFirst ? pause : Promise.race([turn, pause]));
    } while (clock.now() < deadline);
    throw busy(id, BACK_WITHIN_MS * (0.25 + random()));
  }

  const ledgers = createLedgers({ blobOf: (id) => blob(id, 'json'), clock, random, timeoutMs });

  return {
    async withLock(id, work, { withinMs = MAX_WAIT_MS } = {}) {
      const key = id.toLowerCase();
      const line = lines.get(key) ?? [];
      lines.set(key, line);
      const turn = Promise.withResolvers<void>();
      line.push(turn);
      line[0]?.resolve();
      try {
        const lease = await waitForLease(id, { turn: turn.promise, withinMs }).catch((error: unknown) =>
          fail(id, error),
        );
        try {
          return await work(lease);
        } finally {
          await lease.release();
        }
      } finally {
        line.splice(line.indexOf(turn), 1);
        line[0]?.resolve();
        if (line.length === 0) lines.delete(key);
      }
    },
    read: (id) => ledgers.read(id).catch((error: unknown) => fail(id, error)),
    async change(id, change) {
      const changed = await ledgers.change(id, change).catch((error: unknown) => fail(id, error));
      if (changed === 'contended') throw busy(id, MAX_WAIT_MS * random());
      return changed;
    },
  };
}

function busy(id: string, retryAfterMs: number): ProvisionerError {
  const name = lastSegment(id);
  return new ProvisionerError('conflict', `identity ${name} is being written by others`, {
    object: `Identity/${name}`,
    retryAfterMs: Math.round(retryAfterMs),
  });
}

function fail(id: string, error: unknown): never {
  if (error instanceof ProvisionerError) throw error;
  const status = statusOf(error);
  const { code, name } = error as { code?: string; name?: string };
  const said = status === undefined ? `did not answer (${code ?? name ?? 'unknown'})` : `answered ${status}`;
  throw new ProvisionerError(codeOfStatus(status), `ledger of identity ${lastSegment(id)}: storage ${said}`, {
    object: `Identity/${lastSegment(id)}`,
    cause: error,
  });
}

function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** The right to write to one identity, for as long as it lasts. */
export interface HeldLock {
  /** Ms until it may have ended, by our own clock and counted from before it was asked for. */
  remainingMs(): number;
}

/** What all instances of the app share of one identity. An id is an ARM id in any case, or any other word for a scope. */
export interface IdentityLocks {
  /**
   * Runs the work as the identity's only writer. Throws `conflict`, with the time after which to try again, where others
   * hold the lock longer than `withinMs`, 8 s when left out.
   */
  withLock<T>(identityId: string, work: (lock: HeldLock) => Promise<T>, options?: { withinMs?: number }): Promise<T>;
  /** The ledger as it is, an empty one where there is none. */
  read(identityId: string): Promise<Ledger>;
  /**
   * Changes the ledger as it is now, and again where another instance was quicker; `undefined` leaves it alone. Needs no
   * lock. Resolves to what it is afterwards.
   */
  change(identityId: string, change: (ledger: Ledger) => Ledger | undefined): Promise<Ledger>;
}
