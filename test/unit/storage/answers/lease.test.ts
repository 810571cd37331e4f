import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { BlockBlobClient } from '@azure/storage-blob';
import type { Lease } from '../../../../lib/environment/ports/ports.ts';
import { acquireLease } from '../../../../lib/storage/blob-lease.ts';
import { type FailingStorage, startFailingStorage } from './failing-storage.ts';

let storage: FailingStorage;
let blob: BlockBlobClient;
let now: number;
let renew: (() => void) | undefined;
let isStopped: boolean;

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
beforeEach(async () => {
  const container = await storage.container();
  await container.create();
  blob = container.getBlockBlobClient('blob');
  await blob.upload('', 0);
  now = 1_000_000;
  isStopped = false;
});
afterEach(() => storage.heal());

async function hold(): Promise<Lease> {
  const leased = await acquireLease(blob, {
    what: 'the blob',
    seconds: 30,
    renewMs: 5_000,
    timeoutMs: 8_000,
    timer: {
      now: () => now,
      every(ms, work) {
        expect(ms).toBe(5_000);
        renew = work;
        return () => (isStopped = true);
      },
    },
  });
  if (leased.kind !== 'held') throw new Error('nobody else is here');
  return leased.lease;
}

/** Some seconds later the lease is renewed, and the answer comes. */
async function renewAfter(ms: number): Promise<void> {
  now += ms;
  const before = storage.calls.length;
  renew?.();
  const isAnswered = () => storage.calls.length > before;
  for (let tries = 0; tries < 200 && !isAnswered(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  // a 500 is tried twice more by the client
  await new Promise((resolve) => setTimeout(resolve, 1_200));
}

describe('a lease that is renewed by the real client', () => {
  it('lasts as long again from each renewal, and the blob stays held', async () => {
    const lease = await hold();
    await renewAfter(20_000);
    expect(lease.remainingMs()).toBe(30_000);
    expect(
      await blob
        .getBlobLeaseClient()
        .acquireLease(15)
        .catch((error: { statusCode?: number }) => error.statusCode),
    ).toBe(409);
    await lease.release();
    await blob.getBlobLeaseClient().acquireLease(15);
  });

  it.each(['409', '412'] as const)('ends at once where its renewal is answered %s', async (status) => {
    const lease = await hold();
    storage.fail(/comp=lease/, status);
    await renewAfter(5_000);
    expect(lease.remainingMs()).toBe(0);
    expect(isStopped).toBe(true);
  });

  it.each(['403', '500', 'cut-before'] as const)(
    'keeps what is left of it where its renewal fails by %s',
    async (kind) => {
      const lease = await hold();
      storage.fail(/comp=lease/, kind);
      await renewAfter(5_000);
      expect(lease.remainingMs()).toBe(25_000);
      expect(isStopped).toBe(false);
      storage.heal();
      await lease.release();
    },
  );

  it('ends where somebody broke it and took the blob', async () => {
    const lease = await hold();
    await blob.getBlobLeaseClient().breakLease(0);
    await blob.getBlobLeaseClient().acquireLease(15);
    await renewAfter(5_000);
    expect(lease.remainingMs()).toBe(0);
  });

  it('is not stretched by a renewal that is answered after it was let go', async () => {
    const lease = await hold();
    const answered = storage.calls.length;
    renew?.();
    await lease.release();
    expect(storage.calls.length).toBeGreaterThan(answered);
    expect(lease.remainingMs()).toBe(0);
  });
});
