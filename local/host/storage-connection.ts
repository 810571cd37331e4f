import type { TokenCredential } from '@azure/identity';
import { QueueServiceClient } from '@azure/storage-queue';

/**
 * The queue service that a binding's `connection` names, by the host's own rules: a connection string under that name,
 * or an identity-based one under `<name>__queueServiceUri` or `<name>__accountName`. Throws when neither is set.
 */
export async function queueService(connection: string, settings: NodeJS.ProcessEnv): Promise<QueueServiceClient> {
  const named = settings[connection];
  if (named !== undefined && named !== '') return QueueServiceClient.fromConnectionString(named);
  const account = settings[`${connection}__accountName`];
  const uri = settings[`${connection}__queueServiceUri`] ?? (account && `https://${account}.queue.core.windows.net`);
  if (!uri)
    throw new Error(
      `The connection '${connection}' is not set: no connection string, __queueServiceUri or __accountName.`,
    );
  return new QueueServiceClient(uri, await credential(connection, settings));
}

async function credential(connection: string, settings: NodeJS.ProcessEnv): Promise<TokenCredential> {
  // Half a second to load, and with Azurite nobody needs it.
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  const clientId = settings[`${connection}__clientId`];
  if (settings[`${connection}__credential`]?.toLowerCase() !== 'managedidentity') return new DefaultAzureCredential();
  return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential();
}
