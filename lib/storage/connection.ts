import type { BlobServiceClient } from '@azure/storage-blob';
import type { QueueServiceClient } from '@azure/storage-queue';
import type { TokenCredential } from '@azure/identity';
import { ProvisionerError } from '../errors.ts';

export interface StorageConnection {
  connectionString?: string;
  queueUri?: string;
  blobUri?: string;
  /** Asked for only where there is no connection string. */
  credential(): Promise<TokenCredential>;
}

/** What the service gives a call; that an answer never comes is what withTimeLimit is for. */
const OPTIONS = { retryOptions: { maxTries: 3, tryTimeoutInMs: 2_500, retryDelayInMs: 100 } };

/** The queue service by connection string or by identity; loads its SDK on first use. */
export async function connectQueues(connection: StorageConnection): Promise<QueueServiceClient> {
  const { QueueServiceClient } = await import('../sdk/storage-queue.ts');
  const { connectionString, queueUri } = connection;
  if (connectionString !== undefined)
    return readable(() => QueueServiceClient.fromConnectionString(connectionString, OPTIONS));
  if (queueUri === undefined) throw new ProvisionerError('settings', 'AzureWebJobsStorage names no queue service');
  return new QueueServiceClient(queueUri, await connection.credential(), OPTIONS);
}

/** The blob service by connection string or by identity; loads its SDK on first use. */
export async function connectBlobs(connection: StorageConnection): Promise<BlobServiceClient> {
  const { BlobServiceClient } = await import('../sdk/storage-blob.ts');
  const { connectionString, blobUri } = connection;
  if (connectionString !== undefined)
    return readable(() => BlobServiceClient.fromConnectionString(connectionString, OPTIONS));
  if (blobUri === undefined) throw new ProvisionerError('settings', 'AzureWebJobsStorage names no blob service');
  return new BlobServiceClient(blobUri, await connection.credential(), OPTIONS);
}

function readable<T>(connect: () => T): T {
  try {
    return connect();
  } catch (cause) {
    throw new ProvisionerError('settings', 'AzureWebJobsStorage is no connection string', { cause });
  }
}
