import { ProvisionerError } from '../errors.ts';
import type { ArmAccess } from './arm-client.ts';
import { openManagedCluster } from './managed-clusters.ts';
import { toArmError } from './arm-error.ts';

const TIMEOUT_MS = 10_000;

/**
 * The token issuer of an AKS cluster, character for character as AKS states it: a missing trailing slash is the commonest
 * reason for a refused token (https://azure.github.io/azure-workload-identity/docs/troubleshooting.html). Asked once.
 */
export function aksIssuer(options: {
  clusterId: string;
  arm: ArmAccess;
  /** Of the call to ARM, in ms. */
  timeoutMs?: number;
}): () => Promise<string> {
  let asked: Promise<string> | undefined;
  return () => {
    asked ??= readIssuer(options).catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}

/** The issuer that a setting gives, verbatim. */
export function givenIssuer(url: string): () => Promise<string> {
  return async () => url;
}

async function readIssuer({
  clusterId,
  arm,
  timeoutMs = TIMEOUT_MS,
}: Parameters<typeof aksIssuer>[0]): Promise<string> {
  const { id, clusters } = await openManagedCluster(arm, clusterId);
  const object = `ManagedCluster/${id.name}`;
  try {
    const cluster = await clusters.get(id.resourceGroup, id.name, {
      abortSignal: AbortSignal.timeout(timeoutMs),
    });
    const issuer = cluster.oidcIssuerProfile?.issuerURL;
    if (issuer) return issuer;
  } catch (error) {
    throw toArmError(error, { object });
  }
  throw new ProvisionerError('settings', `${object} has no OIDC issuer`, {
    object,
    fix: 'run az aks update --enable-oidc-issuer --enable-workload-identity, or set OIDC_ISSUER_URL',
  });
}
