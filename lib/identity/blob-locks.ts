import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import type { ContainerClient } from '@azure/storage-blob';
import type { Clock } from '../environment/peers.ts';
import { codeOfStatus, ProvisionerError } from '../errors.ts';
import { statusOf, takeLease } from './blob-lease.ts';
import type { HeldLease } from './blob-lease.ts';
import type { IdentityLocks } from './identity-locks.ts';
import { newLedger, parseLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';

/** A function waits no longer than this; its request is put back. */
const MAX_WAIT_MS = 8_000;
const POLL_MS = 200;
/** Soon, since it has waited already: a lock that nobody waits for is time lost. */
const BACK_WITHIN_MS = 4_000;
const MAX_CHANGES = 20;
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
  const within = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });
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

  async function load(id: string): Promise<{ ledger: Ledger; etag?: string }> {
    try {
      const found = await (await blob(id, 'json')).download(0, undefined, within());
      const ledger = parseLedger(found.readableStreamBody === undefined ? '' : await text(found.readableStreamBody));
      return found.etag === undefined ? { ledger } : { ledger, etag: found.etag };
    } catch (error) {
      if (statusOf(error) === 404) return { ledger: newLedger() };
      throw error;
    }
  }

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
    async read(id) {
      return (await load(id).catch((error: unknown) => fail(id, error))).ledger;
    },
    async change(id, change) {
      for (let attempt = 0; attempt < MAX_CHANGES; attempt++) {
        try {
          const { ledger, etag } = await load(id);
          const changed = change(ledger);
          if (changed === undefined || changed === ledger) return changed ?? ledger;
          const body = JSON.stringify(changed);
          const conditions = etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
          const headers = { blobContentType: 'application/json' };
          await (
            await blob(id, 'json')
          ).upload(body, Buffer.byteLength(body), { conditions, blobHTTPHeaders: headers, ...within() });
          return changed;
        } catch (error) {
          if (statusOf(error) !== 409 && statusOf(error) !== 412) return fail(id, error);
          await clock.sleep(20 * attempt * random());
        }
      }
      throw busy(id, MAX_WAIT_MS * random());
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
  const said = status === undefined ? 'did not answer' : `answered ${status}`;
  throw new ProvisionerError(codeOfStatus(status), `ledger of identity ${lastSegment(id)}: storage ${said}`, {
    object: `Identity/${lastSegment(id)}`,
    cause: error,
  });
}

function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}
