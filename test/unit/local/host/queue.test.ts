import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { QueueServiceClient } from '@azure/storage-queue';
import { type Azurite, startAzurite } from '../../../../local/azurite/azurite.ts';
import { type Host, startHost } from '../../../../local/host/start-host.ts';
import { type BuiltApp, builtApp } from './built-app.ts';

interface Seen {
  seen: { entry: unknown; metadata: Record<string, unknown>; at: number }[];
  mostAtOnce: number;
}

let app: BuiltApp;
let azurite: Azurite;
let host: Host;
let queues: QueueServiceClient;

beforeAll(async () => {
  [app, azurite] = await Promise.all([builtApp(), startAzurite()]);
  queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
});
afterEach(async () => {
  await host.kill();
  for (const name of ['work', 'work-poison']) await queues.getQueueClient(name).deleteIfExists();
});
afterAll(async () => {
  await azurite.stop();
  await app.remove();
});

async function start(more: Record<string, string> = {}, messageLease = '00:00:04'): Promise<void> {
  const settings = { AzureWebJobsStorage: azurite.connectionString, ...more };
  host = await startHost({ appDir: app.dir, settings, messageLease });
}

async function send(text: string, encoding: BufferEncoding | 'none' = 'base64'): Promise<void> {
  const work = queues.getQueueClient('work');
  await work.createIfNotExists();
  await work.sendMessage(encoding === 'none' ? text : Buffer.from(text).toString(encoding));
}

async function seenOnce(enough: (seen: Seen['seen']) => boolean): Promise<Seen> {
  for (;;) {
    const now = (await (await fetch(`${host.url}/api/seen`)).json()) as Seen;
    if (enough(now.seen)) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const visible = async (name: string) => (await queues.getQueueClient(name).getProperties()).approximateMessagesCount;
/** A message is deleted after its function has ended. */
async function emptied(name: string): Promise<void> {
  while ((await visible(name)) !== 0) await new Promise((resolve) => setTimeout(resolve, 50));
}
const isPoison = ({ metadata }: Seen['seen'][number]) => metadata['poison'] === true;

describe('a queue message', () => {
  it('arrives parsed where it is JSON and as text where not, though the queue is made after the start', async () => {
    await start();
    await send('{"a":[1]}');
    await send('plain text');

    const { seen } = await seenOnce((all) => all.length === 2);

    expect(seen.map(({ entry }) => entry)).toEqual(expect.arrayContaining([{ a: [1] }, 'plain text']));
    await emptied('work');
  });

  it('has its own properties in triggerMetadata, and a JSON message overwrites them', async () => {
    await start();
    await send('text');
    await send('{"id":"mine","dequeueCount":99,"list":[1]}');

    const { seen } = await seenOnce((all) => all.length === 2);

    const own = seen.find(({ entry }) => entry === 'text');
    expect(own?.metadata).toMatchObject({ dequeueCount: 1, queueTrigger: 'text', popReceipt: expect.any(String) });
    const overwritten = seen.find(({ entry }) => entry !== 'text');
    expect(overwritten?.metadata).toMatchObject({ dequeueCount: 99, id: 'mine' });
    expect(overwritten?.metadata).not.toHaveProperty('list');
  });

  it('is tried again visibilityTimeout after a failure, and goes to the poison queue after maxDequeueCount attempts', async () => {
    await start();
    await send('{"fail":true}');

    const { seen } = await seenOnce((all) => all.some(isPoison));

    const attempts = seen.filter((one) => !isPoison(one));
    expect(attempts.map(({ metadata }) => metadata['dequeueCount'])).toEqual([1, 2, 3]);
    for (const [index, { at }] of attempts.entries()) {
      if (index > 0) expect(at - (attempts[index - 1]?.at ?? 0)).toBeGreaterThanOrEqual(900);
    }
    expect(seen.find(isPoison)?.entry).toEqual({ fail: true });
    expect(await visible('work')).toBe(0);
  });

  it('goes to the poison queue at once when it is not base64, as it is and without a call', async () => {
    await start({ 'AzureWebJobs.take-poison.Disabled': 'true' });
    await send('{"not":"base64"}', 'none');
    const poison = queues.getQueueClient('work-poison');

    while (((await visible('work-poison').catch(() => 0)) ?? 0) === 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const { peekedMessageItems } = await poison.peekMessages();

    expect(peekedMessageItems.map(({ messageText }) => messageText)).toEqual(['{"not":"base64"}']);
    expect((await seenOnce(() => true)).seen).toEqual([]);
  });

  // QueueProcessor of the storage extension: without a poison queue of its own a message is hidden, and kept for good
  it('that fails on a poison queue comes back when its lease ends, maxDequeueCount times, and stays there then', async () => {
    await start({}, '00:00:01');
    const poison = queues.getQueueClient('work-poison');
    await poison.createIfNotExists();
    await poison.sendMessage(Buffer.from('{"failAgain":true}').toString('base64'));

    const { seen } = await seenOnce((all) => all.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 3_000));

    expect(seen.map(({ metadata }) => metadata['dequeueCount'])).toEqual([1, 2, 3]);
    // its lease began before the function did, by as much as the machine is busy
    const ends = seen.map(({ metadata }) => Date.parse(String(metadata['nextVisibleTime'])));
    for (const [index, { at }] of seen.entries())
      if (index > 0) expect(at).toBeGreaterThanOrEqual(ends[index - 1] ?? NaN);
    expect((await seenOnce(() => true)).seen).toHaveLength(3);
    expect(await visible('work-poison')).toBe(1);
  });

  it('is handled beside others, at most batchSize + newBatchThreshold at a time', async () => {
    await start();
    for (let index = 0; index < 8; index++) await send(JSON.stringify({ index, ms: 100 + index * 80 }));

    const { seen, mostAtOnce } = await seenOnce((all) => all.length === 8);

    expect(new Set(seen.map(({ entry }) => (entry as { index: number }).index)).size).toBe(8);
    expect(mostAtOnce).toBe(3);
  });

  it('is finished and gone from the queue before the host stops', async () => {
    await start();
    await send('{"ms":700}');
    await seenOnce((all) => all.length === 1);

    await host.stop();

    expect(await visible('work')).toBe(0);
  });

  it('stays hidden while its function runs longer than the lease', async () => {
    await start();
    await send('{"ms":6000}');

    await new Promise((resolve) => setTimeout(resolve, 7000));
    const { seen } = await seenOnce(() => true);

    expect(seen.map(({ metadata }) => metadata['dequeueCount'])).toEqual([1]);
    expect(await visible('work')).toBe(0);
  });

  it('comes back with a higher dequeue count after the host was killed over it', async () => {
    await start();
    await send('{"ms":60000}');
    await seenOnce((all) => all.length === 1);
    await host.kill();
    await start();

    const { seen } = await seenOnce((all) => all.length === 1);

    expect(seen.map(({ metadata }) => metadata['dequeueCount'])).toEqual([2]);
  });
});
