import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import { newRecord } from '../../../../lib/environment/model/record-event.ts';
import type { Records } from '../../../../lib/environment/ports/ports.ts';
import { connectBlobs } from '../../../../lib/storage/connection.ts';
import { createRecords } from '../../../../lib/storage/records/records.ts';
import { type Azurite, startAzurite } from '../../../../local/azurite/azurite.ts';
import { type World, createWorld } from '../../../support/fakes/world.ts';

let azurite: Azurite;
let world: World;
let records: Records;
/** Another instance's, which nothing holds up. */
let others: Records;
let made = 0;
/** What others do right before the first call of ours of that name. */
let before: Partial<Record<'create' | 'read' | 'lease', () => Promise<unknown>>>;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

beforeEach(() => {
  world = createWorld();
  const name = `races-${(made += 1)}`;
  const connection = {
    connectionString: azurite.connectionString,
    credential: () => Promise.reject(new Error('a connection string needs no credential')),
  };
  const container = async (): Promise<ContainerClient> => (await connectBlobs(connection)).getContainerClient(name);
  others = createRecords({ container });
  records = createRecords({ container });
  before = {};
  const first = async (call: keyof typeof before): Promise<void> => {
    const work = before[call];
    delete before[call];
    await work?.();
  };
  world.ports.records = {
    ...records,
    create: async (record) => (await first('create'), records.create(record)),
    read: async (slug) => (await first('read'), records.read(slug)),
    lease: async (slug) => (await first('lease'), records.lease(slug)),
  };
});

const SLUG = 'ex-c4-e6';
const create = () => others.create(newRecord(world.request('create')));

describe('the loser of a race for an environment’s record', () => {
  it('is not dropped: its delete is written into the other’s record, and the environment goes', async () => {
    await world.handle(world.request('create'));
    // the record was lost for a while, and comes back from a backup
    const lost = await records.read(SLUG);
    await records.remove(SLUG, lost?.etag ?? '');
    world.clock.advance(60_000);
    before.create = async () => lost && others.create(lost.record);
    await world.handle(world.request('delete'));
    await world.settle();

    expect((await records.read(SLUG))?.record).toMatchObject({ phase: 'gone', event: { reason: 'delete' } });
    expect(world.cluster.namespaces.size).toBe(0);
  });

  it('goes on in the other’s record where both want the environment', async () => {
    const request = world.request('push', { imageTag: 'v2' });
    before.create = create;
    await world.handle(request);
    await world.settle();

    const found = await records.read(SLUG);
    expect(found?.record).toMatchObject({ phase: 'ready', event: { reason: 'push' } });
    expect(found?.record.seen).toContain(request.deliveryId);
  });

  it('comes again as conflict where the other’s record is gone before it is read, and makes its own then', async () => {
    const request = world.request('create');
    before.create = async () => {
      const other = await create();
      before.read = async () => records.remove(SLUG, other.kind === 'created' ? other.stored.etag : '');
    };
    await expect(world.handle(request)).rejects.toMatchObject({ code: 'conflict', retryable: true });
    expect(await records.read(SLUG)).toBeUndefined();

    await world.handle(request);
    await world.settle();
    expect((await records.read(SLUG))?.record.phase).toBe('ready');
  });

  it('comes again as conflict where the record is gone before it is leased', async () => {
    const request = world.request('create');
    const removeOther = async (): Promise<void> => records.remove(SLUG, (await records.read(SLUG))?.etag ?? '');
    before.create = async () => {
      await create();
      before.lease = removeOther;
    };
    await expect(world.handle(request)).rejects.toMatchObject({ code: 'conflict', retryable: true });
    await world.handle(request);
    await world.settle();

    expect((await records.read(SLUG))?.record.phase).toBe('ready');
  });

  it('waits where the winner holds the record', async () => {
    const request = world.request('delete');
    world.cluster.putForeign(`feature-${SLUG}`);
    before.create = async () => {
      await create();
      await others.lease(SLUG);
    };
    expect(await world.handle(request)).toBe('requeued');
    expect(world.requests.waiting.map(({ request: one }) => one)).toEqual([request]);
  });
});

describe('many that make one record at a time, in a container that nobody has made', () => {
  it('are told apart: one has made it, and all others read that one', async () => {
    const request = world.request('create');
    const makers = [records, others, records, others, records, others];
    const results = await Promise.all(makers.map((by, n) => by.create({ ...newRecord(request), url: `${n}` })));
    const winners = results.flatMap((one) => (one.kind === 'created' ? [one.stored] : []));

    expect(winners).toHaveLength(1);
    expect(await records.read(SLUG)).toEqual(winners[0]);
    expect(results.filter((one) => one.kind === 'exists')).toHaveLength(5);
  });
});
