import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { parseRequest } from '../../../lib/environment/model/request.ts';
import { connectBlobs, connectQueues } from '../../../lib/storage/connection.ts';
import { createRequests } from '../../../lib/storage/queue.ts';
import { createRecords } from '../../../lib/storage/records/records.ts';

let portal: Server;
let url: string;

beforeAll(async () => {
  portal = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>');
  });
  await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(portal.address() as AddressInfo).port}`;
});
afterAll(() => {
  portal.closeAllConnections();
  portal.close();
});

function connection() {
  const endpoints = `BlobEndpoint=${url}/account;QueueEndpoint=${url}/account`;
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;${endpoints}`,
    credential: () => Promise.reject(new Error('not asked for')),
  };
}

const at = '2026-11-23T10:00:00.000Z';
const request = parseRequest({
  ...{ v: 1, id: 'one', environment: 'a', repository: { fullName: 'acme/shop' }, ref: 'a', reason: 'create' },
  ...{ at, since: at, attempt: 0 },
});

describe('a connection string that is none', () => {
  it.each(['nonsense', 'AccountName=x;AccountKey=', 'DefaultEndpointsProtocol=https;AccountName=x'])(
    'is a fault of the settings, named without its value: %s',
    async (connectionString) => {
      const broken = { ...connection(), connectionString };
      const fault = {
        code: 'settings',
        message: 'AzureWebJobsStorage is no connection string',
        cause: expect.anything() as unknown,
      };

      await expect(connectQueues(broken)).rejects.toMatchObject(fault);
      await expect(connectBlobs(broken)).rejects.toMatchObject(fault);
      const requests = createRequests({ queues: () => connectQueues(broken) });
      await expect(requests.send(request)).rejects.toMatchObject(fault);
    },
  );
});

// a delivery was answered 202 of which no message was left
describe('a proxy that answers 200 in place of the storage account', () => {
  it('is no acknowledgement of a message', async () => {
    const requests = createRequests({ queues: () => connectQueues(connection()) });

    await expect(requests.send(request)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is no acknowledgement of a record', async () => {
    const container = async () => (await connectBlobs(connection())).getContainerClient('environments');

    await expect(createRecords({ container }).create(newRecord(request))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
