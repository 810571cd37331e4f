import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MONOTONIC, acquireOrMake } from '../../../../lib/storage/blob-lease.ts';
import { type Answer, type StorageServer, startStorageServer } from './storage-server.ts';

let storage: StorageServer;

beforeAll(async () => {
  storage = await startStorageServer();
});
afterAll(() => storage.stop());
beforeEach(() => {
  storage.sent.length = 0;
  storage.answer();
});

const MISSING: Answer = { status: 404, code: 'BlobNotFound' };
const ACQUIRED: Answer = { status: 201 };

/** Asks for the lease; how often the blob was made. */
async function acquire() {
  let made = 0;
  const blob = (await storage.container()).getBlockBlobClient('blob');
  const options = { what: 'the blob', seconds: 30, renewMs: 5_000, timeoutMs: 8_000 };
  const leased = await acquireOrMake(blob, options, async () => void (made += 1)).catch((thrown: unknown) => thrown);
  return { leased, made };
}

describe('the lease of a blob that may not be there', () => {
  it.each<[string, Answer[], object, number, number]>([
    ['is held at once where it is', [ACQUIRED], { kind: 'held' }, 0, 1],
    ['is held once the blob is made', [MISSING, ACQUIRED], { kind: 'held' }, 1, 2],
    ['is busy where others hold it', [{ status: 409, code: 'LeaseAlreadyPresent' }], { kind: 'busy' }, 0, 1],
    ['is busy where others made it and hold it', [MISSING, { status: 409 }], { kind: 'busy' }, 1, 2],
    [
      'is given up as conflict where the blob goes away again',
      [MISSING, MISSING],
      { code: 'conflict', object: 'the blob', message: 'the lease of the blob: its blob went away' },
      2,
      2,
    ],
    [
      'fails where it cannot be asked for',
      [{ status: 412, code: 'ConditionNotMet' }],
      { code: 'conflict', object: 'the lease of the blob' },
      0,
      1,
    ],
    [
      'fails where something on the way says that there is none',
      [{ status: 404 }],
      { code: 'unavailable', object: 'the lease of the blob' },
      0,
      1,
    ],
  ])('%s', async (_what, answers, result, made, calls) => {
    storage.answer(...answers);
    const acquired = await acquire();
    expect(acquired.leased).toMatchObject(result);
    expect([acquired.made, storage.sent.length]).toEqual([made, calls]);
    const { leased } = acquired;
    if (leased instanceof Error || (leased as { kind: string }).kind !== 'held') return;
    const { lease } = leased as { lease: { remainingMs(): number; release(): Promise<void> } };
    expect(lease.remainingMs()).toBeGreaterThan(20_000);
    storage.answer({ status: 403, code: 'AuthorizationFailure' });
    await lease.release();
    expect(lease.remainingMs()).toBe(0);
  });

  it('counts time by a timer that keeps no process from ending', () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const stop = MONOTONIC.every(60_000, () => undefined);
    expect(timers()).toBe(before);
    stop();
  });
});
