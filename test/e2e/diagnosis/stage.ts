import { modelSweeps } from '../../support/fakes/sweeps.ts';
import { randomUUID } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
import { setTimeout as pass } from 'node:timers/promises';
import { connectKubeconfig } from '../../../lib/cluster/auth/kubeconfig.ts';
import { createCluster } from '../../../lib/cluster/cluster.ts';
import { clock } from '../../../lib/clock.ts';
import { answerDiagnosis } from '../../../lib/diagnosis/answer-diagnosis.ts';
import type { Diagnosis } from '../../../lib/diagnosis/diagnose.ts';
import type { Link } from '../../../lib/diagnosis/chain/link.ts';
import type { Ports } from '../../../lib/environment/ports/ports.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import type { EnvironmentRequest, Reason } from '../../../lib/environment/model/request.ts';
import { createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { createFederatedCredentials } from '../../../lib/identity/federated-credentials.ts';
import { createArmIdentities } from '../../../lib/identity/managed-identities.ts';
import { compileOverlays } from '../../../lib/overlays/template/compile.ts';
import { createOverlays } from '../../../lib/overlays/render.ts';
import { createRecords } from '../../../lib/storage/records/records.ts';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { startAzurite } from '../../../local/azurite/azurite.ts';
import { type Admin, createAdmin } from '../../../local/control-plane/admin.ts';
import type { ClusterAccess } from '../../../local/kubernetes/kubeconfig.ts';
import { findKustomize } from '../../../local/kustomize/find-kustomize.ts';
import { MANIFESTS } from '../../manifests/build-overlay.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

export const IDENTITY =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kv-1';
export const CLIENT = '11111111-1111-4111-8111-111111111111';
export const TENANT = '22222222-2222-4222-8222-222222222222';
export const ISSUER = 'https://issuer.example.test/cluster/';
export const NAMESPACE = 'feature-ex-1';

export interface Stage {
  azure: AzureStandIn;
  admin: Admin;
  ports: Ports;
  /** What the route answers. */
  diagnose(readyDeadlineMs?: number): Promise<Diagnosis>;
  /** Until the links of this state are these, in any order; then all links. */
  expectBroken(links: string[], readyDeadlineMs?: number): Promise<Link[]>;
  /** The environment is provisioned, as a person's call would have it. */
  provision(): Promise<void>;
  stop(): Promise<void>;
}

/** The app's own parts, without the host, over a cluster, Azurite and the ARM stand-in, and one environment provisioned. */
export async function setStage(target: { access: ClusterAccess; kubeconfig: string }): Promise<Stage> {
  const azurite = await startAzurite();
  const azure = await startAzure({ identities: [{ id: IDENTITY, clientId: CLIENT, tenantId: TENANT }] });
  const admin = createAdmin(target.access);
  const provisioner = connectKubeconfig({ file: target.kubeconfig, context: 'provisioner' });
  const deprovisioner = connectKubeconfig({ file: target.kubeconfig, context: 'deprovisioner' });
  const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const [environments, identities] = ['environments', 'identities'].map((name) => blobs.getContainerClient(name));
  if (environments === undefined || identities === undefined) throw new Error('no containers');
  await identities.createIfNotExists();
  const compiled = await compileOverlays({
    manifestsDir: MANIFESTS,
    overlays: ['feature', 'azure-feature'],
    kustomize: await findKustomize({ log: () => undefined }),
  });
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const random = Math.random;
  const ports: Ports = {
    settings: {
      repositories: [{ fullName: 'acme/shop' }],
      admits: () => true,
      defaultBranches: ['main'],
      protectedNamespaces: [],
      initialImageTag: 'main',
      allowUnguarded: true,
      mode: 'apply',
      readyDeadlineMs: 600_000,
      driftIntervalMs: 3_600_000,
      trustDeliveries: true,
      maxDeliveryAgeMs: 259_200_000,
      imageWaitMs: 600_000,
      podRepair: true,
    },
    clock,
    random,
    newId: randomUUID,
    log,
    records: createRecords({ container: async () => environments }),
    sweeps: modelSweeps({ clock }),
    requests: { send: async () => undefined, sendToPoison: async () => undefined },
    cluster: createCluster({ provisioner, deprovisioner, clock, random }),
    credentials: createFederatedCredentials({
      pool: [IDENTITY],
      identities: createArmIdentities({ arm: { endpoint: azure.url, loopback: true } }),
      issuer: async () => ISSUER,
      locks: createIdentityLocks({ container: async () => identities, clock, random }),
      clock,
      random,
      log,
    }),
    overlays: createOverlays(compiled, { OVERLAY_KEYVAULT_NAME: 'branches-vault' }),
  };

  async function handle(reason: Reason): Promise<void> {
    const at = new Date().toISOString();
    const request: EnvironmentRequest = {
      v: 1,
      id: randomUUID(),
      environment: 'ex-1',
      repository: { id: 42, fullName: 'acme/shop' },
      ref: 'ex-1',
      reason,
      at,
      attempt: 0,
      since: at,
    };
    await reconcile(ports, request);
    const record = (await ports.records.read('ex-1'))?.record;
    if (record?.phase !== 'starting' && record?.phase !== 'ready') throw new Error(JSON.stringify(record));
  }

  async function diagnose(readyDeadlineMs = 0): Promise<Diagnosis> {
    const settings = { ...ports.settings, readyDeadlineMs };
    const deps = { log, records: async () => ports.records, ports: async () => ({ ...ports, settings }) };
    const { status, body } = await answerDiagnosis(deps, { name: 'ex-1', requestId: 'call-1' });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body as unknown as Diagnosis;
  }

  async function expectBroken(links: string[], readyDeadlineMs?: number): Promise<Link[]> {
    const end = Date.now() + 30_000;
    for (;;) {
      const { chain } = await diagnose(readyDeadlineMs);
      const broken = chain.filter(({ state }) => state === 'broken');
      const names = [...new Set(broken.map(({ link }) => link))];
      if (names.toSorted().join() === links.toSorted().join()) return chain;
      if (Date.now() > end)
        throw new Error(`expected ${links.join()} to be broken: ${JSON.stringify(broken, null, 1)}`);
      await pass(200);
    }
  }

  await handle('create');
  return {
    azure,
    admin,
    ports,
    diagnose,
    expectBroken,
    provision: () => handle('provision'),
    async stop() {
      await Promise.all([provisioner.close(), deprovisioner.close(), admin.close(), azure.close()]);
      await azurite.stop();
    },
  };
}

const CSI = 'secrets-store.csi.x-k8s.io/v1';
export const IN_NAMESPACE = `/api/v1/namespaces/${NAMESPACE}`;
export const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
export const CSI_PATH = `/apis/${CSI}/namespaces/${NAMESPACE}`;

interface Pods {
  items: (KubeObject & { spec: { volumes?: { csi?: { volumeAttributes?: { secretProviderClass?: string } } }[] } })[];
}

/** What the Secrets Store driver writes for every pod whose volume it has mounted. */
export async function mountAll({ admin }: Stage): Promise<string[]> {
  const { items } = (await admin.call<Pods>({ method: 'GET', path: `${IN_NAMESPACE}/pods` })) ?? { items: [] };
  const mounting = items.filter(({ spec }) => spec.volumes?.some(({ csi }) => csi !== undefined));
  for (const { metadata } of mounting) await mount(admin, metadata.name);
  return mounting.map(({ metadata }) => metadata.name);
}

async function mount(admin: Admin, podName: string): Promise<void> {
  const secretProviderClassName = 'postgres-secret-provider';
  await admin.call({
    method: 'POST',
    path: `${CSI_PATH}/secretproviderclasspodstatuses`,
    body: {
      apiVersion: CSI,
      kind: 'SecretProviderClassPodStatus',
      metadata: { name: `${podName}-${NAMESPACE}-${secretProviderClassName}`, namespace: NAMESPACE },
      status: { podName, secretProviderClassName, mounted: true },
    },
  });
}

/** As the namespace's policy and quota want it. */
const CONTAINER = {
  name: 'main',
  image: 'x:1',
  resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};

/** A pod of the backend that bears what its deployment's pods bear, but for the changes. */
export function backendPod(name: string, changes: { env?: object[]; spec?: object }): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { app: 'todo-app-be', 'azure.workload.identity/use': 'true' },
    },
    spec: {
      serviceAccountName: 'postgres-service-account',
      securityContext: { runAsNonRoot: true, runAsUser: 1001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ ...CONTAINER, env: changes.env ?? [] }],
      volumes: [
        {
          name: 'secrets-store',
          csi: {
            driver: 'secrets-store.csi.k8s.io',
            readOnly: true,
            volumeAttributes: { secretProviderClass: 'postgres-secret-provider' },
          },
        },
      ],
      ...changes.spec,
    },
  };
}

export async function failMount({ admin }: Stage, pod: string, message: string): Promise<void> {
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  await admin.call({
    method: 'POST',
    path: `${IN_NAMESPACE}/events`,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${pod}.${Date.now().toString(16)}`, namespace: NAMESPACE },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: pod, namespace: NAMESPACE },
      type: 'Warning',
      reason: 'FailedMount',
      message,
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
      source: { component: 'kubelet' },
    },
  });
}
