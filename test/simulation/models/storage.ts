import type { Lease, Records } from '../../../lib/environment/ports/ports.ts';
import type { EnvironmentRecord, RecordSummary } from '../../../lib/environment/model/record.ts';
import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { fromMetadata, toMetadata } from '../../../lib/storage/records/metadata.ts';
import { type ModelNamings, modelNamings } from '../../support/fakes/namings.ts';
import { call } from './call.ts';
import type { Activity } from './hosts.ts';
import { type BlobLease, beginRenewal, isHeld, leave, remainingMs, startLease } from './leases.ts';
import { checkClaim, checkEvent } from '../checks/invariants.ts';
import type { Stage } from '../stage.ts';
import { toStored } from '../checks/stored.ts';

export interface Blob {
  record: EnvironmentRecord;
  etag: string;
  lease?: BlobLease;
  /** What a list shows of it, once one was asked for. */
  summary?: RecordSummary | undefined;
}

export interface Store {
  blobs: Map<string, Blob>;
  namings: ModelNamings;
  tags: number;
  /** First requests that came onto the queue. */
  accepted: readonly EnvironmentRequest[];
}

export function createStore(): Store {
  return { blobs: new Map(), namings: modelNamings(), tags: 0, accepted: [] };
}

/** The records as one activity sees them: ETags, leases that end, metadata for lists. */
export function recordsFor(stage: Stage, store: Store, who: Activity): Records {
  const { blobs } = store;
  // takes what it is given: callers hand over a copy
  const put = (slug: string, record: EnvironmentRecord): string => {
    const before = blobs.get(slug);
    const etag = `"${(store.tags += 1)}"`;
    if (before?.lease !== undefined && !isHeld(stage, before.lease)) before.lease.isTaken = true;
    blobs.set(slug, { record, etag, ...(before?.lease && { lease: before.lease }) });
    return etag;
  };
  const at = <T>(what: string, on: string, act: () => T): Promise<T> => call(stage, who, { what, on, act });
  return {
    read: (slug) =>
      at('READ', slug, () => {
        const blob = blobs.get(slug);
        return blob && { record: { ...blob.record }, etag: blob.etag };
      }),
    create(record) {
      const sent = toStored(record);
      return at('CREATE', record.name, () =>
        blobs.has(sent.name)
          ? { kind: 'exists' as const }
          : { kind: 'created' as const, stored: { etag: put(sent.name, sent), record: { ...sent } } },
      );
    },
    async write(record, held) {
      const sent = toStored(record);
      const etag = await at('WRITE', record.name, () => {
        const blob = blobs.get(sent.name);
        // an ETag that is not given is a condition that is not made
        const isSame = held.etag === '*' || blob?.etag === held.etag;
        const isOurs = blob?.lease?.id === held.lease.id && isHeld(stage, blob.lease);
        if (blob === undefined || !isSame || !isOurs) throw new ProvisionerError('conflict', 'the record changed');
        checkClaim(stage, blob.record, sent);
        checkEvent(stage, store.accepted, sent);
        return put(sent.name, sent);
      });
      return { record, etag };
    },
    remove: (slug, etag) =>
      at('REMOVE', slug, () => {
        const blob = blobs.get(slug);
        if (blob?.etag === etag && !isHeld(stage, blob.lease)) blobs.delete(slug);
      }),
    async *list() {
      const listed = await at('LIST', 'records', () =>
        [...blobs].map(([slug, blob]) => {
          // a write replaces the blob, and so what was made of it
          blob.summary ??= Object.freeze(fromMetadata(slug, toMetadata(blob.record)));
          return blob.summary;
        }),
      );
      for (const summary of listed) if (summary !== undefined) yield summary;
    },
    areNamed: (owners, way) => at('READ', 'namings', () => store.namings.areNamed(owners, way)),
    noteNamings: (owners, ways) => at('WRITE', 'namings', () => store.namings.note(owners, ways)),
    async lease(slug) {
      const askedAt = stage.now();
      const lease = await at('LEASE', slug, () => {
        const blob = blobs.get(slug);
        if (blob === undefined) return 'missing';
        if (isHeld(stage, blob.lease)) return 'busy';
        if (blob.lease !== undefined) blob.lease.isTaken = true;
        blob.lease = startLease(stage, { host: who.host, askedAt, number: (store.tags += 1) });
        return blob.lease;
      });
      if (lease === 'missing' || lease === 'busy') return { kind: lease };
      beginRenewal(stage, lease);
      who.lease = lease;
      const held: Lease = {
        id: lease.id,
        remainingMs: () => remainingMs(stage, lease),
        async release() {
          leave(lease);
          await at('RELEASE', slug, () => {
            lease.until = 0;
          }).catch(() => undefined);
        },
      };
      return { kind: 'held', lease: held };
    },
  };
}
