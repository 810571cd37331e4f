import type { TokenCredential } from '@azure/identity';
import { ProvisionerError, codeOfStatus } from '../../errors.ts';
import type { ArmAccess } from '../../azure/arm-client.ts';
import { describeFault, readArmFault } from '../../azure/arm-error.ts';
import { openManagedCluster } from '../../azure/managed-clusters.ts';
import { type ClusterAddress, type Connection, connect } from '../api/connection.ts';
import { addressOf, keepUsers } from './kubeconfig.ts';

/** Microsoft Entra's application for every AKS API server. https://learn.microsoft.com/azure/aks/kubelogin-authentication */
const AKS_SCOPE = '6dae42f8-4368-4678-94ff-3960e28e3630/.default';

/** A token is replaced this long before it ends, so that none ends under way. */
const TOKEN_MARGIN_MS = 120_000;

export interface AksOptions {
  /** ARM id of the managed cluster. */
  clusterId: string;
  /** Azure Resource Manager; a stand-in is sent no token. */
  arm: Pick<ArmAccess, 'endpoint' | 'loopback'>;
  /** The principal, for ARM and for the API server. Only with a stand-in may it be absent: its kubeconfig has a user. */
  credential?: TokenCredential;
  connections?: number;
  /** Of the call to ARM with its retries, in ms. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * A connection to an AKS cluster. Server and CA come from its user kubeconfig, once per connection (ARM admits about one
 * such call a second per subscription); its user needs a binary and is discarded.
 */
export function connectAks(options: AksOptions): Connection {
  return connect(async () => {
    const { KubeConfig } = await import('../../sdk/kubernetes-client.ts');
    const config = new KubeConfig();
    const text = await userKubeconfig(options);
    try {
      config.loadFromString(text);
    } catch (cause) {
      throw failed('its user kubeconfig can not be read', { cause });
    }
    keepUsers(config);
    const { credential } = options;
    if (!credential) return addressOf(config);
    const cluster = config.getCurrentCluster();
    if (!cluster?.server) throw failed('its user kubeconfig names no server');
    return {
      server: cluster.server,
      tls: cluster.caData ? { ca: Buffer.from(cluster.caData, 'base64') } : {},
      authorization: bearer(credential),
    };
  }, options);
}

function bearer(credential: TokenCredential): ClusterAddress['authorization'] {
  let token: { token: string; expiresOnTimestamp: number } | undefined;
  return async () => {
    if (!token || token.expiresOnTimestamp - TOKEN_MARGIN_MS < Date.now()) {
      try {
        token = (await credential.getToken(AKS_SCOPE)) ?? undefined;
      } catch (cause) {
        if (cause instanceof ProvisionerError) throw cause;
        throw failed('no token for the API server could be had', { cause, code: 'unavailable' });
      }
    }
    if (!token) throw failed('the credential gives no token for the API server', { code: 'not-permitted' });
    return { Authorization: `Bearer ${token.token}` };
  };
}

async function userKubeconfig({ clusterId, arm, credential, timeoutMs = TIMEOUT_MS }: AksOptions): Promise<string> {
  const { id, clusters } = await openManagedCluster({ ...arm, ...(credential && { credential }) }, clusterId);
  try {
    const list = await clusters.listClusterUserCredentials(id.resourceGroup, id.name, {
      format: 'exec',
      // a call without an answer would hold up every other one that waits for this connection to open
      abortSignal: AbortSignal.timeout(timeoutMs),
    });
    const value = list.kubeconfigs?.[0]?.value;
    if (value) return Buffer.from(value).toString('utf8');
  } catch (cause) {
    if (cause instanceof ProvisionerError) throw cause;
    const fault = readArmFault(cause);
    const why = fault === undefined ? 'Azure did not answer' : describeFault(fault);
    const code = codeOfStatus(fault?.status);
    const fix = code === 'not-permitted' ? FIX_RIGHT : undefined;
    throw failed(`its user kubeconfig can not be had: ${why}`, { cause, code, ...(fix !== undefined && { fix }) });
  }
  throw failed('its user kubeconfig is empty');
}

const FIX_RIGHT =
  'give both identities of the app the role Azure Kubernetes Service Cluster User Role on the cluster, then provision again';

function failed(
  why: string,
  { code = 'rejected', ...details }: { cause?: unknown; code?: ProvisionerError['code']; fix?: string } = {},
): ProvisionerError {
  return new ProvisionerError(code, `AKS cluster: ${why}`, { object: 'Cluster', ...details });
}
