import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { clock } from '../../../lib/clock.ts';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { createAuditTrail } from '../../../lib/storage/audit/audit-trail.ts';
import { createBranchTemplates } from '../../../lib/storage/branch-templates.ts';
import { connectBlobs, connectQueues } from '../../../lib/storage/connection.ts';
import { createJsonBlob } from '../../../lib/storage/json-blob.ts';
import { createRequests } from '../../../lib/storage/queue.ts';
import { createRecords } from '../../../lib/storage/records/records.ts';
import { createSweeps } from '../../../lib/storage/sweep-state.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { createWorld } from '../../support/fakes/world.ts';

let azurite: Azurite;
let container: ContainerClient;
let queues: QueueServiceClient;
/** Calls to the service, with whether something bounds the wait for their answer. */
let sent: { name: string; isBounded: boolean }[] = [];

/** A client of the SDK whose calls are noted, and those of the clients that it gives. */
function noting<T extends object>(client: T): T {
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const made: unknown = value.apply(target, args);
        if (/^get\w+Client$/.test(String(key))) return noting(made as object);
        const isBounded = args.some((one) => (one as { abortSignal?: unknown })?.abortSignal instanceof AbortSignal);
        sent.push({ name: String(key), isBounded });
        return made;
      };
    },
  });
}

const credential = () => Promise.reject(new Error('a connection string needs no credential'));

beforeAll(async () => {
  azurite = await startAzurite();
  const connection = { connectionString: azurite.connectionString, credential };
  container = noting((await connectBlobs(connection)).getContainerClient('bounded'));
  queues = noting(await connectQueues(connection));
});
afterAll(() => azurite.stop());

/** What the work sends, by the names of the SDK's calls. */
async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  sent = [];
  await work();
  expect(sent.filter(({ isBounded }) => !isBounded)).toEqual([]);
  return [...new Set(sent.map(({ name }) => name))].toSorted();
}

const open = async () => container;
const world = createWorld();
const DIGEST = 'a'.repeat(64);

// the SDK itself waits without end for an answer that never comes
describe('every call to storage has an end', () => {
  it('of the records: made, read, leased, written, listed and removed', async () => {
    const records = createRecords({ container: open });
    const record = newRecord(world.request('create', { ref: 'a' }));
    const calls = await callsOf(async () => {
      await records.create(record);
      const leased = await records.lease('a');
      const stored = await records.read('a');
      if (leased.kind !== 'held' || stored === undefined) throw new Error('made just now');
      await records.write(stored.record, { etag: stored.etag, lease: leased.lease });
      await leased.lease.release();
      for await (const one of records.list()) expect(one.name).toBe('a');
      await records.remove('a', (await records.read('a'))?.etag ?? '');
    });
    expect(calls).toEqual([
      'acquireLease',
      'createIfNotExists',
      'delete',
      'download',
      'listBlobsFlat',
      'releaseLease',
      'upload',
    ]);
  });

  it('of a branch’s manifests', async () => {
    const templates = createBranchTemplates({
      container: open,
      toOverlays: async ({ digest }) => ({ hash: digest, from: 'branch', render: () => [] }),
      now: () => Date.now(),
    });
    const calls = await callsOf(async () => {
      await templates.store('a', { objects: [], digest: DIGEST });
      await templates.load('a', DIGEST);
      for await (const { slug } of templates.list()) expect(slug).toBe('a');
      await templates.prune('a');
      await templates.remove('a', DIGEST);
    });
    expect(calls).toEqual(['deleteBlob', 'deleteIfExists', 'download', 'listBlobsFlat', 'upload']);
  });

  it('four times as late for a list, which has pages', async () => {
    const given = jest.spyOn(AbortSignal, 'timeout');
    const toOverlays = () => Promise.reject(new Error('not asked'));
    const templates = createBranchTemplates({ container: open, toOverlays, now: Date.now });
    for await (const one of createRecords({ container: open }).list()) expect(one).toBeUndefined();
    for await (const one of templates.list()) expect(one).toBeUndefined();
    await templates.prune('nobody');
    expect(given.mock.calls).toEqual([[32_000], [32_000], [32_000]]);
    given.mockRestore();
  });

  it('of the audit trail, which makes its blob', async () => {
    const trail = createAuditTrail({ container: open, clock, log: world.ports.log });
    const calls = await callsOf(async () => {
      trail.note({ actor: { kind: 'key' }, environment: 'a', action: 'create', result: 'accepted' } as never);
      await trail.flush();
      await trail.probe();
    });
    expect(calls).toEqual(['appendBlock', 'createIfNotExists', 'exists']);
  });

  it('of the state of sweeps and of what all instances know', async () => {
    const sweeps = createSweeps({ container: open });
    const count = createJsonBlob({
      ...{ container: open, name: 'count', what: 'the count', clock, timeoutMs: 8_000 },
      parse: Number,
      random: () => 0,
    });
    const calls = await callsOf(async () => {
      const leased = await sweeps.lease();
      if (leased.kind !== 'held') throw new Error('nobody else is here');
      await sweeps.write(await sweeps.read(), leased.lease);
      await leased.lease.release();
      await count.read();
      await count.change(() => 1);
    });
    expect(calls).toEqual(['acquireLease', 'download', 'releaseLease', 'upload']);
  });

  const createdBy: [string, (open: () => Promise<ContainerClient>) => Promise<unknown>][] = [
    ['a record', (of) => createRecords({ container: of }).create(newRecord(world.request('create', { ref: 'a' })))],
    [
      'a branch’s manifests',
      (of) =>
        createBranchTemplates({
          container: of,
          toOverlays: () => Promise.reject(new Error('not asked')),
          now: Date.now,
        }).store('a', { objects: [], digest: DIGEST }),
    ],
    [
      'what all instances know',
      (of) =>
        createJsonBlob({
          ...{ container: of, name: 'count', what: 'the count', clock, timeoutMs: 8_000 },
          parse: Number,
          random: () => 0,
        }).change(() => 1),
    ],
    ['the state of sweeps', (of) => createSweeps({ container: of }).lease()],
  ];

  it.each(createdBy)('of %s where the container is made for it', async (what, write) => {
    const credentials = { connectionString: azurite.connectionString, credential };
    const name = `made-${createdBy.findIndex(([one]) => one === what)}`;
    const fresh = noting((await connectBlobs(credentials)).getContainerClient(name));
    expect(await callsOf(() => write(async () => fresh))).toContain('createIfNotExists');
  });

  it('of the queue, which it makes', async () => {
    const calls = await callsOf(() => createRequests({ queues: async () => queues }).send(world.request('create')));
    expect(calls).toEqual(['createIfNotExists', 'sendMessage']);
  });
});
