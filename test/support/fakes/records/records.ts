import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import type { Lease, Records } from '../../../../lib/environment/ports/ports.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { fromMetadata, toMetadata } from '../../../../lib/storage/records/metadata.ts';
import type { Call } from '../call.ts';
import { type FakeRecordLease, type LeaseTime, isHeld, remainingMs, startLease } from './leases.ts';
import { toStored } from './stored.ts';

export interface FakeRecord {
  /** Frozen all through but for its own fields. */
  record: EnvironmentRecord;
  etag: string;
  writtenAt: number;
  lease?: FakeRecordLease;
  /** What a list shows of it, once one was asked for. */
  summary?: RecordSummary | undefined;
}

export interface RecordStore {
  blobs: Map<string, FakeRecord>;
  namings: FakeNamings;
  /** Counts ETags and leases. */
  tags: number;
}

export function createRecordStore(): RecordStore {
  return { blobs: new Map(), namings: fakeNamings(), tags: 0 };
}

export interface RecordsOptions {
  call: Call;
  time: LeaseTime;
  /** A record is about to be replaced. */
  onWrite?(before: EnvironmentRecord, after: EnvironmentRecord): void;
  /** The holder of a lease has learnt that it is. */
  onHeld?(lease: FakeRecordLease): void;
}

/** The records as one caller sees them: ETags, leases that end, metadata for lists. */
export function recordsOf(store: RecordStore, { call, time, onWrite, onHeld }: RecordsOptions): Records {
  const { blobs } = store;
  // takes what it is given: callers hand over a copy
  const put = (slug: string, record: EnvironmentRecord): string => {
    const lease = blobs.get(slug)?.lease;
    const etag = `"${(store.tags += 1)}"`;
    if (lease !== undefined && !isHeld(time, lease)) lease.isTaken = true;
    blobs.set(slug, { record, etag, writtenAt: time.now(), ...(lease && { lease }) });
    return etag;
  };
  const at = <T>(what: string, on: string, act: () => T): Promise<T> => call({ what, on, act });
  return {
    read: (slug) =>
      at('read', slug, () => {
        const blob = blobs.get(slug);
        return blob && { record: { ...blob.record }, etag: blob.etag };
      }),
    create(record) {
      const sent = toStored(record);
      return at('create', record.name, () =>
        blobs.has(sent.name)
          ? { kind: 'exists' as const }
          : { kind: 'created' as const, stored: { etag: put(sent.name, sent), record: { ...sent } } },
      );
    },
    async write(record, held) {
      const sent = toStored(record);
      const etag = await at('write', record.name, () => {
        const blob = blobs.get(sent.name);
        // an ETag that is not given is a condition that is not made
        const isSame = held.etag === '*' || blob?.etag === held.etag;
        const isOurs = blob?.lease?.id === held.lease.id && isHeld(time, blob.lease);
        if (blob === undefined || !isSame || !isOurs) throw new ProvisionerError('conflict', 'the record changed');
        onWrite?.(blob.record, sent);
        return put(sent.name, sent);
      });
      return { record, etag };
    },
    remove: (slug, etag) =>
      at('remove', slug, () => {
        const blob = blobs.get(slug);
        if (blob?.etag === etag && !isHeld(time, blob.lease)) blobs.delete(slug);
      }),
    async *list() {
      const listed = await at('list', '', () =>
        [...blobs].flatMap(([slug, blob]): RecordSummary[] => {
          // a write replaces the blob, and so what was made of it
          blob.summary ??= Object.freeze(fromMetadata(slug, toMetadata(blob.record)));
          if (blob.summary === undefined) return [];
          const writtenAt = new Date(blob.writtenAt).toISOString();
          return [{ ...blob.summary, writtenAt, isLeased: isHeld(time, blob.lease) }];
        }),
      );
      yield* listed;
    },
    areNamed: (owners, way) => at('read', 'namings', () => store.namings.areNamed(owners, way)),
    noteNamings: (owners, ways) => at('write', 'namings', () => store.namings.note(owners, ways)),
    async lease(slug) {
      const askedAt = time.now();
      const lease = await at('lease', slug, () => {
        const blob = blobs.get(slug);
        if (blob === undefined) return 'missing';
        if (isHeld(time, blob.lease)) return 'busy';
        if (blob.lease !== undefined) blob.lease.isTaken = true;
        blob.lease = startLease(time, { id: `lease-${(store.tags += 1)}`, askedAt });
        return blob.lease;
      });
      if (lease === 'missing' || lease === 'busy') return { kind: lease };
      onHeld?.(lease);
      const held: Lease = {
        id: lease.id,
        remainingMs: () => remainingMs(time, lease),
        async release() {
          lease.isLeft = true;
          lease.heldUntil = 0;
          await at('release', slug, () => void (lease.until = 0)).catch(() => undefined);
        },
      };
      return { kind: 'held', lease: held };
    },
  };
}

/** How environments of each owner were named, as the blob beside the records holds it. */
export interface FakeNamings {
  areNamed(owners: readonly string[], way: string): boolean;
  note(owners: readonly string[], ways: readonly string[]): void;
  clear(): void;
}

function fakeNamings(): FakeNamings {
  const namings = new Map<string, Set<string>>();
  return {
    areNamed: (owners, way) =>
      owners.every((owner) => namings.get(owner)?.size === 1 && namings.get(owner)?.has(way) === true),
    note(owners, ways) {
      for (const owner of owners) namings.set(owner, new Set([...(namings.get(owner) ?? []), ...ways]));
    },
    clear: () => namings.clear(),
  };
}
