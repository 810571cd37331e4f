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

/** Kinds that every cluster in support serves: they need no discovery. All but Namespace lie in a namespace. */
const COMMON: Record<string, Record<string, string>> = {
  v1: {
    ConfigMap: 'configmaps',
    Endpoints: 'endpoints',
    Event: 'events',
    LimitRange: 'limitranges',
    Namespace: 'namespaces',
    PersistentVolumeClaim: 'persistentvolumeclaims',
    Pod: 'pods',
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
  'networking.k8s.io/v1': { Ingress: 'ingresses', NetworkPolicy: 'networkpolicies' },
  'policy/v1': { PodDisruptionBudget: 'poddisruptionbudgets' },
  'rbac.authorization.k8s.io/v1': { Role: 'roles', RoleBinding: 'rolebindings' },
};

/** The path of a common kind; undefined where the cluster must be asked. */
export function commonResource({ apiVersion, kind }: TypeOfObject): Resource | undefined {
  const plural = COMMON[apiVersion]?.[kind];
  if (!plural) return undefined;
  return { root: rootOf(apiVersion), plural, namespaced: kind !== 'Namespace' };
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
