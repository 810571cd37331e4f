import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

export interface Live {
  metadata: { name: string; uid: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
  data?: Record<string, string>;
}

export function deployment(spec: object, pod: object = {}): KubeObject {
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'r.example/a:1' }], ...pod },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: { app: 'web' } }, template, ...spec },
  };
}

const kind = (apiVersion: string, kind: string, spec: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'web' },
  spec,
});

export interface Union {
  what: string;
  before: KubeObject;
  after: KubeObject;
  read(live: Live | undefined): unknown;
}

const spec = (live: Live | undefined) => live?.spec;

export function pathOf({ apiVersion, kind }: KubeObject, slug: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return `${root}/namespaces/feature-${slug}/${kind.toLowerCase()}s/web`;
}

const volume = (source: object) => deployment({}, { volumes: [{ name: 'v', ...source }] });
const handler = (probe: object) =>
  deployment({}, { containers: [{ name: 'c', image: 'r.example/a:1', livenessProbe: probe }] });
const set = (updateStrategy: object) => {
  const { spec: fields } = deployment({}) as unknown as { spec: object };
  return kind('apps/v1', 'StatefulSet', { ...fields, serviceName: 'web', updateStrategy });
};
const daemons = (updateStrategy: object) => {
  const { spec: fields } = deployment({}) as unknown as { spec: object };
  return kind('apps/v1', 'DaemonSet', { ...fields, updateStrategy });
};
const scaler = (metric: object) =>
  kind('autoscaling/v2', 'HorizontalPodAutoscaler', {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' },
    maxReplicas: 2,
    metrics: [metric],
  });
const resource = (target: object) => ({ type: 'Resource', resource: { name: 'cpu', target } });
const network = (fields: object) => kind('networking.k8s.io/v1', 'NetworkPolicy', { podSelector: {}, ...fields });
const service = (fields: object) => kind('v1', 'Service', { ports: [{ port: 80 }], ...fields });

export const UNIONS: Union[] = [
  {
    what: 'a strategy back',
    before: deployment({ strategy: { type: 'Recreate' } }),
    after: deployment({ strategy: { type: 'RollingUpdate' } }),
    read: spec,
  },
  {
    what: 'a strategy dropped',
    before: deployment({ strategy: { type: 'Recreate' } }),
    after: deployment({}),
    read: spec,
  },
  { what: 'a set to on delete', before: set({ type: 'RollingUpdate' }), after: set({ type: 'OnDelete' }), read: spec },
  {
    what: 'daemons to on delete',
    before: daemons({ type: 'RollingUpdate' }),
    after: daemons({ type: 'OnDelete' }),
    // kubectl leaves it too: the API server takes both
    read: (live) => (live?.spec['updateStrategy'] as { type?: string } | undefined)?.type,
  },
  {
    what: 'a volume from config to secret',
    before: volume({ configMap: { name: 'a' } }),
    after: volume({ secret: { secretName: 'a' } }),
    read: spec,
  },
  {
    what: 'a volume from empty to projected',
    before: volume({ emptyDir: {} }),
    after: volume({ projected: { sources: [{ configMap: { name: 'a' } }] } }),
    read: spec,
  },
  {
    what: 'a volume from projected to config',
    before: volume({ projected: { sources: [{ configMap: { name: 'a' } }] } }),
    after: volume({ configMap: { name: 'a' } }),
    read: spec,
  },
  {
    what: 'a volume from downward to empty',
    before: volume({ downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'metadata.name' } }] } }),
    after: volume({ emptyDir: {} }),
    read: spec,
  },
  {
    what: 'a probe from http to tcp',
    before: handler({ httpGet: { port: 80 } }),
    after: handler({ tcpSocket: { port: 80 } }),
    read: spec,
  },
  {
    what: 'a probe from grpc to exec',
    before: handler({ grpc: { port: 80 } }),
    after: handler({ exec: { command: ['a'] } }),
    read: spec,
  },
  {
    what: 'a metric from utilization to value',
    before: scaler(resource({ type: 'Utilization', averageUtilization: 5 })),
    after: scaler(resource({ type: 'AverageValue', averageValue: '1' })),
    read: spec,
  },
  {
    what: 'a metric from resource to external',
    before: scaler(resource({ type: 'Utilization', averageUtilization: 5 })),
    after: scaler({ type: 'External', external: { metric: { name: 'm' }, target: { type: 'Value', value: '1' } } }),
    read: spec,
  },
  {
    what: 'a network from ingress to egress',
    before: network({ ingress: [{}], policyTypes: ['Ingress'] }),
    after: network({ egress: [{}], policyTypes: ['Egress'] }),
    read: spec,
  },
  {
    what: 'a service port type',
    before: service({ ports: [{ name: 'a', port: 80, targetPort: 8080 }] }),
    after: service({ ports: [{ name: 'a', port: 80, targetPort: 'http' }] }),
    read: (live) => live?.spec['ports'],
  },
  {
    what: 'a selector',
    before: deployment({}),
    after: {
      ...deployment({
        selector: { matchLabels: { app: 'b' } },
        template: { metadata: { labels: { app: 'b' } }, spec: { containers: [{ name: 'c', image: 'r.example/a:1' }] } },
      }),
    },
    read: spec,
  },
];

const crd = (group: string, kind: string, scope: string, schema: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind.toLowerCase()}s.${group}` },
  spec: {
    ...{ group, scope, names: { kind, plural: `${kind.toLowerCase()}s` } },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', ...schema } } } },
      },
    ],
  },
});

export const CRDS = [
  crd('chat.example', 'Channel', 'Namespaced', {
    properties: { id: { type: 'integer', format: 'int64' }, text: { type: 'string' } },
    'x-kubernetes-validations': [{ rule: '!has(self.id) || self.id == 123456789012345678' }],
  }),
  crd('cert-manager.io', 'ClusterIssuer', 'Cluster', { 'x-kubernetes-preserve-unknown-fields': true }),
];

/** What a team grants for the kinds of its overlays. */
export const RIGHTS = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'cases', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
  rules: [
    {
      apiGroups: ['apps', 'chat.example'],
      resources: ['daemonsets', 'channels'],
      verbs: ['get', 'list', 'create', 'patch', 'delete'],
    },
    {
      apiGroups: ['', 'autoscaling', 'batch'],
      resources: ['pods', 'horizontalpodautoscalers', 'jobs'],
      verbs: ['get', 'list', 'create', 'patch', 'delete'],
    },
    // never read: the app refuses to work with that right
    { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'patch'] },
  ],
};
