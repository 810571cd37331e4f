import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PlannedFault, tryFaults } from './life/lives.ts';
import { startStorageAccounts, type StorageAccounts } from './life/storage-accounts.ts';

/** Of all faults; `npm run test:soak` tries as many as its time allows. */
const SHARE = 16;
/** Of those that refuse a question whether the policies hold. */
const PROBE_SHARE = 6;
const SEED = 20_261_123;

let accounts: StorageAccounts;

beforeAll(async () => {
  accounts = await startStorageAccounts(SHARE + 1 + PROBE_SHARE + 1);
});
afterAll(() => accounts.stop());

describe('a life in which one call fails', () => {
  it('ends as one without faults, after one redelivery or sweep', async () => {
    const { failures, tried, callsInALife, notMet } = await tryFaults({ accounts, seed: SEED, share: SHARE });

    expect(failures).toEqual([]);
    expect(tried).toBe(SHARE);
    expect(callsInALife).toBeGreaterThan(100);
    expect(notMet).toBeLessThan(SHARE / 4);
  }, 900_000);

  it('is not held by policies that seemed to be missing once', async () => {
    const only = ({ key, kind, stage }: PlannedFault) =>
      kind === '403' && /probe|kube-node-lease/.test(key) && !stage.endsWith('again');
    const { failures, tried } = await tryFaults({ accounts, seed: SEED, share: PROBE_SHARE, only });

    expect(failures).toEqual([]);
    expect(tried).toBe(PROBE_SHARE);
  }, 900_000);
});
