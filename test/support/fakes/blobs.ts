import type { ContainerClient } from '@azure/storage-blob';
import { type Call, sdkError } from './call.ts';

export interface FakeLease {
  id: string;
  /** Who asked for it. */
  holder: string;
  acquiredAt: number;
  until: number;
}

export interface FakeBlob {
  text: string;
  etag: string;
  lease?: FakeLease;
}

/** What a container holds; every instance of the app has a client of its own over it. */
export interface BlobStore {
  blobs: Map<string, FakeBlob>;
  /** Counts ETags and leases. */
  tags: number;
  /** Told of each write, with what the blob held before. */
  onWrite?: (name: string, before: string | undefined, after: string) => void;
}

export function createBlobStore(): BlobStore {
  return { blobs: new Map(), tags: 0 };
}

interface Conditions {
  ifMatch?: string;
  ifNoneMatch?: string;
  leaseId?: string;
}

/** A container's client as far as lib/storage uses it: block blobs, conditions on ETags, leases that end by themselves. */
export function containerOf(
  store: BlobStore,
  { call, now, holder }: { call: Call; now(): number; holder: string },
): ContainerClient {
  const { blobs } = store;
  const heldLease = (name: string): FakeLease | undefined => {
    const lease = blobs.get(name)?.lease;
    return lease !== undefined && lease.until > now() ? lease : undefined;
  };
  const find = (name: string): FakeBlob => {
    const blob = blobs.get(name);
    if (blob === undefined) throw sdkError(404, { code: 'BlobNotFound' });
    return blob;
  };
  const at = <T>(what: string, on: string, act: () => T): Promise<T> => call({ what, on, act, toError });

  function put(name: string, text: string, { ifMatch, ifNoneMatch, leaseId }: Conditions): { etag: string } {
    const blob = blobs.get(name);
    const lease = heldLease(name);
    if (lease !== undefined && leaseId !== lease.id) throw sdkError(412, { code: 'LeaseIdMissing' });
    if (ifNoneMatch === '*' && blob !== undefined) throw sdkError(409, { code: 'BlobAlreadyExists' });
    if (ifMatch !== undefined && blob?.etag !== ifMatch) throw sdkError(412, { code: 'ConditionNotMet' });
    const etag = `"${(store.tags += 1)}"`;
    store.onWrite?.(name, blob?.text, text);
    blobs.set(name, { text, etag, ...(blob?.lease !== undefined && { lease: blob.lease }) });
    return { etag };
  }

  function getBlobLeaseClient(name: string) {
    let leaseId = '';
    const own = (): FakeLease => {
      const { lease } = find(name);
      if (lease?.id !== leaseId) throw sdkError(409, { code: 'LeaseIdMismatchWithLeaseOperation' });
      return lease;
    };
    let seconds = 0;
    return {
      get leaseId() {
        return leaseId;
      },
      acquireLease: (duration: number) =>
        at('LEASE', name, () => {
          const blob = find(name);
          if (heldLease(name) !== undefined) throw sdkError(409, { code: 'LeaseAlreadyPresent' });
          seconds = duration;
          leaseId = `lease-${(store.tags += 1)}`;
          blob.lease = { id: leaseId, holder, acquiredAt: now(), until: now() + seconds * 1_000 };
          return { leaseId };
        }),
      renewLease: () => at('RENEW', name, () => void (own().until = now() + seconds * 1_000)),
      releaseLease: () => at('RELEASE', name, () => void (own().until = 0)),
    };
  }

  const client = {
    createIfNotExists: () => at('PUT', 'container', () => undefined),
    getBlockBlobClient: (name: string) => ({
      download: () =>
        at('GET', name, () => {
          const { text, etag } = find(name);
          return { etag, readableStreamBody: [text] };
        }),
      upload: (text: string, _length: number, { conditions = {} }: { conditions?: Conditions } = {}) =>
        at('PUT', name, () => put(name, text, conditions)),
      getBlobLeaseClient: () => getBlobLeaseClient(name),
    }),
  };
  return client as unknown as ContainerClient;
}

function toError(status: number | undefined): Error {
  // the service answers so only for a blob that is missing
  const code = status === 404 ? 500 : status;
  return sdkError(code, { code: code === undefined ? 'REQUEST_SEND_ERROR' : 'Fault' });
}
