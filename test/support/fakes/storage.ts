import { ProvisionerError } from '../../../lib/errors.ts';
import type { Lease, Records, Requests, StoredRecord } from '../../../lib/environment/ports/ports.ts';
import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import { fromMetadata, toMetadata } from '../../../lib/storage/records/metadata.ts';
import { type ModelNamings, modelNamings } from './namings.ts';
import type { Turn, VirtualClock } from './clock.ts';

const LEASE_MS = 60_000;

/** Blob storage as the records use it: ETags, leases that end, metadata for lists. */
export interface ModelRecords extends Records {
  namings: ModelNamings;
  blobs: Map<string, { text: string; etag: string; writtenAt: number; lease?: { id: string; until: number } }>;
}

export function modelRecords({ clock, turn }: { clock: VirtualClock; turn: Turn }): ModelRecords {
  const blobs: ModelRecords['blobs'] = new Map();
  const namings = modelNamings();
  let etags = 0;
  const put = (slug: string, record: StoredRecord['record']): StoredRecord => {
    const etag = `"${(etags += 1)}"`;
    const lease = blobs.get(slug)?.lease;
    blobs.set(slug, { text: JSON.stringify(record), etag, writtenAt: clock.now(), ...(lease && { lease }) });
    return { record, etag };
  };
  const isHeld = (slug: string): boolean => (blobs.get(slug)?.lease?.until ?? 0) > clock.now();
  return {
    blobs,
    namings,
    async read(slug) {
      await turn(`read ${slug}`);
      const blob = blobs.get(slug);
      return blob && { record: JSON.parse(blob.text) as StoredRecord['record'], etag: blob.etag };
    },
    async create(record) {
      await turn(`create ${record.name}`);
      if (blobs.has(record.name)) return { kind: 'exists' };
      return { kind: 'created', stored: put(record.name, structuredClone(record)) };
    },
    async write(record, held) {
      await turn(`write ${record.name}`);
      const blob = blobs.get(record.name);
      const isOurs = blob?.lease?.id === held.lease.id && isHeld(record.name);
      if (blob?.etag !== held.etag || !isOurs) throw new ProvisionerError('conflict', 'the record changed');
      return put(record.name, structuredClone(record));
    },
    async remove(slug, etag) {
      await turn(`remove ${slug}`);
      if (blobs.get(slug)?.etag === etag && !isHeld(slug)) blobs.delete(slug);
    },
    async *list() {
      await turn('list');
      for (const [slug, { text, writtenAt }] of [...blobs]) {
        const summary = fromMetadata(slug, toMetadata(JSON.parse(text) as StoredRecord['record']));
        if (summary) yield { ...summary, writtenAt: new Date(writtenAt).toISOString(), isLeased: isHeld(slug) };
      }
    },
    async areNamed(owners, way) {
      await turn('read namings');
      return namings.areNamed(owners, way);
    },
    async noteNamings(owners, ways) {
      await turn('write namings');
      namings.note(owners, ways);
    },
    async lease(slug) {
      await turn(`lease ${slug}`);
      const blob = blobs.get(slug);
      if (!blob) return { kind: 'missing' };
      if (isHeld(slug)) return { kind: 'busy' };
      const held = { id: `lease-${(etags += 1)}`, until: clock.now() + LEASE_MS };
      blob.lease = held;
      const lease: Lease = {
        id: held.id,
        remainingMs: () => held.until - clock.now(),
        async release() {
          if (blobs.get(slug)?.lease === held) held.until = 0;
        },
      };
      return { kind: 'held', lease };
    },
  };
}

export interface ModelRequests extends Requests {
  waiting: { request: EnvironmentRequest; due: number }[];
  poison: { message: unknown; due: number }[];
}

export function modelRequests({ clock, turn }: { clock: VirtualClock; turn: Turn }): ModelRequests {
  const waiting: ModelRequests['waiting'] = [];
  const poison: ModelRequests['poison'] = [];
  return {
    waiting,
    poison,
    async send(request, delayMs = 0) {
      await turn(`send ${request.environment}`);
      waiting.push({ request: structuredClone(request), due: clock.now() + delayMs });
    },
    async sendToPoison(message, delayMs) {
      await turn('poison');
      poison.push({ message: structuredClone(message), due: clock.now() + delayMs });
    },
  };
}
