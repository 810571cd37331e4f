import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectBlobs, connectQueues } from '../../../lib/storage/connection.ts';
import { POISON_QUEUE, REQUEST_QUEUE, createRequests } from '../../../lib/storage/queue.ts';
import { RECORD_CONTAINER, createRecords } from '../../../lib/storage/records/records.ts';
import type { RecordSummary } from '../../../lib/environment/model/record-summary.ts';
import type { Records } from '../../../lib/environment/ports/ports.ts';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { createWorld } from '../../support/fakes/world.ts';

let azurite: Azurite;
let records: Records;

const connection = () => ({
  connectionString: azurite.connectionString,
  credential: () => Promise.reject(new Error('a connection string needs no credential')),
});
const container = async () => (await connectBlobs(connection())).getContainerClient(RECORD_CONTAINER);
const record = (ref: string) => newRecord(createWorld().request('create', { ref, environment: ref }));

beforeAll(async () => {
  azurite = await startAzurite();
  records = createRecords({ container });
});

afterAll(() => azurite.stop());

async function list(): Promise<RecordSummary[]> {
  const listed: RecordSummary[] = [];
  for await (const summary of records.list()) listed.push(summary);
  return listed;
}

describe('records', () => {
  it('lists nothing and reads nothing before the container is made', async () => {
    expect(await list()).toEqual([]);
    expect(await records.read('x')).toBeUndefined();
  });

  it('lets one creator win, and gives the record back as it was', async () => {
    const [one, other] = await Promise.all([records.create(record('first')), records.create(record('first'))]);
    expect([one, other].filter(({ kind }) => kind === 'exists')).toHaveLength(1);
    expect((await records.read('first'))?.record).toEqual(record('first'));
  });

  it('gives a lease to one holder, and writes by lease and ETag alone', async () => {
    const created = await records.create(record('leased'));
    const leased = await records.lease('leased');
    if (created.kind === 'exists' || leased.kind !== 'held') throw new Error('nobody else is here');
    const [made, lease] = [created.stored, leased.lease];
    expect(await records.lease('leased')).toEqual({ kind: 'busy' });
    expect(lease.remainingMs()).toBeGreaterThan(55_000);

    const written = await records.write({ ...made.record, phase: 'ready' }, { etag: made.etag, lease });
    await expect(records.write(made.record, { etag: made.etag, lease })).rejects.toMatchObject({ code: 'conflict' });
    const stranger = { ...lease, id: '00000000-0000-4000-8000-000000000000' };
    await expect(records.write(made.record, { etag: written.etag, lease: stranger })).rejects.toMatchObject({
      code: 'conflict',
    });

    await lease.release();
    expect(lease.remainingMs()).toBeLessThanOrEqual(0);
    const next = await records.lease('leased');
    expect(next.kind).toBe('held');
    if (next.kind === 'held') await next.lease.release();
  });

  it('lists from metadata alone, whatever the branch is called', async () => {
    const odd = { ...record('odd'), ref: 'Ünï/🚀 %41', phase: 'waiting' as const, waitingFor: 'capacity' as const };
    await records.create(odd);
    const leased = await records.lease('odd');
    const summary = (await list()).find(({ name }) => name === 'odd');
    expect(summary).toEqual({
      activityAt: '2026-11-23T10:00:00.000Z',
      name: 'odd',
      namespace: 'feature-odd',
      phase: 'waiting',
      waitingFor: 'capacity',
      repository: 'acme/shop',
      repositoryId: 42,
      ref: 'Ünï/🚀 %41',
      at: odd.event.at,
      writtenAt: expect.stringMatching(/^20\d\d-.*Z$/),
      isLeased: true,
    });
    if (leased.kind === 'held') await leased.lease.release();
    expect((await list()).find(({ name }) => name === 'odd')?.isLeased).toBe(false);
  });

  it.each([
    ['not JSON', '{'],
    ['of another version', '{"v":2}'],
    ['damaged', '{"v":1,"name":"broken"}'],
  ])('leaves a record alone that is %s, and says so', async (words, text) => {
    const blob = (await container()).getBlockBlobClient('broken.json');
    await blob.upload(text, text.length);
    await expect(records.read('broken')).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining(words) as unknown,
    });
    expect((await blob.downloadToBuffer()).toString()).toBe(text);
  });

  it('removes a tombstone by its ETag, and lets a changed one be', async () => {
    const made = await records.create(record('old'));
    if (made.kind === 'exists') throw new Error('nobody else is here');
    await records.remove('old', '"0x1"');
    expect(await records.read('old')).toBeDefined();
    await records.remove('old', made.stored.etag);
    expect(await records.read('old')).toBeUndefined();
  });

  it('says that storage is unavailable where nothing listens', async () => {
    const nowhere = 'DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a;';
    const lost = createRecords({
      container: async () =>
        (await connectBlobs({ ...connection(), connectionString: nowhere })).getContainerClient(RECORD_CONTAINER),
    });
    await expect(lost.read('x')).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });
});

describe('requests', () => {
  it('are base64 JSON, kept until handled, and wait for their delay', async () => {
    const queues = await connectQueues(connection());
    const requests = createRequests({ queues: async () => queues });
    const request = createWorld().request('create');
    await requests.send(request);
    await requests.send({ ...request, id: 'later' }, 60_000);
    await requests.sendToPoison({ any: 'thing' }, 0);

    const { receivedMessageItems } = await queues
      .getQueueClient(REQUEST_QUEUE)
      .receiveMessages({ numberOfMessages: 32 });
    const [message, ...others] = receivedMessageItems;
    expect(others).toEqual([]);
    expect(JSON.parse(Buffer.from(message?.messageText ?? '', 'base64').toString())).toEqual(request);
    expect(message?.expiresOn.getFullYear()).toBeGreaterThan(9_000);
    const poison = await queues.getQueueClient(POISON_QUEUE).receiveMessages();
    expect(poison.receivedMessageItems).toHaveLength(1);
  });
});
