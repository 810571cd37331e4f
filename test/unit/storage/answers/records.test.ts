import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import type { Records } from '../../../../lib/environment/ports/ports.ts';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import { createRecords } from '../../../../lib/storage/records/records.ts';
import { createWorld } from '../../../support/fakes/world.ts';
import { type FailingStorage, startFailingStorage } from './failing-storage.ts';

let storage: FailingStorage;
let container: ContainerClient;
let records: Records;

beforeAll(async () => {
  storage = await startFailingStorage();
});
afterAll(() => storage.stop());
beforeEach(async () => {
  container = await storage.container();
  records = createRecords({ container: async () => container });
});
afterEach(() => storage.heal());

const record = (ref: string): EnvironmentRecord =>
  newRecord(createWorld().request('create', { ref, environment: ref }));

async function make(ref: string): Promise<{ record: EnvironmentRecord; etag: string }> {
  const created = await records.create(record(ref));
  if (created.kind === 'exists') throw new Error('nobody else is here');
  return created.stored;
}

async function list(): Promise<RecordSummary[]> {
  const found: RecordSummary[] = [];
  for await (const summary of records.list()) found.push(summary);
  return found;
}

/** What a failure of storage is called, by its status. */
const CODES = [
  ['403', 'not-permitted'],
  ['409', 'conflict'],
  ['412', 'conflict'],
  ['422', 'rejected'],
  ['500', 'unavailable'],
  // of something on the way: storage says which thing it lacks
  ['404', 'unavailable'],
] as const;

describe('a record', () => {
  it.each(CODES)('that cannot be read for a %s is %s, and never taken for absent', async (status, code) => {
    await make('a');
    storage.fail(/GET .*a\.json/, status);
    await expect(records.read('a')).rejects.toMatchObject({ code, object: 'record a' });
  });

  it.each(CODES)('that cannot be made for a %s is %s, and never taken for another’s', async (status, code) => {
    await make('b');
    storage.fail(/PUT .*a\.json/, status);
    await expect(records.create(record('a'))).rejects.toMatchObject({ code, object: 'record a' });
    storage.heal();
    expect(await records.create(record('b'))).toEqual({ kind: 'exists' });
  });

  it.each(CODES)('that cannot be written for a %s is %s', async (status, code) => {
    const { record: made, etag } = await make('a');
    const leased = await records.lease('a');
    if (leased.kind !== 'held') throw new Error('nobody else is here');
    storage.fail(/PUT (?!.*comp=lease).*a\.json/, status);
    await expect(records.write(made, { etag, lease: leased.lease })).rejects.toMatchObject({ code });
    storage.heal();
    await leased.lease.release();
    expect((await records.read('a'))?.etag).toBe(etag);
  });

  it.each([
    ['404', 'unavailable'],
    ['409', undefined],
    ['412', undefined],
    ['403', 'not-permitted'],
    ['500', 'unavailable'],
  ] as const)(
    'that cannot be removed for a %s leaves that to whoever was there first, or is %p',
    async (status, code) => {
      const { etag } = await make('a');
      storage.fail(/DELETE .*a\.json/, status);
      const removed = records.remove('a', etag);
      if (code === undefined) await expect(removed).resolves.toBeUndefined();
      else await expect(removed).rejects.toMatchObject({ code });
    },
  );

  it('is not removed while somebody holds its lease', async () => {
    const { etag } = await make('a');
    const leased = await records.lease('a');
    await records.remove('a', etag);
    expect(await records.read('a')).toBeDefined();
    if (leased.kind === 'held') await leased.lease.release();
  });

  it.each(CODES.filter(([status]) => status !== '409'))(
    'whose lease is answered %s is not busy but %s',
    async (status, code) => {
      await make('a');
      storage.fail(/PUT .*comp=lease/, status);
      await expect(records.lease('a')).rejects.toMatchObject({ code, object: 'the lease of record a' });
      storage.fail(/PUT .*comp=lease/, '409');
      expect(await records.lease('a')).toEqual({ kind: 'busy' });
    },
  );

  it('whose lease cannot be released is let go all the same', async () => {
    await make('a');
    const leased = await records.lease('a');
    if (leased.kind !== 'held') throw new Error('nobody else is here');
    storage.fail(/PUT .*comp=lease/, '500');
    await leased.lease.release();
    expect(leased.lease.remainingMs()).toBeLessThanOrEqual(0);
  });

  it('keeps its type, for who opens it by hand', async () => {
    await make('a');
    const { contentType } = await container.getBlobClient('a.json').getProperties();
    expect(contentType).toBe('application/json');
  });
});

describe('the list of records', () => {
  it.each(CODES)('that fails with %s is %s and no shorter list', async (status, code) => {
    await make('a');
    storage.fail(/GET .*comp=list/, status);
    await expect(list()).rejects.toMatchObject({ code, object: 'the list of records' });
  });

  it('holds records alone, and of a damaged entry only that its name is taken', async () => {
    await make('a');
    const at = await container.getBlockBlobClient('by-hand.json').upload('{}', 2);
    await container.getBlockBlobClient('namings').upload('{}', 2);
    await container.getBlockBlobClient('half.json').upload('{}', 2, { metadata: { phase: 'ready', ref: '%' } });

    const found = await list();
    expect(found.map(({ name }) => name)).toEqual(['a', 'by-hand', 'half']);
    expect(found[1]).toEqual({
      name: 'by-hand',
      namespace: 'feature-by-hand',
      phase: 'failed',
      repository: '',
      ref: '',
      at: at.lastModified?.toISOString(),
      error: { code: 'input' },
      writtenAt: at.lastModified?.toISOString(),
      isLeased: false,
    });
    expect(found[2]).toMatchObject({ phase: 'failed', repository: '', ref: '' });
  });
});

describe('a record in which one part is damaged', () => {
  const whole = record('a');
  const without = (key: keyof EnvironmentRecord): unknown => ({ ...whole, [key]: undefined });
  it.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['of another environment', { ...whole, name: 'b' }],
    ['of a newer version', { ...whole, v: 2 }],
    ['without its ref', without('ref')],
    ['without its namespace', without('namespace')],
    ['without its repository', without('repository')],
    ['without its repository’s name', { ...whole, repository: { id: 42 } }],
    ['without its event', without('event')],
    ['with an event of no time', { ...whole, event: { reason: 'create' } }],
    ['with an event of no reason', { ...whole, event: { at: whole.event.at } }],
    ['without its inventory', without('inventory')],
    ['without its history', without('history')],
    ['without what it has seen', without('seen')],
    ['with a stop that is null', { ...whole, stop: null }],
    ['with a stop of no time', { ...whole, stop: { why: 'by hand' } }],
    ['with a stop of no reason', { ...whole, stop: { at: whole.event.at } }],
  ])('is left alone and named: %s', async (_what, value) => {
    const text = JSON.stringify(value);
    await container.createIfNotExists();
    await container.getBlockBlobClient('a.json').upload(text, Buffer.byteLength(text));
    await expect(records.read('a')).rejects.toMatchObject({
      code: 'input',
      object: 'record a',
      fix: 'fix or delete the blob environments/a.json',
    });
  });

  it('is read where all parts are whole, a stop included', async () => {
    const stopped = { ...whole, stop: { at: whole.event.at, why: 'by hand' } };
    await records.create(stopped);
    expect((await records.read('a'))?.record).toEqual(stopped);
  });
});
