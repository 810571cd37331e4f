import { text } from 'node:stream/consumers';
import type { ContainerClient } from '@azure/storage-blob';
import { shareAsks } from '../concurrency.ts';
import { ProvisionerError } from '../errors.ts';
import { saysAbsent, toFault, toStorageError, withMade, within } from './storage-error.ts';

/** Each lost try was won by another instance, so all of them get through within a few. */
const MAX_TRIES = 20;
const RETRY_AFTER_MS = 8_000;
const JSON_HEADERS = { blobContentType: 'application/json' };

export interface JsonBlob<T> {
  /** The value as it is now, or, where `maxAgeMs` allows, as this process last read or wrote it. */
  read(maxAgeMs?: number): Promise<T>;
  /**
   * Changes the value as it is now, and again where another instance was faster; `undefined` leaves it alone. Resolves to
   * the value afterwards. A change must not modify what it is given.
   */
  change(change: (value: T) => T | undefined): Promise<T>;
}

interface Pending<T> {
  change: (value: T) => T | undefined;
  done: PromiseWithResolvers<T>;
}

interface Known<T> {
  value: T;
  /** Absent while there is no blob. */
  etag: string | undefined;
  /** When it was asked for. */
  at: number;
}

/** A small JSON blob that all instances change by its ETag. One writer per process: what waits goes into one write. */
export function createJsonBlob<T>(options: {
  container: () => Promise<ContainerClient>;
  name: string;
  /** What an error names. */
  what: string;
  /** The value in a blob's text; `undefined` while there is no blob. */
  parse(text: string | undefined): T;
  clock: { now(): number; sleep(ms: number): Promise<void> };
  random(): number;
  /** Of one call with its retries, in ms. */
  timeoutMs: number;
}): JsonBlob<T> {
  const { container, name, what, parse, clock, random, timeoutMs } = options;
  const blob = async () => (await container()).getBlockBlobClient(name);
  const waiting: Pending<T>[] = [];
  let isWriting = false;
  /** May be outdated: then a write by its ETag fails, and a change that decides to write nothing is run again. */
  let known: Known<T> | undefined;

  async function load(): Promise<Known<T>> {
    const at = clock.now();
    try {
      const found = await (await blob()).download(0, undefined, { abortSignal: within(timeoutMs) });
      const body = found.readableStreamBody === undefined ? '' : await text(found.readableStreamBody);
      known = { value: parse(body), etag: found.etag, at };
    } catch (thrown) {
      if (!saysAbsent(thrown)) throw toStorageError(thrown, what);
      known = { value: parse(undefined), etag: undefined, at };
    }
    return known;
  }

  async function store(value: T, etag: string | undefined): Promise<'stored' | 'changed'> {
    const body = JSON.stringify(value);
    const at = clock.now();
    known = undefined;
    const put = async () =>
      (await blob()).upload(body, Buffer.byteLength(body), {
        conditions: etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag },
        blobHTTPHeaders: JSON_HEADERS,
        abortSignal: within(timeoutMs),
      });
    try {
      const stored = await withMade(put, async () =>
        (await container()).createIfNotExists({ abortSignal: within(timeoutMs) }),
      );
      known = { value, etag: stored.etag, at };
      return 'stored';
    } catch (thrown) {
      const { status } = toFault(thrown);
      if (status === 409 || status === 412) return 'changed';
      throw toStorageError(thrown, what);
    }
  }

  /** Applies the changes in order; one that throws fails alone. */
  async function writeAll(batch: readonly Pending<T>[]): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const isOutdated = known !== undefined;
      const { value, etag } = known ?? (await load());
      let last = value;
      const finish = batch.map(({ change, done }) => {
        try {
          const own = (last = change(last) ?? last);
          return () => done.resolve(own);
        } catch (thrown) {
          return () => done.reject(thrown);
        }
      });
      if (last === value && isOutdated) {
        known = undefined;
        continue;
      }
      if (last === value || (await store(last, etag)) === 'stored') {
        for (const one of finish) one();
        return;
      }
      await clock.sleep(20 * tries * random());
    }
    throw new ProvisionerError('conflict', `${what} is written by others too fast`, {
      object: what,
      retryAfterMs: Math.round(RETRY_AFTER_MS * random()),
    });
  }

  async function write(): Promise<void> {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0);
      await writeAll(batch).catch((thrown: unknown) => {
        for (const { done } of batch) done.reject(thrown);
      });
    }
    isWriting = false;
  }

  const loadShared = shareAsks(load);
  return {
    async read(maxAgeMs = 0) {
      if (known !== undefined && maxAgeMs > 0 && clock.now() - known.at < maxAgeMs) return known.value;
      return (await loadShared()).value;
    },
    change(change) {
      const done = Promise.withResolvers<T>();
      waiting.push({ change, done });
      if (!isWriting) void write();
      return done.promise;
    },
  };
}
