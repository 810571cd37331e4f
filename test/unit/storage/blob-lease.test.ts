import { describe, expect, it } from '@jest/globals';
import type { BlockBlobClient } from '@azure/storage-blob';
import { acquireLease } from '../../../lib/storage/blob-lease.ts';

const refused = (statusCode: number) => Object.assign(new Error(`answered ${statusCode}`), { statusCode });

/** A blob whose service answers as told, and a clock that only the test moves. */
async function hold(renew: () => Promise<void>) {
  let now = 1_000_000;
  let due: (() => void) | undefined;
  let isStopped = false;
  const client = {
    leaseId: 'lease-1',
    acquireLease: async () => {
      now += 2_000;
      return { leaseId: 'lease-1' };
    },
    renewLease: renew,
    releaseLease: async () => ({}),
  };
  const leased = await acquireLease({ getBlobLeaseClient: () => client } as unknown as BlockBlobClient, {
    what: 'identity pool-1',
    seconds: 30,
    renewMs: 5_000,
    timeoutMs: 1_000,
    timer: {
      now: () => now,
      every(_ms, work) {
        due = work;
        return () => (isStopped = true);
      },
    },
  });
  if (leased.kind !== 'held') throw new Error('nobody else is here');
  return {
    lease: leased.lease,
    isStopped: () => isStopped,
    async pass(ms: number) {
      now += ms;
      due?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('a lease', () => {
  it('counts from before it was asked for, and from before each renewal', async () => {
    const { lease, pass } = await hold(async () => {});
    expect(lease.remainingMs()).toBe(28_000);

    await pass(5_000);
    expect(lease.remainingMs()).toBe(30_000);
  });

  it.each([409, 412])('has ended once its renewal is answered %i, whatever comes after', async (status) => {
    let isTaken = true;
    const { lease, pass, isStopped } = await hold(async () => {
      if (isTaken) throw refused(status);
    });
    await pass(5_000);
    expect(lease.remainingMs()).toBeLessThanOrEqual(0);
    expect(isStopped()).toBe(true);

    isTaken = false;
    await pass(5_000);
    expect(lease.remainingMs()).toBeLessThanOrEqual(0);
  });

  it.each([500, 503, undefined])('keeps what is left of it where a renewal fails otherwise: %p', async (status) => {
    const { lease, pass } = await hold(async () => {
      throw status === undefined ? new Error('ECONNRESET') : refused(status);
    });
    await pass(5_000);
    expect(lease.remainingMs()).toBe(23_000);
  });

  it('is not stretched by a wall clock that is set back', async () => {
    const { now } = Date;
    const leased = await acquireLease(
      {
        getBlobLeaseClient: () => ({
          acquireLease: async () => ({ leaseId: 'lease-1' }),
          releaseLease: async () => ({}),
        }),
      } as unknown as BlockBlobClient,
      { what: 'identity pool-1', seconds: 30, renewMs: 5_000, timeoutMs: 1_000 },
    );
    if (leased.kind !== 'held') throw new Error('nobody else is here');
    Date.now = () => now() - 25_000;
    try {
      expect(leased.lease.remainingMs()).toBeLessThanOrEqual(30_000);
    } finally {
      Date.now = now;
      await leased.lease.release();
    }
  });
});
