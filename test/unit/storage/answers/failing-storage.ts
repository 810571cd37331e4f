import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import { connectBlobs, connectQueues } from '../../../../lib/storage/connection.ts';
import { type Azurite, startAzurite } from '../../../../local/azurite/azurite.ts';
import type { FaultKind } from '../../../support/fault-injection/kinds.ts';
import { type FaultProxy, startFaultProxy } from '../../../support/fault-injection/proxy.ts';

/** One call to storage, as `PUT /account/container/blob?query`. */
export type Seen = string;

export interface FailingStorage {
  /** A container that nobody has made yet, as the app's own client sees it. */
  container(): Promise<ContainerClient>;
  blobs(): Promise<BlobServiceClient>;
  queues(): Promise<QueueServiceClient>;
  /** Calls that fit are answered so, until `heal`; what a function answers decides call by call. */
  fail(fits: RegExp, kind: FaultKind | (() => FaultKind | undefined)): void;
  heal(): void;
  calls: Seen[];
  stop(): Promise<void>;
}

/** Azurite behind proxies that let each call through or answer it as a test says; the clients are the app's own. */
export async function startFailingStorage(): Promise<FailingStorage> {
  const azurite: Azurite = await startAzurite();
  let fault: { fits: RegExp; kind: () => FaultKind | undefined } | undefined;
  const calls: Seen[] = [];
  const admission = {
    isDead: () => false,
    admit(_peer: unknown, { method, path }: { method: string; path: string }) {
      const call = `${method} ${path}`;
      calls.push(call);
      return fault?.fits.test(call) === true ? fault.kind() : undefined;
    },
  };
  const open = (peer: 'blobs' | 'queues', url: string): Promise<FaultProxy> =>
    startFaultProxy({ peer, target: new URL(url).origin, admission });
  const [blobs, queues] = await Promise.all([open('blobs', azurite.blobUrl), open('queues', azurite.queueUrl)]);
  const toProxy = (url: string, proxy: FaultProxy): string => `${proxy.url}${new URL(url).pathname}`;
  const connection = {
    connectionString: azurite.connectionString
      .replace(azurite.blobUrl, toProxy(azurite.blobUrl, blobs))
      .replace(azurite.queueUrl, toProxy(azurite.queueUrl, queues)),
    credential: () => Promise.reject(new Error('a connection string needs no credential')),
  };
  let made = 0;
  return {
    calls,
    container: async () => (await connectBlobs(connection)).getContainerClient(`container-${(made += 1)}`),
    blobs: () => connectBlobs(connection),
    queues: () => connectQueues(connection),
    fail(fits, kind) {
      fault = { fits, kind: typeof kind === 'function' ? kind : () => kind };
    },
    heal: () => void (fault = undefined),
    async stop() {
      await Promise.all([blobs.close(), queues.close()]);
      await azurite.stop();
    },
  };
}
