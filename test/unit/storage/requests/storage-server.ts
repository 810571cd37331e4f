import { once } from 'node:events';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContainerClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { connectBlobs, connectQueues } from '../../../../lib/storage/connection.ts';

/** One call as the service is sent it, without what the client adds to each (date, version, its own name). */
export interface Sent {
  /** `PUT container/blob`. */
  call: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: string;
}

/** What it is answered; the code is the service's own word for a failure. */
export interface Answer {
  status: number;
  code?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface StorageServer {
  sent: Sent[];
  /** The next answers, in order; what comes after them succeeds. */
  answer(...answers: Answer[]): void;
  container(): Promise<ContainerClient>;
  queues(): Promise<QueueServiceClient>;
  stop(): Promise<void>;
}

const KEPT = /^(x-ms-(blob|meta|lease|proposed|include|copy|delete|range)|if-)/;
/** What storage answers where nothing is said: a lease, and the tag of what was written. */
const DONE = { etag: '"tag"', 'x-ms-lease-id': 'lease-id', 'x-ms-request-id': 'id' };

/** Takes the calls of the app's own storage clients, and answers them as a test says: each is asserted as a whole. */
export async function startStorageServer(): Promise<StorageServer> {
  const sent: Sent[] = [];
  const waiting: Answer[] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      sent.push(toSent(request, Buffer.concat(chunks).toString('latin1')));
      const { status, code, headers, body } = waiting.shift() ?? { status: successOf(request) };
      const words = code === undefined ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
      const content = request.method === 'HEAD' ? '' : (body ?? words);
      response.writeHead(status, {
        ...DONE,
        'content-type': 'application/xml',
        'content-length': Buffer.byteLength(content),
        ...(code !== undefined && { 'x-ms-error-code': code }),
        ...headers,
      });
      response.end(content);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/account`;
  const connection = {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;BlobEndpoint=${url};QueueEndpoint=${url}`,
    credential: () => Promise.reject(new Error('a connection string needs no credential')),
  };
  return {
    sent,
    answer: (...answers) => void waiting.splice(0, Infinity, ...answers),
    container: async () => (await connectBlobs(connection)).getContainerClient('container'),
    queues: () => connectQueues(connection),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The status of each success is a part of the contract: the clients take another for a failure. */
function successOf({ method, headers }: IncomingMessage): number {
  if (method === 'DELETE') return 202;
  return method === 'PUT' && !/^re/.test(String(headers['x-ms-lease-action'])) ? 201 : 200;
}

function toSent({ method, url, headers }: IncomingMessage, body: string): Sent {
  const { pathname, searchParams } = new URL(url ?? '', 'http://storage');
  const kept = Object.entries(headers).filter(([name]) => KEPT.test(name));
  searchParams.delete('timeout');
  return {
    call: `${method} ${pathname.replace(/^\/account\//, '')}`,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
    body,
  };
}
