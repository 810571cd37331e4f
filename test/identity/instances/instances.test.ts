import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { startInstance } from './run-instance.ts';
import { foreign, held, identity, identityId } from '../world.ts';
import type { AzureOptions } from '../../../local/azure/options.ts';

let azurite: Azurite;
let azure: AzureStandIn;
let pool: string[];

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
afterEach(() => azure.close());

async function start(names: string[], options: Partial<AzureOptions> = {}): Promise<void> {
  azure = await startAzure({ identities: names.map(identity), ...options });
  pool = names.map(identityId);
}

/** Runs one process per share of the slugs. */
async function runInstances(container: string, shares: string[][], remove = false) {
  const { connectionString } = azurite;
  const job = { azureUrl: azure.url, connectionString, container, pool, remove, parallel: 4 };
  return Promise.all(shares.map((share) => startInstance({ ...job, slugs: share }).outcome));
}

function slugs(count: number, prefix = 'ex'): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
}

function allHeld(): string[] {
  return pool.flatMap((id) => azure.credentials(id).map(({ name }) => name));
}

describe('several instances', () => {
  it('never give the last slots to more environments than fit, and never write at once', async () => {
    await start(['pool-1'], { delayMs: 50 });
    for (const one of foreign(18)) azure.hold(identityId('pool-1'), one);

    const outcomes = await runInstances('last-slots', [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ]);

    expect(azure.credentials(identityId('pool-1'))).toHaveLength(20);
    expect(outcomes.flatMap((one) => one?.full ?? [])).toHaveLength(4);
    expect(outcomes.flatMap((one) => one?.failed ?? [])).toEqual([]);
    expect(azure.overlaps).toEqual([]);
    expect(azure.calls.filter((call) => call.operation === 'put' && call.status !== 201)).toEqual([]);
  });

  it('give every environment exactly one right credential through faults, and take all away', async () => {
    const names = ['pool-1', 'pool-2', 'pool-3', 'pool-4'];
    await start(names, {
      delayMs: 20,
      rates: { put: { identity: 5, subscription: 15 }, delete: { identity: 5, subscription: 15 } },
    });
    const theirs = held('ex-3', { issuer: 'https://other.example/' });
    azure.hold(identityId('pool-2'), theirs);
    let count = 0;
    azure.setFault(({ operation }) => {
      const n = operation === 'put' || operation === 'delete' ? count++ : 0;
      if (n % 13 === 5) return 'drop';
      if (n % 17 === 6) return 'lose';
      if (n % 19 === 7) return { status: 503 };
      if (n % 23 === 8) return { status: 409, body: { error: { code: 'Concurrent', message: 'x' } } };
      return undefined;
    });
    const all = slugs(40);
    const shares = [0, 1, 2].map((n) => all.filter((_, index) => index % 3 === n));

    const outcomes = await runInstances('soak', shares);

    expect(outcomes.flatMap((one) => [...(one?.failed ?? []), ...(one?.full ?? [])])).toEqual([]);
    expect(allHeld().toSorted()).toEqual([theirs, ...all.map((slug) => held(slug))].map(({ name }) => name).toSorted());
    for (const slug of all) expect(pool.flatMap((id) => azure.credentials(id))).toContainEqual(held(slug));
    for (const id of pool) expect(azure.credentials(id).length).toBeLessThanOrEqual(20);
    expect(azure.overlaps).toEqual([]);

    await runInstances('soak', shares, true);

    expect(pool.flatMap((id) => azure.credentials(id))).toEqual([theirs]);
    expect(azure.overlaps).toEqual([]);
  }, 180_000);
});
