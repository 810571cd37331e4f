import { type Env, Settings, isLoopback } from '../settings.ts';

const IDENTITY_ID =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ManagedIdentity\/userAssignedIdentities\/[^/]+$/i;

const CLUSTER_ID =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.ContainerService\/managedClusters\/[^/]+$/i;

export interface ClusterSettings {
  aksClusterId?: string;
  kubeconfig?: { file: string; context: string; deprovisionerContext: string };
  provisionerClientId?: string;
  deprovisionerClientId?: string;
}

export function readClusterSettings(env: Env): ClusterSettings {
  const settings = new Settings(env);
  const aksClusterId = settings.matching('AKS_CLUSTER_ID', CLUSTER_ID, 'is not the ARM id of a managed cluster');
  const file = settings.text('CLUSTER_KUBECONFIG');
  const context = settings.text('CLUSTER_CONTEXT');
  if (file !== undefined && context === undefined)
    settings.fault('CLUSTER_CONTEXT', 'is missing beside CLUSTER_KUBECONFIG');
  if (file === undefined && context !== undefined)
    settings.fault('CLUSTER_KUBECONFIG', 'is missing beside CLUSTER_CONTEXT');
  if (aksClusterId === undefined && file === undefined) {
    settings.fault('AKS_CLUSTER_ID', 'is missing (or CLUSTER_KUBECONFIG with CLUSTER_CONTEXT)');
  }
  return settings.checked({
    ...readPrincipals(settings),
    ...(file !== undefined &&
      context !== undefined && {
        kubeconfig: { file, context, deprovisionerContext: settings.text('CLUSTER_DEPROVISIONER_CONTEXT') ?? context },
      }),
    ...(aksClusterId !== undefined && { aksClusterId }),
  });
}

export interface ArmSettings {
  endpoint?: string;
  /** The endpoint is a stand-in on this machine: no token is asked for or sent. */
  loopback: boolean;
}

export function readArmSettings(env: Env): ArmSettings {
  const settings = new Settings(env);
  const endpoint = settings.address('ARM_ENDPOINT');
  if (endpoint === undefined) return { loopback: false };
  return settings.checked({ endpoint: endpoint.replace(/\/+$/, ''), loopback: isLoopback(endpoint) });
}

export interface IdentitySettings {
  pool: string[];
  issuer?: string;
  aksClusterId?: string;
  provisionerClientId?: string;
}

export function readIdentitySettings(env: Env): IdentitySettings {
  const settings = new Settings(env);
  const pool = settings.list('WORKLOAD_IDENTITIES');
  if (pool.some((id) => !IDENTITY_ID.test(id))) {
    settings.fault('WORKLOAD_IDENTITIES', 'an entry is not the ARM id of a user-assigned identity');
  }
  const issuer = settings.text('OIDC_ISSUER_URL');
  if (issuer !== undefined && !(URL.canParse(issuer) && new URL(issuer).protocol === 'https:')) {
    settings.fault('OIDC_ISSUER_URL', 'is not an https address');
  }
  const aksClusterId = settings.matching('AKS_CLUSTER_ID', CLUSTER_ID, 'is not the ARM id of a managed cluster');
  if (pool.length > 0 && issuer === undefined && aksClusterId === undefined) {
    settings.fault('OIDC_ISSUER_URL', 'is missing: without AKS_CLUSTER_ID nobody says who issues the tokens');
  }
  const { provisionerClientId } = readPrincipals(settings);
  return settings.checked({
    pool,
    ...(issuer !== undefined && { issuer }),
    ...(aksClusterId !== undefined && { aksClusterId }),
    ...(provisionerClientId !== undefined && { provisionerClientId }),
  });
}

function readPrincipals(settings: Settings): { provisionerClientId?: string; deprovisionerClientId?: string } {
  const provisionerClientId = settings.guid('PROVISIONER_CLIENT_ID');
  const deprovisionerClientId = settings.guid('DEPROVISIONER_CLIENT_ID');
  // one of them for both would undo what the other is apart for
  if (provisionerClientId === undefined && deprovisionerClientId !== undefined)
    settings.fault('PROVISIONER_CLIENT_ID', 'is missing beside DEPROVISIONER_CLIENT_ID');
  if (provisionerClientId !== undefined && deprovisionerClientId === undefined)
    settings.fault('DEPROVISIONER_CLIENT_ID', 'is missing beside PROVISIONER_CLIENT_ID');
  return {
    ...(provisionerClientId !== undefined && { provisionerClientId }),
    ...(deprovisionerClientId !== undefined && { deprovisionerClientId }),
  };
}
