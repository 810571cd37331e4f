import { METADATA_LIST, type Send } from './api/client.ts';
import { readAll } from './api/pages.ts';
import { type Discovery, type Resource, type TypeOfObject, isSecret, objectName, pathOf } from './api/rest-mapping.ts';
import { forEachLimited } from '../concurrency.ts';
import { ProvisionerError } from '../errors.ts';
import type { Inspected, KubeObject, Scope } from '../environment/ports/cluster.ts';

/**
 * Every object of one kind in a namespace, page by page; undefined where our principal may not list the kind or the
 * cluster does not serve it. With `metadata` the answer holds no specs and statuses.
 */
export function listKind<T>(
  send: Send,
  target: {
    type: TypeOfObject;
    resource: Resource;
    namespace: string;
    metadata?: boolean;
    /** Such as a field selector. */
    query?: Record<string, string>;
  },
): Promise<T[] | undefined> {
  return readAll<T>(send, {
    path: pathOf(target),
    object: objectName({ kind: `${target.type.kind}List`, metadata: { name: target.namespace } }),
    ...(target.query && { query: target.query }),
    ...(target.metadata && { accept: METADATA_LIST }),
    unlisted: [403, 404],
  });
}

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

interface InspectContext {
  send: Send;
  discovery: Discovery;
  concurrency: number;
}

/** The live objects of each kind in a namespace, by one list per kind side by side; never a Secret. */
export async function inspectKinds(
  context: InspectContext,
  kinds: TypeOfObject[],
  { namespace }: { namespace: string },
): Promise<Inspected[]> {
  const inspected: Inspected[] = kinds.map((type) => ({ ...type, why: 'Secrets are never read' }));
  const open = kinds.map((type, index) => ({ type, index })).filter(({ type }) => !isSecret(type));
  await forEachLimited(open, context.concurrency, async ({ type, index }) => {
    inspected[index] = await inspectKind(context, type, namespace);
  });
  return inspected;
}

async function inspectKind(
  { send, discovery }: InspectContext,
  type: TypeOfObject,
  namespace: string,
): Promise<Inspected> {
  const { apiVersion, kind } = type;
  try {
    const resource = await discovery.resourceOf(type);
    if (resource === undefined) return { apiVersion, kind, why: `the cluster does not serve ${kind}` };
    const items = await listKind<KubeObject>(send, { type, resource, namespace });
    if (items === undefined) return { apiVersion, kind, why: `the cluster does not let us list ${kind}` };
    // the items of a list do not say of what kind they are
    return { apiVersion, kind, items: items.map((item) => ({ ...item, apiVersion, kind })) };
  } catch (error) {
    if (error instanceof ProvisionerError) return { apiVersion, kind, why: error.message };
    throw error;
  }
}

/** Where each object's kind lives: most are known, others are one GET per API version, kept for the process's life. */
export async function findScopes(
  { discovery, concurrency }: { discovery: Discovery; concurrency: number },
  objects: readonly KubeObject[],
): Promise<Map<KubeObject, Scope>> {
  const scopes = new Map<KubeObject, Scope>();
  await forEachLimited([...objects], concurrency, async (object) => {
    const resource = await discovery.resourceOf(object);
    scopes.set(object, resource === undefined ? 'unserved' : resource.namespaced ? 'namespaced' : 'cluster');
  });
  return scopes;
}
