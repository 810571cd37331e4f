import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStorageAccounts, type StorageAccounts } from '../life/storage-accounts.ts';
import { runTwoHosts } from './two-hosts.ts';

const SEED = 20_261_123;

let accounts: StorageAccounts;

beforeAll(async () => {
  accounts = await startStorageAccounts(1);
});
afterAll(() => accounts.stop());

describe('two hosts on one storage account, killed and paused at random', () => {
  it('begin no write without the lease, and leave every environment as it was wanted', async () => {
    const report = await runTwoHosts({ accounts, seed: SEED, environments: 12, strikes: 16 });

    expect(report).toMatchObject({ violations: [], wrong: [] });
    expect(report.kills).toBeGreaterThan(3);
    expect(report.pauses).toBeGreaterThan(3);
    expect(report.writes).toBeGreaterThan(40);
    // one that stands still ends after 75 s by its watchdog; a busy machine only takes longer
  }, 400_000);
});
