import type { Clock } from '../../environment/ports/ports.ts';
import type { Send } from './client.ts';
import { FIELD_MANAGER, FORCE } from './object-meta.ts';

/** The API path of a kind. */
export interface Resource {
  /** `/api/v1` or `/apis/<group>/<version>`. */
  root: string;
  plural: string;
  namespaced: boolean;
}

export interface TypeOfObject {
  apiVersion: string;
  kind: string;
}

/** Kinds that every cluster in support serves: they need no discovery. All but CLUSTER_SCOPED lie in a namespace. */
const COMMON: Record<string, Record<string, string>> = {
  v1: {
    ConfigMap: 'configmaps',
    Endpoints: 'endpoints',
    Event: 'events',
    LimitRange: 'limitranges',
    Namespace: 'namespaces',
    PersistentVolumeClaim: 'persistentvolumeclaims',
    Pod: 'pods',
    ReplicationController: 'replicationcontrollers',
    ResourceQuota: 'resourcequotas',
    Secret: 'secrets',
    Service: 'services',
    ServiceAccount: 'serviceaccounts',
  },
  'apps/v1': {
    DaemonSet: 'daemonsets',
    Deployment: 'deployments',
    ReplicaSet: 'replicasets',
    StatefulSet: 'statefulsets',
  },
  'autoscaling/v2': { HorizontalPodAutoscaler: 'horizontalpodautoscalers' },
  'batch/v1': { CronJob: 'cronjobs', Job: 'jobs' },
  'discovery.k8s.io/v1': { EndpointSlice: 'endpointslices' },
  'networking.k8s.io/v1': { Ingress: 'ingresses', IngressClass: 'ingressclasses', NetworkPolicy: 'networkpolicies' },
  'policy/v1': { PodDisruptionBudget: 'poddisruptionbudgets' },
  'rbac.authorization.k8s.io/v1': { Role: 'roles', RoleBinding: 'rolebindings' },
};

const CLUSTER_SCOPED = new Set(['IngressClass', 'Namespace']);

/** The path of a common kind; undefined where the cluster must be asked. */
function commonResource({ apiVersion, kind }: TypeOfObject): Resource | undefined {
  const plural = COMMON[apiVersion]?.[kind];
  if (!plural) return undefined;
  return { root: rootOf(apiVersion), plural, namespaced: !CLUSTER_SCOPED.has(kind) };
}

/** The path of an API version. */
export function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** Whether nobody of ours may read or list the kind: its payload is secret, in answers and in error messages too. */
export function isSecret({ apiVersion, kind }: TypeOfObject): boolean {
  return apiVersion === 'v1' && kind === 'Secret';
}

/** Controllers write a status into these, and no generation counts changes of their specs. */
const WITHOUT_GENERATION = new Set([
  'v1 PersistentVolumeClaim',
  'v1 Pod',
  'v1 ResourceQuota',
  'v1 Service',
  'autoscaling/v2 HorizontalPodAutoscaler',
]);

/** Whether only its spec, and not its metadata, tells if a kind was changed beside its status. */
export function needsSpec({ apiVersion, kind }: TypeOfObject): boolean {
  return WITHOUT_GENERATION.has(`${apiVersion} ${kind}`);
}

/** `Kind/namespace/name`, or `Kind/name` without a namespace: how changes, errors and logs name an object. */
export function objectName(object: { kind: string; metadata: { name: string } }, namespace?: string): string {
  return [object.kind, namespace, object.metadata.name].filter(Boolean).join('/');
}

/** How long "not served" is believed: an administrator may be installing the CRD just now. */
const ABSENT_MS = 30_000;

interface ApiResourceList {
  resources?: { name: string; kind: string; namespaced: boolean }[];
}

export interface Discovery {
  /** The path of a kind; undefined where the cluster does not serve it. */
  resourceOf(type: TypeOfObject): Promise<Resource | undefined>;
}

/** Finds paths of kinds: common ones from a table, others by one GET per API version, kept for the process's life. */
export function createDiscovery(send: Send, clock: Clock): Discovery {
  const lists = new Map<string, { asked: Promise<Map<string, Resource>>; at: number }>();

  function kindsOf(apiVersion: string): Promise<Map<string, Resource>> {
    const known = lists.get(apiVersion);
    if (known) return known.asked;
    const asked = ask(send, apiVersion);
    lists.set(apiVersion, { asked, at: clock.now() });
    asked.catch(() => lists.delete(apiVersion));
    return asked;
  }

  return {
    async resourceOf(type) {
      const common = commonResource(type);
      if (common) return common;
      const found = (await kindsOf(type.apiVersion)).get(type.kind);
      const at = lists.get(type.apiVersion)?.at ?? 0;
      if (found || clock.now() - at < ABSENT_MS) return found;
      lists.delete(type.apiVersion);
      return (await kindsOf(type.apiVersion)).get(type.kind);
    },
  };
}

async function ask(send: Send, apiVersion: string): Promise<Map<string, Resource>> {
  const root = rootOf(apiVersion);
  const { status, body } = await send({ method: 'GET', path: root, object: `API ${apiVersion}`, expect: [404] });
  const resources = status === 404 ? [] : ((body as ApiResourceList).resources ?? []);
  return new Map(
    resources
      // `deployments/status` is a subresource
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced }) => [kind, { root, plural: name, namespaced }]),
  );
}

export interface ObjectPath {
  resource: Resource;
  /** Left out for a cluster-scoped kind. */
  namespace?: string;
  /** Left out for the whole collection. */
  name?: string;
}

/** The API path of an object or a collection. */
export function pathOf({ resource, namespace, name }: ObjectPath): string {
  const parts = [resource.root];
  if (resource.namespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(resource.plural);
  if (name) parts.push(encodeURIComponent(name));
  return parts.join('/');
}

/** The query of a server-side apply: unknown fields are refused instead of dropped in silence. */
export function applyQuery({ dryRun, manager = FIELD_MANAGER }: { dryRun?: boolean; manager?: string } = {}): string {
  const query = new URLSearchParams({ fieldManager: manager, force: String(FORCE), fieldValidation: 'Strict' });
  if (dryRun) query.set('dryRun', 'All');
  return `?${query.toString()}`;
}
