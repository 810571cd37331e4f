import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { connectAks } from '../../../lib/cluster/auth/aks.ts';
import { clock } from '../../../lib/clock.ts';
import { connectBlobs, connectQueues } from '../../../lib/storage/connection.ts';
import { createRequests } from '../../../lib/storage/queue.ts';
import { createRecords } from '../../../lib/storage/records/records.ts';

let silent: Server;
let url: string;

beforeAll(async () => {
  silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
});

function connection() {
  const endpoints = `BlobEndpoint=${url}/account;QueueEndpoint=${url}/account`;
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;${endpoints}`,
    credential: () => Promise.reject(new Error('not asked for')),
  };
}

// without a limit of ours each of these waited for good: a webhook was never answered, a lease holder never let go
describe('a storage account that takes calls and never answers', () => {
  const timeoutMs = 100;

  it('fails a request for the queue as unavailable', async () => {
    const requests = createRequests({ queues: () => connectQueues(connection()), timeoutMs });

    await expect(requests.sendToPoison({}, 0)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  it('fails every call for a record as unavailable', async () => {
    const container = async () => (await connectBlobs(connection())).getContainerClient('environments');
    const records = createRecords({ container, timeoutMs });

    await expect(records.read('a')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(records.lease('a')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(records.list()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('fails a look at an identity’s ledger, and a wait for its lock', async () => {
    const container = async () => (await connectBlobs(connection())).getContainerClient('identities');
    const locks = createIdentityLocks({ container, clock, random: Math.random, timeoutMs });

    await expect(locks.read('/an/identity')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(locks.withLock('/an/identity', async () => undefined)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('an ARM that takes the call for a kubeconfig and never answers', () => {
  it('fails the opening of the connection, so that the next call opens it again', async () => {
    const clusterId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/cluster';
    const aks = connectAks({ clusterId, arm: { endpoint: url, loopback: true }, timeoutMs: 100 });

    await expect(aks.open()).rejects.toMatchObject({ code: 'unavailable', object: 'Cluster' });
  });
});
