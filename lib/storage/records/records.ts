import type { ContainerClient } from '@azure/storage-blob';
import { ProvisionerError } from '../../errors.ts';
import type { Records, StoredRecord } from '../../environment/ports/ports.ts';
import type { EnvironmentRecord } from '../../environment/model/record.ts';
import type { RecordSummary } from '../../environment/model/record-summary.ts';
import { type LeaseTimer, acquireLease } from '../blob-lease.ts';
import { fromMetadata, toMetadata } from './metadata.ts';
import { createNamings } from './namings.ts';
import { TIMEOUT_MS, saysAbsent, toFault, toStorageError, withMade, within } from '../storage-error.ts';
import { shareAsks } from '../../concurrency.ts';

/** Where records live; changing it orphans every environment. */
export const RECORD_CONTAINER = 'environments';

const SUFFIX = '.json';
/** A list has pages. */
const LIST_CALLS = 4;
/** 60 s is the longest lease that ends by itself. */
const RECORD_LEASE = { seconds: 60, renewMs: 15_000 };
const JSON_HEADERS = { blobContentType: 'application/json' };

/** Records as JSON blobs, conditional on their ETag and written under their lease. */
export function createRecords(options: {
  container: () => Promise<ContainerClient>;
  /** Of one call with its retries. */
  timeoutMs?: number;
  timer?: LeaseTimer;
}): Records {
  const { container, timeoutMs = TIMEOUT_MS, timer } = options;
  const blobOf = async (slug: string) => (await container()).getBlockBlobClient(`${slug}${SUFFIX}`);

  return {
    async read(slug) {
      const blob = await blobOf(slug);
      try {
        const answer = await blob.download(0, undefined, { abortSignal: within(timeoutMs) });
        const text = await new Response(answer.readableStreamBody as unknown as ReadableStream).text();
        return { record: parseRecord(slug, text), etag: answer.etag ?? '' };
      } catch (thrown) {
        if (saysAbsent(thrown)) return undefined;
        throw toStorageError(thrown, nameOf(slug));
      }
    },

    async create(record) {
      const blob = await blobOf(record.name);
      try {
        const stored = await withMade(
          () => put(blob, record, { conditions: { ifNoneMatch: '*' }, timeoutMs }),
          async () => (await container()).createIfNotExists({ abortSignal: within(timeoutMs) }),
        );
        return { kind: 'created', stored };
      } catch (thrown) {
        if (toFault(thrown).code === 'BlobAlreadyExists') return { kind: 'exists' };
        throw toStorageError(thrown, nameOf(record.name));
      }
    },

    async write(record, held) {
      const blob = await blobOf(record.name);
      try {
        return await put(blob, record, { conditions: { ifMatch: held.etag, leaseId: held.lease.id }, timeoutMs });
      } catch (thrown) {
        throw toStorageError(thrown, nameOf(record.name));
      }
    },

    async remove(slug, etag) {
      try {
        await (await blobOf(slug)).delete({ conditions: { ifMatch: etag }, abortSignal: within(timeoutMs) });
      } catch (thrown) {
        const { status } = toFault(thrown);
        // gone, changed or leased by now: whoever did that decides
        if (!saysAbsent(thrown) && status !== 409 && status !== 412) throw toStorageError(thrown, nameOf(slug));
      }
    },

    async *list() {
      const client = await container();
      try {
        for await (const item of client.listBlobsFlat({
          includeMetadata: true,
          abortSignal: within(timeoutMs * LIST_CALLS),
        })) {
          if (!item.name.endsWith(SUFFIX)) continue;
          const slug = item.name.slice(0, -SUFFIX.length);
          const { lastModified, leaseState } = item.properties;
          const summary = fromMetadata(slug, item.metadata ?? {}) ?? unlisted(slug, lastModified);
          yield { ...summary, writtenAt: lastModified.toISOString(), isLeased: leaseState === 'leased' };
        }
      } catch (thrown) {
        if (!saysAbsent(thrown)) throw toStorageError(thrown, 'the list of records');
      }
    },

    ...createNamings({ container, timeoutMs }),

    async lease(slug) {
      return acquireLease(await blobOf(slug), { what: nameOf(slug), ...RECORD_LEASE, timeoutMs, timer });
    },
  };
}

type BlockBlob = ReturnType<ContainerClient['getBlockBlobClient']>;

async function put(
  blob: BlockBlob,
  record: EnvironmentRecord,
  options: { conditions: { ifMatch?: string; ifNoneMatch?: string; leaseId?: string }; timeoutMs: number },
): Promise<StoredRecord> {
  const text = JSON.stringify(record);
  const answer = await blob.upload(text, Buffer.byteLength(text), {
    conditions: options.conditions,
    abortSignal: within(options.timeoutMs),
    // an upload without metadata wipes it
    metadata: toMetadata(record),
    blobHTTPHeaders: JSON_HEADERS,
  });
  return { record, etag: answer.etag ?? '' };
}

/** The record in a blob. Throws for a damaged one or one of another version, which is left alone. */
function parseRecord(slug: string, text: string): EnvironmentRecord {
  const wrong = (what: string): ProvisionerError =>
    new ProvisionerError('input', `the record of environment ${slug} is ${what}; it was left alone`, {
      object: nameOf(slug),
      fix: `fix or delete the blob ${RECORD_CONTAINER}/${slug}${SUFFIX}`,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('not JSON');
  }
  if (typeof value !== 'object' || value === null) throw wrong('not a JSON object');
  const record = value as EnvironmentRecord;
  if (record.v !== 1) throw wrong('of another version');
  const whole =
    record.name === slug &&
    typeof record.ref === 'string' &&
    typeof record.namespace === 'string' &&
    typeof record.repository?.fullName === 'string' &&
    typeof record.event?.at === 'string' &&
    typeof record.event.reason === 'string' &&
    isStop(record.stop) &&
    Array.isArray(record.inventory) &&
    Array.isArray(record.history) &&
    Array.isArray(record.seen);
  if (!whole) throw wrong('damaged');
  return record;
}

/** A stop deletes the environment, so an incomplete one counts as damage. */
function isStop(stop: unknown): boolean {
  if (stop === undefined) return true;
  const { at, why } = (stop ?? {}) as { at?: unknown; why?: unknown };
  return typeof at === 'string' && typeof why === 'string';
}

/** A blob without our metadata: somebody wrote it by hand, or damaged it. It claims its name, and no more is known. */
function unlisted(slug: string, at: Date): RecordSummary {
  return {
    name: slug,
    namespace: `feature-${slug}`,
    phase: 'failed',
    repository: '',
    ref: '',
    at: at.toISOString(),
    error: { code: 'input' },
  };
}

function nameOf(slug: string): string {
  return `record ${slug}`;
}

/** Shares one list among concurrent callers: a list reads every record, and each of many new branches asks for it. */
export function shareLists(records: Records): Records {
  const ask = shareAsks(() => collect(records.list()));
  return {
    ...records,
    async *list() {
      yield* await ask();
    },
  };
}

async function collect(list: AsyncIterable<RecordSummary>): Promise<RecordSummary[]> {
  const summaries: RecordSummary[] = [];
  for await (const summary of list) summaries.push(summary);
  return summaries;
}
