import { deployment, type PodSpec, servingPod } from './tree.ts';

export interface Fault {
  name: string;
  objects: object[];
  /** The object and the cause, as a person is told them. */
  says: RegExp;
  /** What can't run for want of room waits for it, for ever if need be; all else is called failed in the end. */
  isWaiting?: boolean;
}

/** Everything by which a pod may fail to come up, each in a tree of its own. */
export function faults(vault: string): Fault[] {
  return [
    container('crash', { command: ['sh', '-c', 'exit 3'] }, /exit code 3/),
    container('oom', { command: ['sh', '-c', 'x=aaaaaaaa; while true; do x=$x$x; done'] }, /OOMKilled|exit code 137/),
    container('image', { image: 'busybox:nowhere' }, /busybox:nowhere/),
    container('program', { command: ['/no/such/program'] }, /\/no\/such\/program/),
    container('unready', { readinessProbe: probe('/missing') }, /Readiness probe failed.*404/),
    pod(
      'init',
      { initContainers: [{ name: 'prepare', image: box().image, command: ['sh', '-c', 'exit 4'] }] },
      /prepare.*code 4/,
    ),
    pod('root', { securityContext: { runAsNonRoot: true } }, /runAsNonRoot/),
    container('config-map', { envFrom: [{ configMapRef: { name: 'nowhere' } }] }, /configmap "nowhere" not found/),
    container('secret', { envFrom: [{ secretRef: { name: 'nowhere' } }] }, /secret "nowhere" not found/),
    mount('class', [], /nowhere/),
    mount('vault', [secretClass('no-such-vault', 'postgres-user')], /no-such-vault|no such host/),
    mount('vault-secret', [secretClass(vault, 'no-such-secret')], /no-such-secret/),
    mount('credential', [secretClass(vault, 'postgres-user')], /AADSTS70021/),
    {
      name: 'claim',
      objects: [claim('nowhere'), deployment('web', { ...servingPod(), volumes: [claimed()] })],
      says: /storageclass\.storage\.k8s\.io "nowhere" not found/,
    },
    container('cpu', { resources: { requests: { cpu: '64' } } }, /Insufficient cpu/, true),
    pod('selector', { nodeSelector: { pool: 'nowhere' } }, /node affinity|selector/),
    {
      name: 'quota',
      objects: [
        { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'none' }, spec: { hard: { pods: '0' } } },
        deployment('web', servingPod()),
      ],
      says: /exceeded quota: none/,
    },
  ];
}

/** A program that takes its time, which is no fault. */
export function slowTree(): object[] {
  const spec = servingPod();
  const [box] = spec.containers;
  return [
    deployment('web', { ...spec, containers: [{ ...box, command: ['sh', '-c', `sleep 20; ${box.command[2]}`] }] }),
  ];
}

const box = () => servingPod().containers[0];
const probe = (path: string) => ({ httpGet: { path, port: 8080 }, periodSeconds: 1 });

function container(name: string, change: object, says: RegExp, isWaiting = false): Fault {
  return { ...pod(name, { containers: [{ ...box(), ...change }] }, says), isWaiting };
}

function pod(name: string, change: object, says: RegExp): Fault {
  return { name, objects: [deployment('web', { ...servingPod(), ...change })], says };
}

function mount(name: string, objects: object[], says: RegExp): Fault {
  const volume = {
    name: 'secrets',
    csi: {
      driver: 'secrets-store.csi.k8s.io',
      readOnly: true,
      volumeAttributes: { secretProviderClass: objects.length === 0 ? 'nowhere' : 'team' },
    },
  };
  const spec: PodSpec = {
    ...servingPod(),
    serviceAccountName: 'web',
    volumes: [volume],
    containers: [{ ...box(), volumeMounts: [{ name: 'secrets', mountPath: '/mnt/secrets', readOnly: true }] }],
  };
  return { name, objects: [account(), ...objects, deployment('web', spec)], says };
}

export function account(): object {
  const annotations = { 'azure.workload.identity/client-id': 'WORKLOAD_IDENTITY_CLIENT_ID' };
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web', annotations } };
}

function secretClass(keyvaultName: string, objectName: string): object {
  const objects = `array:\n  - |\n    objectName: ${objectName}\n    objectType: secret\n`;
  return {
    apiVersion: 'secrets-store.csi.x-k8s.io/v1',
    kind: 'SecretProviderClass',
    metadata: { name: 'team' },
    spec: {
      provider: 'azure',
      parameters: { clientID: 'WORKLOAD_IDENTITY_CLIENT_ID', tenantID: 'AZURE_TENANT_ID', keyvaultName, objects },
    },
  };
}

export function claim(storageClassName?: string): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...(storageClassName !== undefined && { storageClassName }),
    },
  };
}

export function claimed(): object {
  return { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
}
