import type { Discovery } from './discovery.ts';
import type { TypeOfObject } from './api/rest-mapping.ts';
import { listKind } from './list.ts';
import type { Send } from './api/client.ts';
import { forEachLimited } from './slots.ts';

/** What an environment may hold, of the kinds that our principal may list: not Secrets. */
const KINDS: TypeOfObject[] = [
  ...['ConfigMap', 'LimitRange', 'PersistentVolumeClaim', 'Pod', 'ResourceQuota', 'Service', 'ServiceAccount'].map(
    (kind) => ({ apiVersion: 'v1', kind }),
  ),
  ...['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'].map((kind) => ({ apiVersion: 'apps/v1', kind })),
  { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  { apiVersion: 'batch/v1', kind: 'CronJob' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
  { apiVersion: 'secrets-store.csi.x-k8s.io/v1', kind: 'SecretProviderClass' },
  { apiVersion: 'azmonitoring.coreos.com/v1', kind: 'PodMonitor' },
  { apiVersion: 'azmonitoring.coreos.com/v1', kind: 'ServiceMonitor' },
];

/** How many objects of each kind a namespace holds; a kind that is not served, not ours to list, or absent is left out. */
export async function countContents(
  { send, discovery, concurrency }: { send: Send; discovery: Discovery; concurrency: number },
  namespace: string,
): Promise<Record<string, number>> {
  const counts = new Map<string, number>();
  await forEachLimited(KINDS, concurrency, async (type) => {
    const resource = await discovery.resourceOf(type);
    const items = resource && (await listKind(send, { type, resource, namespace, metadata: true }));
    if (items?.length) counts.set(type.kind, items.length);
  });
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
}
