import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import { clock } from '../../../lib/clock.ts';
import { type Ledger, parseLedger, withReservation } from '../../../lib/identity/ledger/ledger.ts';
import { type JsonBlob, createJsonBlob } from '../../../lib/storage/json-blob.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { makeContainer } from '../../identity/world.ts';

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
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  container = await makeContainer(azurite.connectionString, `ledgers-${randomUUID()}`);
  calls = [];
});

/** One process's view, whose calls to storage are counted. */
function open(): JsonBlob<Ledger> {
  const counted = new Proxy(container.getBlockBlobClient('ledger.json'), {
    get(target, name) {
      if (name === 'upload' || name === 'download') calls.push(name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const opened = new Proxy(container, {
    get: (target, name) => (name === 'getBlockBlobClient' ? () => counted : (Reflect.get(target, name) as unknown)),
  });
  return createJsonBlob({
    container: async () => opened,
    name: 'ledger.json',
    what: 'the ledger',
    parse: parseLedger,
    clock,
    random: Math.random,
    timeoutMs: 8_000,
  });
}

describe('the JSON blobs of one process', () => {
  it('put what is changed at a time into two writes at most, and lose none of it', async () => {
    const ledger = open();
    const slugs = Array.from({ length: 24 }, (_, n) => `ex-${n}`);
    const after = await Promise.all(slugs.map((slug) => ledger.change(reserve(slug))));

    expect(slugsOf(await ledger.read())).toEqual(slugs);
    expect(calls.filter((call) => call === 'upload').length).toBeLessThanOrEqual(2);
    // each is told the ledger as its own change left it
    expect(after.map((ledger) => slugsOf(ledger).at(-1))).toEqual(slugs);
  });

  it('read once for all who ask at a time, and again for who asks later', async () => {
    const ledger = open();
    await ledger.change(reserve('a'));
    calls = [];
    await Promise.all(Array.from({ length: 24 }, () => ledger.read()));
    expect(calls.length).toBeLessThanOrEqual(2);

    await open().change(reserve('b'));
    expect(slugsOf(await ledger.read())).toEqual(['a', 'b']);
  });

  it('keep each other’s changes where two processes write at once', async () => {
    const [here, there] = [open(), open()];
    const slugs = Array.from({ length: 12 }, (_, n) => `ex-${n}`);
    await Promise.all(slugs.map((slug, n) => (n % 2 === 0 ? here : there).change(reserve(slug))));

    expect(slugsOf(await here.read()).toSorted()).toEqual(slugs.toSorted());
  });

  it('fail only the change that throws', async () => {
    const ledger = open();
    // the first is on its way alone; what comes meanwhile goes into one write
    const first = ledger.change(reserve('a'));
    const broken = ledger.change(() => {
      throw new Error('a fault of ours');
    });
    const last = ledger.change(reserve('b'));

    await expect(broken).rejects.toThrow('a fault of ours');
    await Promise.all([first, last]);
    expect(slugsOf(await ledger.read())).toEqual(['a', 'b']);
  });

  it('write by what they read or wrote last, with no read in between', async () => {
    const ledger = open();
    await ledger.change(reserve('a'));
    calls = [];
    await ledger.change(reserve('b'));
    expect(calls).toEqual(['upload']);

    await open().change(reserve('c'));
    calls = [];
    await ledger.change(reserve('d'));
    expect(calls).toEqual(['upload', 'download', 'upload']);
    expect(slugsOf(await ledger.read())).toEqual(['a', 'b', 'c', 'd']);
  });

  it('decide that there is nothing to write only by a value read now', async () => {
    const ledger = open();
    await ledger.change(reserve('a'));
    await open().change((now) => ({ ...now, reservations: [] }));

    const after = await ledger.change((now) => (slugsOf(now).includes('a') ? undefined : reserve('a')(now)));
    expect(slugsOf(after)).toEqual(['a']);
    expect(slugsOf(await open().read())).toEqual(['a']);
  });

  it('read again unless the reader allows a value of a moment ago', async () => {
    const ledger = open();
    await ledger.change(reserve('a'));
    await open().change(reserve('b'));

    expect(slugsOf(await ledger.read(5_000))).toEqual(['a']);
    expect(slugsOf(await ledger.read())).toEqual(['a', 'b']);
    expect(slugsOf(await ledger.read(5_000))).toEqual(['a', 'b']);
  });
});
