import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { TokenCredential } from '@azure/identity';
import { connectBlobs, connectQueues } from '../../../lib/storage/connection.ts';

/** A credential that counts who asks for it. */
function counted() {
  const asked: unknown[] = [];
  const token: TokenCredential = {
    getToken: async () => ({ token: 'secret', expiresOnTimestamp: Date.now() + 60_000 }),
  };
  return {
    asked,
    credential: async () => {
      asked.push(token);
      return token;
    },
  };
}

const unasked = { credential: () => Promise.reject(new Error('a connection string needs no credential')) };
const QUEUES = 'https://acme.queue.core.windows.net';
const BLOBS = 'https://acme.blob.core.windows.net';

describe('a storage account named by its addresses', () => {
  it('is called there as the identity that the app was given', async () => {
    const { asked, credential } = counted();
    const queues = await connectQueues({ queueUri: QUEUES, credential });
    const blobs = await connectBlobs({ blobUri: BLOBS, credential });
    expect([new URL(queues.url).origin, new URL(blobs.url).origin]).toEqual([QUEUES, BLOBS]);
    expect(asked).toHaveLength(2);
  });

  it('is a fault of the settings where the address of one service is missing', async () => {
    const { asked, credential } = counted();
    await expect(connectQueues({ blobUri: BLOBS, credential })).rejects.toMatchObject({
      code: 'settings',
      message: 'AzureWebJobsStorage names no queue service',
    });
    await expect(connectBlobs({ queueUri: QUEUES, credential })).rejects.toMatchObject({
      code: 'settings',
      message: 'AzureWebJobsStorage names no blob service',
    });
    expect(asked).toEqual([]);
  });

  it('gives way to a connection string, which needs no identity', async () => {
    const { asked, credential } = counted();
    const connectionString = 'DefaultEndpointsProtocol=https;AccountName=other;AccountKey=a2V5;EndpointSuffix=x.test';
    const queues = await connectQueues({ connectionString, queueUri: QUEUES, credential });
    const blobs = await connectBlobs({ connectionString, blobUri: BLOBS, credential });
    expect([queues.url, blobs.url].every((url) => new URL(url).hostname.startsWith('other.'))).toBe(true);
    expect(asked).toEqual([]);
  });
});

describe('a storage account that is busy', () => {
  afterEach(() => void jest.restoreAllMocks());

  it.each<[string, (connectionString: string) => Promise<unknown>]>([
    ['queue', async (connectionString) => (await connectQueues({ connectionString, ...unasked })).getProperties()],
    ['blob', async (connectionString) => (await connectBlobs({ connectionString, ...unasked })).getProperties()],
  ])('is asked three times, at once and after 100 ms, with 2 s for each: its %s service', async (_service, ask) => {
    const asked: (string | null)[] = [];
    const server = createServer(({ url = '' }, response) => {
      asked.push(new URL(url, 'http://x').searchParams.get('timeout'));
      response.writeHead(503).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const timers = jest.spyOn(globalThis, 'setTimeout');
    const account = 'DefaultEndpointsProtocol=http;AccountName=other;AccountKey=a2V5';
    await expect(ask(`${account};BlobEndpoint=${url}/b;QueueEndpoint=${url}/q`)).rejects.toMatchObject({
      statusCode: 503,
    });
    server.close();
    expect(asked).toEqual(['2', '2', '2']);
    expect(timers.mock.calls.map(([, ms]) => ms).filter((ms = 0) => ms <= 500)).toEqual([0, 100]);
  });
});
