import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import type { Lease, Records } from '../../../../lib/environment/ports/ports.ts';
import { createRecords } from '../../../../lib/storage/records/records.ts';
import { toMetadata } from '../../../../lib/storage/records/metadata.ts';
import { createWorld } from '../../../support/fakes/world.ts';
import { type StorageServer, startStorageServer } from './storage-server.ts';

let storage: StorageServer;
let records: Records;

beforeAll(async () => {
  storage = await startStorageServer();
  records = createRecords({ container: storage.container });
});
afterAll(() => storage.stop());
beforeEach(() => {
  storage.sent.length = 0;
  storage.answer();
});

const record = newRecord(createWorld().request('create', { ref: 'a', environment: 'a' }));
const body = JSON.stringify(record);
const metadata = Object.fromEntries(
  Object.entries(toMetadata(record)).map(([key, value]) => [`x-ms-meta-${key}`, value]),
);
const lease: Lease = { id: 'ours', remainingMs: () => 60_000, release: async () => undefined };
const upload = (conditions: Record<string, string>) => ({
  call: 'PUT container/a.json',
  query: {},
  headers: {
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-blob-content-type': 'application/json',
    ...metadata,
    ...conditions,
  },
  body,
});
const createContainer = { call: 'PUT container', query: { restype: 'container' }, headers: {}, body: '' };

describe('a record', () => {
  it('is made only where none is, with what a list shows of it', async () => {
    expect(await records.create(record)).toEqual({ kind: 'created', stored: { record, etag: '"tag"' } });
    expect(storage.sent).toEqual([upload({ 'if-none-match': '*' })]);
  });

  it('has its container made where there is none, and is made then', async () => {
    storage.answer({ status: 404, code: 'ContainerNotFound' });
    expect(await records.create(record)).toMatchObject({ kind: 'created' });
    expect(storage.sent).toEqual([upload({ 'if-none-match': '*' }), createContainer, upload({ 'if-none-match': '*' })]);
  });

  it('is that of another where one is there already, and only then', async () => {
    storage.answer({ status: 409, code: 'BlobAlreadyExists' });
    expect(await records.create(record)).toEqual({ kind: 'exists' });
    storage.answer({ status: 409, code: 'ContainerBeingDeleted' });
    await expect(records.create(record)).rejects.toMatchObject({ code: 'conflict', object: 'record a' });
  });

  it('is written by its tag and under its lease', async () => {
    expect(await records.write(record, { etag: '"before"', lease })).toEqual({ record, etag: '"tag"' });
    expect(storage.sent).toEqual([upload({ 'if-match': '"before"', 'x-ms-lease-id': 'ours' })]);
    storage.answer({ status: 412, code: 'ConditionNotMet' });
    await expect(records.write(record, { etag: '"before"', lease })).rejects.toMatchObject({
      code: 'conflict',
      object: 'record a',
    });
  });

  it('is read whole, with its tag, and is none where storage says so', async () => {
    storage.answer({ status: 200, body });
    expect(await records.read('a')).toEqual({ record, etag: '"tag"' });
    expect(storage.sent).toEqual([{ call: 'GET container/a.json', query: {}, headers: {}, body: '' }]);
    storage.answer({ status: 404, code: 'BlobNotFound' });
    expect(await records.read('a')).toBeUndefined();
    storage.answer({ status: 404 });
    await expect(records.read('a')).rejects.toMatchObject({ code: 'unavailable', object: 'record a' });
  });

  it.each([
    [{ status: 404, code: 'BlobNotFound' }, undefined],
    [{ status: 409, code: 'LeaseIdMissing' }, undefined],
    [{ status: 412, code: 'ConditionNotMet' }, undefined],
    [{ status: 404 }, 'unavailable'],
    [{ status: 403, code: 'AuthorizationFailure' }, 'not-permitted'],
    [{ status: 410, code: 'Gone' }, 'rejected'],
    [{ status: 413, code: 'TooLarge' }, 'rejected'],
  ])('is removed by its tag, and answered %j is left to whoever was first, or is %p', async (answer, code) => {
    storage.answer(answer);
    const removed = records.remove('a', '"before"');
    if (code === undefined) await expect(removed).resolves.toBeUndefined();
    else await expect(removed).rejects.toMatchObject({ code, object: 'record a' });
    expect(storage.sent).toEqual([
      { call: 'DELETE container/a.json', query: {}, headers: { 'if-match': '"before"' }, body: '' },
    ]);
  });

  it('is leased for 60 s, which are counted from before the call, and renewed every 15 s', async () => {
    let now = 1_000;
    const timer = {
      now: () => now,
      every(ms: number, work: () => void) {
        expect(ms).toBe(15_000);
        renew = work;
        return () => void (isStopped = true);
      },
    };
    let renew = (): void => undefined;
    let isStopped = false;
    const leased = await createRecords({ container: storage.container, timer }).lease('a');
    if (leased.kind !== 'held') throw new Error('nobody else is here');
    expect([leased.lease.id, leased.lease.remainingMs()]).toEqual(['lease-id', 60_000]);
    now += 20_000;
    expect(leased.lease.remainingMs()).toBe(40_000);
    renew();
    for (let turns = 0; turns < 1_000 && leased.lease.remainingMs() === 40_000; turns += 1)
      await new Promise((resolve) => setTimeout(resolve, 1));
    expect(leased.lease.remainingMs()).toBe(60_000);
    await leased.lease.release();
    expect([isStopped, leased.lease.remainingMs()]).toEqual([true, 0]);
    const call = { call: 'PUT container/a.json', query: { comp: 'lease' }, body: '' };
    expect(storage.sent).toEqual([
      {
        ...call,
        headers: {
          'x-ms-lease-action': 'acquire',
          'x-ms-lease-duration': '60',
          'x-ms-proposed-lease-id': expect.any(String),
        },
      },
      { ...call, headers: { 'x-ms-lease-action': 'renew', 'x-ms-lease-id': expect.any(String) } },
      { ...call, headers: { 'x-ms-lease-action': 'release', 'x-ms-lease-id': expect.any(String) } },
    ]);
  });

  it.each([
    [{ status: 409, code: 'LeaseAlreadyPresent' }, 'busy'],
    [{ status: 404, code: 'BlobNotFound' }, 'missing'],
  ])('answered %j is %s', async (answer, kind) => {
    storage.answer(answer);
    expect(await records.lease('a')).toEqual({ kind });
  });

  it('that cannot be leased says so of its lease', async () => {
    storage.answer({ status: 403, code: 'AuthorizationFailure' });
    await expect(records.lease('a')).rejects.toMatchObject({ code: 'not-permitted', object: 'the lease of record a' });
  });
});

describe('a record that cannot be used', () => {
  const fix = 'fix or delete the blob environments/a.json';
  it.each([
    ['{', 'not JSON'],
    ['null', 'not a JSON object'],
    ['"text"', 'not a JSON object'],
    ['{"v":2}', 'of another version'],
    ['{"v":1}', 'damaged'],
  ])('is %s, which is said with what fixes it: %s', async (text, what) => {
    storage.answer({ status: 200, body: text });
    await expect(records.read('a')).rejects.toMatchObject({
      code: 'input',
      message: `the record of environment a is ${what}; it was left alone`,
      object: 'record a',
      fix,
    });
  });
});

describe('the list of records', () => {
  const blob = (name: string, state: string, meta: Record<string, string> = {}) =>
    `<Blob><Name>${name}</Name><Properties><Last-Modified>Sat, 28 Nov 2026 10:00:00 GMT</Last-Modified>` +
    `<Etag>"1"</Etag><LeaseState>${state}</LeaseState></Properties><Metadata>${Object.entries(meta)
      .map(([key, value]) => `<${key}>${value}</${key}>`)
      .join('')}</Metadata></Blob>`;
  const page = (...blobs: string[]) =>
    `<?xml version="1.0"?><EnumerationResults><Blobs>${blobs.join('')}</Blobs><NextMarker/></EnumerationResults>`;

  it('asks for metadata, and says of each when it was written and whether it is leased', async () => {
    const writtenAt = '2026-11-28T10:00:00.000Z';
    const body = page(
      blob('a.json', 'leased', toMetadata(record)),
      blob('namings', 'available'),
      blob('b.json', 'available'),
    );
    storage.answer({ status: 200, body });
    const found = [];
    for await (const one of records.list()) found.push(one);
    expect(storage.sent).toEqual([
      {
        call: 'GET container',
        query: { restype: 'container', comp: 'list', include: 'metadata' },
        headers: {},
        body: '',
      },
    ]);
    expect(found).toEqual([
      {
        name: 'a',
        namespace: 'feature-a',
        phase: 'queued',
        repository: 'acme/shop',
        repositoryId: 42,
        ref: 'a',
        at: record.event.at,
        activityAt: record.activityAt,
        writtenAt,
        isLeased: true,
      },
      {
        name: 'b',
        namespace: 'feature-b',
        phase: 'failed',
        repository: '',
        ref: '',
        at: writtenAt,
        error: { code: 'input' },
        writtenAt,
        isLeased: false,
      },
    ]);
  });

  it('is empty where there is no container, and a failure where storage cannot be asked', async () => {
    const first = () => records.list()[Symbol.asyncIterator]().next();
    storage.answer({ status: 404, code: 'ContainerNotFound' });
    expect(await first()).toEqual({ done: true, value: undefined });
    storage.answer({ status: 403, code: 'AuthorizationFailure' });
    await expect(first()).rejects.toMatchObject({ code: 'not-permitted', object: 'the list of records' });
  });
});
