import { keepSecret } from '../secrets.ts';
import { type Env, Settings } from '../settings.ts';

export interface StorageSettings {
  connectionString?: string;
  queueUri?: string;
  blobUri?: string;
  clientId?: string;
}

/** A connection string, or service addresses for an identity, under the Functions host's own names. */
export function readStorageSettings(env: Env): StorageSettings {
  const settings = new Settings(env);
  const connectionString = settings.text('AzureWebJobsStorage');
  if (connectionString !== undefined) {
    for (const [, key] of connectionString.matchAll(/(?:AccountKey|SharedAccessSignature|sig)=([^;&]+)/gi))
      keepSecret(key);
    return settings.checked({ connectionString });
  }
  const account = settings.text('AzureWebJobsStorage__accountName');
  if (account !== undefined && !/^[a-z0-9]{3,24}$/.test(account)) {
    settings.fault('AzureWebJobsStorage__accountName', 'is not a storage account name');
  }
  const uri = (service: 'queue' | 'blob'): string | undefined =>
    settings.text(`AzureWebJobsStorage__${service}ServiceUri`) ??
    (account === undefined ? undefined : `https://${account}.${service}.core.windows.net`);
  const queueUri = uri('queue');
  const blobUri = uri('blob');
  if (queueUri === undefined || blobUri === undefined) {
    settings.fault('AzureWebJobsStorage', 'is missing: a connection string, or AzureWebJobsStorage__accountName');
  }
  const clientId = settings.text('AzureWebJobsStorage__clientId');
  return settings.checked({
    ...(queueUri !== undefined && { queueUri }),
    ...(blobUri !== undefined && { blobUri }),
    ...(clientId !== undefined && { clientId }),
  });
}
