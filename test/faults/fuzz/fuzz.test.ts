import { describe, expect, it } from '@jest/globals';
import { fuzzManual } from './fuzz-manual.ts';
import { fuzzWebhook } from './fuzz-webhook.ts';

const SEED = 20_261_123;

describe('mutated deliveries', () => {
  it('are never accepted without a valid signature, nor crash the intake, nor queue what must not be', async () => {
    const { failures, statuses } = await fuzzWebhook({ seed: SEED, inputs: 10_000 });

    expect(failures).toEqual([]);
    // a grammar whose inputs all meet one fate would test one line
    for (const status of [200, 202, 400, 401, 415]) expect(statuses[status]).toBeGreaterThan(100);
  });
});

describe('mutated manual calls', () => {
  it('are answered without a fault of ours, and queue what may be queued alone', async () => {
    const { failures, statuses } = await fuzzManual({ seed: SEED, inputs: 3_000 });

    expect(failures).toEqual([]);
    for (const status of [200, 202, 400, 409]) expect(statuses[status]).toBeGreaterThan(20);
  });
});
