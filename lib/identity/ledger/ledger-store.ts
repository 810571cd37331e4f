import { text } from 'node:stream/consumers';
import type { BlockBlobClient } from '@azure/storage-blob';
import type { Clock } from '../../environment/ports/ports.ts';
import { shareAsks } from '../../concurrency.ts';
import { statusOf } from '../../storage/blob-lease.ts';
import { type Ledger, newLedger, parseLedger } from './ledger.ts';

const MAX_TRIES = 20;

/** `undefined` leaves the ledger alone. Called again where another instance was quicker. */
export type ChangeLedger = (ledger: Ledger) => Ledger | undefined;

export interface Ledgers {
  read(id: string): Promise<Ledger>;
  /** Resolves to the ledger as this change left it; to `contended` where others were quicker every time. */
  change(id: string, change: ChangeLedger): Promise<Ledger | 'contended'>;
}

interface Pending {
  change: ChangeLedger;
  done: PromiseWithResolvers<Ledger | 'contended'>;
}

/** Ledgers as JSON blobs, changed by their ETags; what one process asks for at a time is read once and goes into one write. */
export function createLedgers(options: {
  blobOf(id: string): Promise<BlockBlobClient>;
  clock: Clock;
  random(): number;
  timeoutMs: number;
}): Ledgers {
  const { blobOf, clock, timeoutMs } = options;
  const within = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });
  const waiting = new Map<string, Pending[]>();
  const reads = new Map<string, () => Promise<Ledger>>();

  async function load(id: string): Promise<{ ledger: Ledger; etag?: string }> {
    try {
      const found = await (await blobOf(id)).download(0, undefined, within());
      const ledger = parseLedger(found.readableStreamBody === undefined ? '' : await text(found.readableStreamBody));
      return found.etag === undefined ? { ledger } : { ledger, etag: found.etag };
    } catch (error) {
      if (statusOf(error) === 404) return { ledger: newLedger() };
      throw error;
    }
  }

  async function store(id: string, ledger: Ledger, etag: string | undefined): Promise<void> {
    const body = JSON.stringify(ledger);
    const conditions = etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
    const blobHTTPHeaders = { blobContentType: 'application/json' };
    await (await blobOf(id)).upload(body, Buffer.byteLength(body), { conditions, blobHTTPHeaders, ...within() });
  }

  /** What comes while the ledger is on its way waits for the next write. */
  async function work(id: string, line: Pending[]): Promise<void> {
    while (line.length > 0) {
      const batch = line.splice(0);
      try {
        await writeAll(id, batch);
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    waiting.delete(id);
  }

  async function writeAll(id: string, batch: readonly Pending[]): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        const { ledger, etag } = await load(id);
        let last = ledger;
        const settle = batch.map(({ change, done }) => {
          try {
            const own = (last = change(last) ?? last);
            return () => done.resolve(own);
          } catch (thrown) {
            return () => done.reject(thrown);
          }
        });
        if (last !== ledger) await store(id, last, etag);
        for (const one of settle) one();
        return;
      } catch (error) {
        if (statusOf(error) !== 409 && statusOf(error) !== 412) throw error;
        await clock.sleep(20 * tries * options.random());
      }
    }
    for (const { done } of batch) done.resolve('contended');
  }

  return {
    read(id) {
      const key = id.toLowerCase();
      const read = reads.get(key) ?? shareAsks(async () => (await load(id)).ledger);
      reads.set(key, read);
      return read();
    },
    change(id, change) {
      const key = id.toLowerCase();
      const done = Promise.withResolvers<Ledger | 'contended'>();
      const line = waiting.get(key);
      if (line !== undefined) line.push({ change, done });
      else {
        const begun = [{ change, done }];
        waiting.set(key, begun);
        void work(key, begun);
      }
      return done.promise;
    },
  };
}
