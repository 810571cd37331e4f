/** What the stand-in serves: what the shipped overlays and the client's own calls need. */
export interface Kind {
  group: string;
  version: string;
  kind: string;
  plural: string;
  namespaced: boolean;
  /** Whether the API server counts changes of its spec in metadata.generation. */
  generation: boolean;
}

const CLUSTER_SCOPED = new Set([
  ...['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'IngressClass', 'Namespace', 'PersistentVolume'],
  ...['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
]);

function kinds(apiVersion: string, names: Record<string, string>, options: { generation?: boolean } = {}): Kind[] {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return Object.entries(names).map(([kind, plural]) => ({
    group,
    version,
    kind,
    plural,
    namespaced: !CLUSTER_SCOPED.has(kind),
    generation: options.generation ?? false,
  }));
}

export const KINDS: Kind[] = [
  ...kinds(
    'admissionregistration.k8s.io/v1',
    {
      ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
      ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
    },
    { generation: true },
  ),
  ...kinds('v1', {
    ConfigMap: 'configmaps',
    Endpoints: 'endpoints',
    Event: 'events',
    LimitRange: 'limitranges',
    Namespace: 'namespaces',
    PersistentVolume: 'persistentvolumes',
    PersistentVolumeClaim: 'persistentvolumeclaims',
    Pod: 'pods',
    PodTemplate: 'podtemplates',
    ResourceQuota: 'resourcequotas',
    Secret: 'secrets',
    Service: 'services',
    ServiceAccount: 'serviceaccounts',
  }),
  ...kinds('apiextensions.k8s.io/v1', { CustomResourceDefinition: 'customresourcedefinitions' }),
  ...kinds(
    'apps/v1',
    { DaemonSet: 'daemonsets', Deployment: 'deployments', ReplicaSet: 'replicasets', StatefulSet: 'statefulsets' },
    { generation: true },
  ),
  ...kinds('autoscaling/v2', { HorizontalPodAutoscaler: 'horizontalpodautoscalers' }),
  ...kinds('batch/v1', { CronJob: 'cronjobs', Job: 'jobs' }, { generation: true }),
  ...kinds('discovery.k8s.io/v1', { EndpointSlice: 'endpointslices' }, { generation: true }),
  ...kinds(
    'networking.k8s.io/v1',
    { Ingress: 'ingresses', IngressClass: 'ingressclasses', NetworkPolicy: 'networkpolicies' },
    { generation: true },
  ),
  ...kinds('policy/v1', { PodDisruptionBudget: 'poddisruptionbudgets' }, { generation: true }),
  ...kinds('rbac.authorization.k8s.io/v1', {
    ClusterRole: 'clusterroles',
    ClusterRoleBinding: 'clusterrolebindings',
    Role: 'roles',
    RoleBinding: 'rolebindings',
  }),
];

/** Custom resources of add-ons that AKS offers; a cluster may lack them. */
export const ADD_ON_KINDS: Kind[] = [
  ...kinds(
    'secrets-store.csi.x-k8s.io/v1',
    { SecretProviderClass: 'secretproviderclasses', SecretProviderClassPodStatus: 'secretproviderclasspodstatuses' },
    { generation: true },
  ),
  ...kinds(
    'azmonitoring.coreos.com/v1',
    { PodMonitor: 'podmonitors', ServiceMonitor: 'servicemonitors' },
    { generation: true },
  ),
  ...kinds('gateway.networking.k8s.io/v1', { HTTPRoute: 'httproutes' }, { generation: true }),
];

/** The spec of a CustomResourceDefinition, as far as it says what is served. */
export interface Definition {
  group: string;
  scope: string;
  names: { kind: string; plural: string };
  versions: { name: string }[];
}

/** The kinds that a CustomResourceDefinition adds. */
export function kindsOfDefinition({ group, scope, names: { kind, plural }, versions }: Definition): Kind[] {
  const namespaced = scope === 'Namespaced';
  return versions.map(({ name: version }) => ({ group, version, kind, plural, namespaced, generation: true }));
}

/** A kind that is always served. */
export function kindOf(apiVersion: string, name: string): Kind {
  const found = [...KINDS, ...ADD_ON_KINDS].find((kind) => kind.kind === name && apiVersionOf(kind) === apiVersion);
  if (found) return found;
  throw new Error(`the stand-in has no ${apiVersion} ${name}`);
}

export function apiVersionOf({ group, version }: Kind): string {
  return group ? `${group}/${version}` : version;
}

/** The discovery document of one API version; undefined where it is not served. */
export function discoveryOf(served: Kind[], apiVersion: string): object | undefined {
  const resources = served
    .filter((kind) => apiVersionOf(kind) === apiVersion)
    .map(({ kind, plural, namespaced }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ['create', 'delete', 'get', 'list', 'patch'],
    }));
  if (resources.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources };
}

/** The groups, as `kubectl` asks for them. */
export function groupsOf(served: Kind[]): object {
  const versions = new Map(served.filter(({ group }) => group).map(({ group, version }) => [group, version]));
  const groups = [...versions].map(([name, version]) => {
    const preferredVersion = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [preferredVersion], preferredVersion };
  });
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}
