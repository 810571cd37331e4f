import { setTimeout as pass } from 'node:timers/promises';
import type { Admin } from './admin.ts';
import { openWayIn } from './open-way-in.ts';

interface Listed<T> {
  items: T[];
}

interface Pod {
  metadata: { name: string; namespace: string; ownerReferences?: { kind: string }[]; deletionTimestamp?: string };
  spec: { containers: { name: string; image: string }[] };
  status: { phase: string };
}

interface Claim {
  metadata: { name: string; namespace: string; uid: string };
  spec: { accessModes: string[]; storageClassName?: string; resources: { requests: { storage: string } } };
  status: { phase?: string };
}

interface Volume {
  metadata: { name: string };
  status: { phase?: string };
}

const OURS = 'local-';

/**
 * What a node, a storage driver and an ingress controller would do: pods run, jobs' pods succeed, claims get volumes,
 * ingresses and routes are taken up, and Services lead to their pods. Nothing is pulled and no process starts; it only writes the states that others wait for.
 */
export function startKubelet(
  admin: Admin,
  options: { everyMs?: number; failed?: (error: unknown) => void } = {},
): () => Promise<void> {
  const { everyMs = 300, failed = () => undefined } = options;
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await Promise.all([runPods(admin), bindClaims(admin), removeVolumes(admin), openWayIn(admin)]).catch(
        (error: unknown) => {
          if (!stopped) failed(error);
        },
      );
      await pass(everyMs);
    }
  })();
  return async () => {
    stopped = true;
    await running;
  };
}

async function runPods(admin: Admin): Promise<void> {
  const pods = await admin.call<Listed<Pod>>({
    method: 'GET',
    path: '/api/v1/pods?fieldSelector=status.phase=Pending',
  });
  await Promise.all((pods?.items ?? []).map((pod) => runPod(admin, pod)));
}

async function runPod(admin: Admin, { metadata, spec }: Pod): Promise<void> {
  if (metadata.deletionTimestamp !== undefined) return;
  const ends = metadata.ownerReferences?.some(({ kind }) => kind === 'Job') === true;
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const state = ends
    ? { terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at } }
    : { running: { startedAt: at } };
  const condition = (type: string) => ({
    type,
    status: ends && type !== 'PodScheduled' ? 'False' : 'True',
    lastTransitionTime: at,
  });
  await admin.call({
    method: 'PATCH',
    path: `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/status`,
    body: {
      status: {
        phase: ends ? 'Succeeded' : 'Running',
        startTime: at,
        // endpoints are made of addresses
        podIPs: [{ ip: nextAddress() }],
        conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
        containerStatuses: spec.containers.map(({ name, image }) => ({
          name,
          image,
          imageID: image,
          ready: !ends,
          started: !ends,
          restartCount: 0,
          state,
        })),
      },
    },
  });
}

async function bindClaims(admin: Admin): Promise<void> {
  const claims = await admin.call<Listed<Claim>>({ method: 'GET', path: '/api/v1/persistentvolumeclaims' });
  const pending = (claims?.items ?? []).filter(({ status }) => status.phase === 'Pending');
  await Promise.all(
    pending.map(({ metadata: { name, namespace, uid }, spec }) =>
      admin.call({
        method: 'POST',
        path: '/api/v1/persistentvolumes',
        body: {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name: `${OURS}${uid}` },
          spec: {
            capacity: { storage: spec.resources.requests.storage },
            accessModes: spec.accessModes,
            persistentVolumeReclaimPolicy: 'Retain',
            ...(spec.storageClassName !== undefined && { storageClassName: spec.storageClassName }),
            claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
            hostPath: { path: `/nowhere/${uid}` },
          },
        },
      }),
    ),
  );
}

async function removeVolumes(admin: Admin): Promise<void> {
  const volumes = await admin.call<Listed<Volume>>({ method: 'GET', path: '/api/v1/persistentvolumes' });
  const released = (volumes?.items ?? []).filter(
    ({ metadata, status }) => metadata.name.startsWith(OURS) && status.phase === 'Released',
  );
  await Promise.all(
    released.map(({ metadata }) =>
      admin.call({ method: 'DELETE', path: `/api/v1/persistentvolumes/${metadata.name}` }),
    ),
  );
}

let addresses = 0;

function nextAddress(): string {
  addresses = (addresses + 1) % 60_000;
  return `10.244.${Math.floor(addresses / 240)}.${(addresses % 240) + 1}`;
}
