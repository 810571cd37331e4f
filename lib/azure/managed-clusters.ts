import { type ArmAccess, type ArmId, armClientOptions, armCredential, parseArmId, withoutToken } from './arm-client.ts';

/** Both callers ask once per process, so the SDK's own retries are enough. */
const MAX_RETRIES = 3;

/** ARM's client of managed clusters, and the parts of the cluster's id; throws `settings` for any other id. */
export async function openManagedCluster(arm: ArmAccess, clusterId: string) {
  const id: ArmId = parseArmId(clusterId, 'Microsoft.ContainerService/managedClusters');
  const { ContainerServiceClient } = await import('../sdk/arm-containerservice.ts');
  const options = { ...armClientOptions(arm), retryOptions: { maxRetries: MAX_RETRIES } };
  const client = withoutToken(new ContainerServiceClient(armCredential(arm), id.subscription, options), arm);
  return { id, clusters: client.managedClusters };
}
