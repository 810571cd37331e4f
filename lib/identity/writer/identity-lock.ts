import { nameOfIdentity } from '../../azure/arm-client.ts';
import { createHash } from 'node:crypto';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import type { Clock, Lease, LeaseResult } from '../../environment/ports/ports.ts';
import { ProvisionerError } from '../../errors.ts';
import { type LeaseTimer, acquireOrMake } from '../../storage/blob-lease.ts';
import { type JsonBlob, createJsonBlob } from '../../storage/json-blob.ts';
import { toFault, toStorageError, withMade, within } from '../../storage/storage-error.ts';

import { type Ledger, parseLedger } from '../ledger/ledger.ts';

/** A function waits no longer than this; its request is requeued. */
const MAX_WAIT_MS = 8_000;
const POLL_MS = 200;
/** Requeued for soon: it has waited already, and a free lock is lost time. */
const BACK_WITHIN_MS = 4_000;
const TIMEOUT_MS = 8_000;
/** How long a killed holder blocks an identity. Covers one ARM call and the margin of 10 s. */
const LEASE = { seconds: 30, renewMs: 5_000 };

/** The right to write to one identity, for as long as it lasts. */
export type HeldLock = Pick<Lease, 'remainingMs'>;

/** What all instances of the app share of one identity. An id is an ARM id in any case, or any other name of a scope. */
export interface IdentityLocks {
  /**
   * Runs the work as the identity's only writer. Throws `conflict`, with the time after which to try again, where others
   * hold the lock longer than `withinMs`, 8 s when left out.
   */
  withLock<T>(identityId: string, work: (lock: HeldLock) => Promise<T>, options?: { withinMs?: number }): Promise<T>;
  /** The ledger as it is, or as this process knew it at most `maxAgeMs` ago; an empty one where there is none. */
  read(identityId: string, maxAgeMs?: number): Promise<Ledger>;
  /**
   * Changes the ledger as it is now, and again where another instance was faster; `undefined` leaves it alone. Needs no
   * lock. Resolves to what it is afterwards.
   */
  change(identityId: string, change: (ledger: Ledger) => Ledger | undefined): Promise<Ledger>;
}

export interface IdentityLocksOptions {
  /** Of blobs `<hash>.json` and `<hash>.lock`, one pair per identity; another container forgets every reservation. */
  container: () => Promise<ContainerClient>;
  clock: Clock;
  random(): number;
  /** Of one call to storage with its retries, in ms: the SDK would wait forever for an answer that never comes. */
  timeoutMs?: number;
  timer?: LeaseTimer;
}

/** One writer per identity across all instances, by a blob lease; beside it the ledger, changed by its ETag alone. */
export function createIdentityLocks(options: IdentityLocksOptions): IdentityLocks {
  const { container, clock, timeoutMs = TIMEOUT_MS, timer } = options;
  const random = () => options.random();
  /** Callers of this process, in order: only the first of them asks for the lease. */
  const queues = new Map<string, PromiseWithResolvers<void>[]>();
  const ledgers = new Map<string, JsonBlob<Ledger>>();

  function ledgerOf(id: string): JsonBlob<Ledger> {
    const key = id.toLowerCase();
    const name = `${hashOf(id)}.json`;
    const what = `the ledger of identity ${nameOfIdentity(id)}`;
    const ledger =
      ledgers.get(key) ?? createJsonBlob({ container, name, what, parse: parseLedger, clock, random, timeoutMs });
    ledgers.set(key, ledger);
    return ledger;
  }

  /** Takes the lease of an empty blob, which is made if it is missing. */
  async function take(id: string): Promise<LeaseResult> {
    const what = `identity ${nameOfIdentity(id)}`;
    try {
      const client = await container();
      const blob = client.getBlockBlobClient(`${hashOf(id)}.lock`);
      return await acquireOrMake(blob, { what, ...LEASE, timeoutMs, timer }, () => make(client, blob));
    } catch (thrown) {
      throw toStorageError(thrown, `the lock of ${what}`);
    }
  }

  async function make(client: ContainerClient, blob: BlockBlobClient): Promise<void> {
    const abortSignal = within(timeoutMs);
    const upload = () => blob.upload('', 0, { conditions: { ifNoneMatch: '*' }, abortSignal });
    await withMade(upload, () => client.createIfNotExists({ abortSignal })).catch((thrown: unknown) => {
      // 409: it exists by now; 412: it exists and is leased
      const { status } = toFault(thrown);
      if (status !== 409 && status !== 412) throw thrown;
    });
  }

  async function waitForLease(
    id: string,
    { turn, withinMs }: { turn: Promise<void>; withinMs: number },
  ): Promise<Lease> {
    const deadline = clock.now() + withinMs;
    let isFirst = false;
    void turn.then(() => (isFirst = true));
    await Promise.resolve();
    do {
      const leased = isFirst ? await take(id) : undefined;
      if (leased?.kind === 'held') return leased.lease;
      const pause = clock.sleep(POLL_MS * (0.5 + random()));
      await (isFirst ? pause : Promise.race([turn, pause]));
    } while (clock.now() < deadline);
    const name = nameOfIdentity(id);
    throw new ProvisionerError('conflict', `identity ${name} is being written by others`, {
      object: `Identity/${name}`,
      retryAfterMs: Math.round(BACK_WITHIN_MS * (0.25 + random())),
    });
  }

  return {
    async withLock(id, work, { withinMs = MAX_WAIT_MS } = {}) {
      const key = id.toLowerCase();
      const queue = queues.get(key) ?? [];
      queues.set(key, queue);
      const turn = Promise.withResolvers<void>();
      queue.push(turn);
      queue[0]?.resolve();
      try {
        const lease = await waitForLease(id, { turn: turn.promise, withinMs });
        try {
          return await work(lease);
        } finally {
          await lease.release();
        }
      } finally {
        queue.splice(queue.indexOf(turn), 1);
        queue[0]?.resolve();
        if (queue.length === 0) queues.delete(key);
      }
    },
    read: (id, maxAgeMs) => ledgerOf(id).read(maxAgeMs),
    change: (id, change) => ledgerOf(id).change(change),
  };
}

function hashOf(id: string): string {
  return createHash('sha256').update(id.toLowerCase()).digest('hex').slice(0, 16);
}
