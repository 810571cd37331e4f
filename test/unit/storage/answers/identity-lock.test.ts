import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IdentityLocks } from '../../../../lib/identity/writer/identity-lock.ts';
import { identityId, makeLocks } from '../../../identity/world.ts';
import { type FailingStorage, startFailingStorage } from './failing-storage.ts';

const ONE = identityId('pool-1');
/** The upload of the empty blob that is leased. */
const MAKE = /PUT (?!.*comp=lease).*\.lock/;
const LEASE = /PUT .*\.lock\?.*comp=lease/;

let storage: FailingStorage;
let locks: IdentityLocks;

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
beforeEach(async () => {
  const container = await storage.container();
  await container.createIfNotExists();
  locks = makeLocks(container);
});
afterEach(() => storage.heal());

const lock = () => locks.withLock(ONE, async () => 'done');

describe('the lock of an identity', () => {
  it.each(['409', '412'] as const)('that others made just before, by %s, is asked for again', async (status) => {
    storage.fail(MAKE, status);
    // nobody did in truth, so that it is not there the second time either
    await expect(lock()).rejects.toMatchObject({
      code: 'conflict',
      message: 'the lease of identity pool-1: its blob went away',
    });
    storage.heal();
    await expect(lock()).resolves.toBe('done');
  });

  it.each([
    ['403', 'not-permitted'],
    ['404', 'unavailable'],
    ['500', 'unavailable'],
  ] as const)('is held by nobody where a call is answered %s: %s', async (status, code) => {
    storage.fail(MAKE, status);
    await expect(lock()).rejects.toMatchObject({ code, object: 'the lock of identity pool-1' });
    storage.fail(LEASE, status);
    await expect(lock()).rejects.toMatchObject({ code, object: 'the lease of identity pool-1' });
    storage.heal();
    await expect(lock()).resolves.toBe('done');
  });
});
