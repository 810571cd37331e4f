import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import { clock } from '../../lib/clock.ts';
import { type Ledger, withReservation } from '../../lib/identity/ledger/ledger.ts';
import { type Ledgers, createLedgers } from '../../lib/identity/ledger/ledger-store.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { makeContainer } from './world.ts';

const ID = 'pool-1';
const reserve =
  (slug: string) =>
  (ledger: Ledger): Ledger =>
    withReservation(ledger, { slug, names: [slug], at: 1 });
const slugsOf = ({ reservations }: Ledger): string[] => reservations.map(({ slug }) => slug);

let azurite: Azurite;
let container: ContainerClient;
let calls: string[];
beforeAll(async () => {
  azurite = await startAzurite();
}, 60_000);
afterAll(() => azurite.stop());
beforeEach(async () => {
  container = await makeContainer(azurite.connectionString, `ledgers-${randomUUID()}`);
  calls = [];
});

/** One process's view, whose calls to storage are counted. */
function open(): Ledgers {
  const blob = container.getBlockBlobClient('ledger.json');
  const counted = new Proxy(blob, {
    get(target, name) {
      if (name === 'upload' || name === 'download') calls.push(name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return createLedgers({ blobOf: async () => counted, clock, random: Math.random, timeoutMs: 8_000 });
}

describe('the ledgers of one process', () => {
  it('put what is changed at a time into two writes at most, and lose none of it', async () => {
    const ledgers = open();
    const slugs = Array.from({ length: 24 }, (_, n) => `ex-${n}`);
    const after = await Promise.all(slugs.map((slug) => ledgers.change(ID, reserve(slug))));

    expect(slugsOf(await ledgers.read(ID))).toEqual(slugs);
    expect(calls.filter((call) => call === 'upload').length).toBeLessThanOrEqual(2);
    // each is told the ledger as its own change left it
    expect(after.map((ledger) => ledger !== 'contended' && slugsOf(ledger).at(-1))).toEqual(slugs);
  });

  it('read once for all who ask at a time, and again for who asks later', async () => {
    const ledgers = open();
    await ledgers.change(ID, reserve('a'));
    calls = [];
    await Promise.all(Array.from({ length: 24 }, () => ledgers.read(ID)));
    expect(calls.length).toBeLessThanOrEqual(2);

    await open().change(ID, reserve('b'));
    expect(slugsOf(await ledgers.read(ID))).toEqual(['a', 'b']);
  });

  it('keep each other’s changes where two processes write at once', async () => {
    const [here, there] = [open(), open()];
    const slugs = Array.from({ length: 12 }, (_, n) => `ex-${n}`);
    await Promise.all(slugs.map((slug, n) => (n % 2 === 0 ? here : there).change(ID, reserve(slug))));

    expect(slugsOf(await here.read(ID)).toSorted()).toEqual(slugs.toSorted());
  });

  it('fail only the change that throws', async () => {
    const ledgers = open();
    // the first is on its way alone; what comes meanwhile goes into one write
    const first = ledgers.change(ID, reserve('a'));
    const broken = ledgers.change(ID, () => {
      throw new Error('a fault of ours');
    });
    const last = ledgers.change(ID, reserve('b'));

    await expect(broken).rejects.toThrow('a fault of ours');
    await Promise.all([first, last]);
    expect(slugsOf(await ledgers.read(ID))).toEqual(['a', 'b']);
  });
});
