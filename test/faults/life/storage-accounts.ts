import { startAzurite } from '../../../local/azurite/azurite.ts';
import { PLANTED } from '../planted.ts';

const ACCOUNT_KEY = PLANTED.accountKey;

export interface StorageAccounts {
  blobOrigin: string;
  queueOrigin: string;
  /** A storage account that nobody else has. */
  take(): string;
  stop(): Promise<void>;
}

/** One Azurite with as many accounts as there will be lives, so that each has queues and containers of its own. */
export async function startStorageAccounts(count: number): Promise<StorageAccounts> {
  const names = Array.from({ length: count }, (_, index) => `life${index}`);
  const azurite = await startAzurite({ accounts: names.map((name) => `${name}:${ACCOUNT_KEY}`).join(';') });
  return {
    blobOrigin: new URL(azurite.blobUrl).origin,
    queueOrigin: new URL(azurite.queueUrl).origin,
    take() {
      const name = names.pop();
      if (name === undefined) throw new Error(`no storage account is left of ${count}`);
      return name;
    },
    stop: () => azurite.stop(),
  };
}

/** For an account whose services are at these origins, a proxy's or Azurite's own. */
export function toConnectionString(account: string, origins: { blobs: string; queues: string }): string {
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${account}`,
    `AccountKey=${ACCOUNT_KEY}`,
    `BlobEndpoint=${origins.blobs}/${account}`,
    `QueueEndpoint=${origins.queues}/${account}`,
  ].join(';');
}
