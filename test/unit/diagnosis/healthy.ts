import type { ChainFacts } from '../../../lib/diagnosis/facts.ts';
import type { Inspected, KubeObject } from '../../../lib/environment/ports/cluster.ts';

export const CLIENT = '11111111-1111-4111-8111-111111111111';
export const TENANT = '22222222-2222-4222-8222-222222222222';
export const NAMESPACE = 'feature-ex-1';
export const IDENTITY =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kv-1';
export const ISSUER = 'https://issuer.example.test/cluster/';
const CSI = 'secrets-store.csi.x-k8s.io/v1';
const USE = { 'azure.workload.identity/use': 'true' };

const podSpec = {
  serviceAccountName: 'db',
  containers: [{ name: 'db', env: [{ name: 'AZURE_CLIENT_ID', value: CLIENT }] }],
  volumes: [
    { name: 'tmp', emptyDir: {} },
    {
      name: 'secrets',
      csi: { driver: 'secrets-store.csi.k8s.io', volumeAttributes: { secretProviderClass: 'db-class' } },
    },
  ],
};

const account: KubeObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: {
    name: 'db',
    annotations: { 'azure.workload.identity/client-id': CLIENT, 'azure.workload.identity/tenant-id': TENANT },
  },
};
const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'db' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db', ...USE } }, spec: podSpec },
  },
};
const secretClass: KubeObject = {
  apiVersion: CSI,
  kind: 'SecretProviderClass',
  metadata: { name: 'db-class' },
  spec: { provider: 'azure', parameters: { clientID: CLIENT, tenantID: TENANT, keyvaultName: 'vault-1' } },
};
const other: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { template: { metadata: {}, spec: {} } },
};

/** A chain without a fault; every call makes it again, to be broken. */
export function healthy(): ChainFacts {
  const credential = {
    name: 'kv-ex-1',
    issuer: ISSUER,
    subject: `system:serviceaccount:${NAMESPACE}:db`,
    audiences: ['api://AzureADTokenExchange'],
  };
  const facts: ChainFacts = {
    namespace: NAMESPACE,
    now: Date.parse('2026-11-23T10:10:00Z'),
    rendered: { kind: 'read', value: [account, deployment, secretClass, other] },
    wanted: [
      {
        serviceAccount: 'db',
        name: credential.name,
        subject: credential.subject,
        audience: 'api://AzureADTokenExchange',
      },
    ],
    access: {
      kind: 'read',
      value: {
        issuer: ISSUER,
        poolSize: 1,
        identities: [
          {
            identity: IDENTITY,
            isPooled: true,
            ids: { clientId: CLIENT, tenantId: TENANT },
            credentials: [credential],
          },
        ],
        placed: [{ serviceAccount: 'db', identity: IDENTITY }],
      },
    },
    live: [
      list('v1', 'ServiceAccount', [account]),
      list('apps/v1', 'Deployment', [deployment, other]),
      list('v1', 'Pod', [pod('db-7d9f-x')]),
      list('v1', 'Event', []),
      list(CSI, 'SecretProviderClass', [secretClass]),
      list(CSI, 'SecretProviderClassPodStatus', [mounted('db-7d9f-x')]),
    ],
  };
  // by text: a clone would keep what the overlays and the cluster share here one object
  return JSON.parse(JSON.stringify(facts)) as ChainFacts;
}

export function list(apiVersion: string, kind: string, items: KubeObject[]): Inspected {
  return { apiVersion, kind, items };
}

export function pod(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'db', ...USE } },
    spec: structuredClone(podSpec),
    status: { phase: 'Running' },
  };
}

export function mounted(podName: string): KubeObject {
  return {
    apiVersion: CSI,
    kind: 'SecretProviderClassPodStatus',
    metadata: { name: `${podName}-${NAMESPACE}-db-class` },
    status: { podName, secretProviderClassName: 'db-class', mounted: true },
  };
}

export function warning(about: string, reason: string, message: string, at = '2026-11-23T10:09:00Z'): KubeObject {
  const [kind, name] = about.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${at}` },
    type: 'Warning',
    involvedObject: { kind, name },
    reason,
    message,
    lastTimestamp: at,
  };
}

/** The objects of one kind in the facts, to change in place. */
export function itemsOf({ live }: ChainFacts, kind: string): KubeObject[] {
  const found = live.find((one) => one.kind === kind);
  if (found === undefined || !('items' in found)) throw new Error(`the facts hold no ${kind}`);
  return found.items;
}
