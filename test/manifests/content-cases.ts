import { CONTENT_RULES } from '../../lib/overlays/content/rules.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

/** An object, and the rule that refuses it; an empty one where it is admitted. */
export type ContentCase = [what: string, object: KubeObject, rule: string];

/** As settings.env ships them. */
export const BOUNDS = {
  slug: 'ours',
  namespace: 'feature-ours',
  podSecurity: 'baseline',
  serviceTypes: ['ClusterIP'],
  externalNames: [],
  hosts: ['{slug}.{domain}', '*.{slug}.{domain}', '*--{slug}.{domain}'],
  domain: '127.0.0.1.nip.io',
} as const;

const HOST = 'ours.127.0.0.1.nip.io';

function rule(words: string): string {
  const [found, ...others] = CONTENT_RULES.filter(({ message }) => message.includes(words));
  if (found === undefined || others.length > 0) throw new Error(`not exactly one rule says "${words}"`);
  return found.message;
}

function object(apiVersion: string, kind: string, spec: object, more: object = {}): KubeObject {
  return { apiVersion, kind, metadata: { name: 'x', namespace: 'feature-ours', ...more }, spec };
}

function deployment(pod: object, container: object = {}): KubeObject {
  return object('apps/v1', 'Deployment', {
    selector: { matchLabels: { app: 'x' } },
    template: {
      metadata: { labels: { app: 'x' } },
      spec: { containers: [{ name: 'x', image: 'x:1', ...container }], ...pod },
    },
  });
}

const POD = { containers: [{ name: 'x', image: 'x:1' }] };
const HOST_POD = { ...POD, hostPID: true };

const backend = { service: { name: 'x', port: { number: 80 } } };
const http = { paths: [{ path: '/', pathType: 'Prefix', backend }] };
const ingress = (host: string | undefined, spec: object = {}, annotations: Record<string, string> = {}) =>
  object(
    'networking.k8s.io/v1',
    'Ingress',
    { rules: [{ ...(host !== undefined && { host }), http }], ...spec },
    { annotations },
  );
const service = (spec: object) => object('v1', 'Service', { ports: [{ port: 80 }], ...spec });
const claim = (spec: object) =>
  object('v1', 'PersistentVolumeClaim', {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...spec,
  });

const ANNOTATED = [
  'nginx.ingress.kubernetes.io/configuration-snippet',
  'nginx.ingress.kubernetes.io/server-snippet',
  'nginx.ingress.kubernetes.io/server-alias',
  'nginx.ingress.kubernetes.io/from-to-www-redirect',
  'nginx.ingress.kubernetes.io/auth-secret',
  'nginx.ingress.kubernetes.io/auth-tls-secret',
  'nginx.ingress.kubernetes.io/mirror-target',
  'nginx.org/server-snippets',
  'haproxy.org/backend-config-snippet',
  'haproxy-ingress.github.io/config-backend',
  'external-dns.alpha.kubernetes.io/hostname',
  'external-dns.alpha.kubernetes.io/target',
  'appgw.ingress.kubernetes.io/hostname-extension',
  'konghq.com/host-aliases',
  'cert-manager.io/alt-names',
  'alb.ingress.kubernetes.io/conditions.x',
];

/** Kinds of Kubernetes itself: every API server serves them. */
export const CONTENT_CASES: readonly ContentCase[] = [
  ...[HOST, `a.${HOST}`, `*.${HOST}`, `a--${HOST}`].map((host): ContentCase => [
    `an Ingress of ${host}`,
    ingress(host),
    '',
  ]),
  ...[
    ...['d9hqaucbbyazhfem.fz53.alb.azure.com', '127.0.0.1.nip.io', 'other.127.0.0.1.nip.io', `a.b.${HOST}`],
    ...[
      'a-ours.127.0.0.1.nip.io',
      '*.127.0.0.1.nip.io',
      `${HOST}.evil.example.com`,
      'oursx127.0.0.1.nip.io',
      undefined,
    ],
  ].map((host): ContentCase => [`an Ingress of ${host ?? 'any host'}`, ingress(host), rule('takes a host')]),
  ['an Ingress with its TLS', ingress(HOST, { tls: [{ hosts: [HOST], secretName: 'x' }] }), ''],
  ['an Ingress with TLS of another', ingress(HOST, { tls: [{ hosts: [HOST, 'example.com'] }] }), rule('takes a host')],
  ['an Ingress with TLS of any', ingress(HOST, { tls: [{ secretName: 'x' }] }), rule('takes a host')],
  ['an Ingress with a default backend', ingress(HOST, { defaultBackend: backend }), rule('default backend')],
  ['an Ingress with an issuer', ingress(HOST, {}, { 'cert-manager.io/cluster-issuer': 'x' }), ''],
  ['an Ingress that rewrites', ingress(HOST, {}, { 'nginx.ingress.kubernetes.io/rewrite-target': '/' }), ''],
  ...ANNOTATED.map((key): ContentCase => [
    `an Ingress with ${key}`,
    ingress(HOST, {}, { [key]: 'x' }),
    rule('annotation'),
  ]),
  [
    'a Service with a host of external-dns',
    { ...service({}), metadata: { name: 'x', namespace: 'feature-ours', annotations: { [ANNOTATED[10] ?? '']: 'x' } } },
    rule('annotation'),
  ],
  ['a Service', service({ selector: { app: 'x' } }), ''],
  ['a headless Service', service({ clusterIP: 'None' }), ''],
  ...['LoadBalancer', 'NodePort'].map((type): ContentCase => [
    `a ${type}`,
    service({ type }),
    rule('none of SERVICE_TYPES'),
  ]),
  ['a Service for a name', service({ type: 'ExternalName', externalName: 'web.project.svc' }), rule('EXTERNAL_NAMES')],
  ['a Service with externalIPs', service({ externalIPs: ['10.0.0.1'] }), rule('externalIPs')],
  ['Endpoints', { ...object('v1', 'Endpoints', {}), spec: undefined, subsets: [] }, rule('gives rights')],
  [
    'an EndpointSlice',
    { ...object('discovery.k8s.io/v1', 'EndpointSlice', {}), spec: undefined, addressType: 'IPv4', endpoints: [] },
    rule('gives rights'),
  ],
  [
    'a Role',
    {
      ...object('rbac.authorization.k8s.io/v1', 'Role', {}),
      spec: undefined,
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
    rule('gives rights'),
  ],
  [
    'a RoleBinding',
    {
      ...object('rbac.authorization.k8s.io/v1', 'RoleBinding', {}),
      spec: undefined,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    },
    rule('gives rights'),
  ],
  ['a Deployment', deployment({ volumes: [{ name: 'tmp', emptyDir: {} }] }), ''],
  [
    'a Deployment with a usual capability',
    deployment({}, { securityContext: { capabilities: { add: ['CHOWN'] } } }),
    '',
  ],
  ...['hostPID', 'hostIPC', 'hostNetwork'].map((field): ContentCase => [
    `a Deployment with ${field}`,
    deployment({ [field]: true }),
    rule('space of their node'),
  ]),
  ['a privileged Deployment', deployment({}, { securityContext: { privileged: true } }), rule('is privileged')],
  [
    'a Deployment with a privileged init container',
    deployment({ initContainers: [{ name: 'y', image: 'y:1', securityContext: { privileged: true } }] }),
    rule('is privileged'),
  ],
  [
    'a Deployment with a capability',
    deployment({}, { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }),
    rule('adds a capability'),
  ],
  [
    'a Deployment with a port of the node',
    deployment({}, { ports: [{ containerPort: 80, hostPort: 80 }] }),
    rule('port of its node'),
  ],
  ...[
    { name: 'v', hostPath: { path: '/' } },
    { name: 'v', azureDisk: { diskName: 'x', diskURI: '/subscriptions/x', kind: 'Managed' } },
    { name: 'v', nfs: { server: 'x', path: '/' } },
    { name: 'v', csi: { driver: 'nfs.csi.k8s.io', volumeAttributes: { server: 'x', share: '/' } } },
  ].map((volume): ContentCase => [
    `a Deployment with ${Object.keys(volume)[1]}`,
    deployment({ volumes: [volume] }),
    rule('directory of the node'),
  ]),
  ['a Deployment before all others', deployment({ priorityClassName: 'system-node-critical' }), rule('push out')],
  [
    'a Pod before all others',
    object('v1', 'Pod', { ...POD, priorityClassName: 'system-node-critical' }),
    rule('push out'),
  ],
  ...[
    { livenessProbe: { httpGet: { host: '169.254.169.254', port: 80 } } },
    { readinessProbe: { tcpSocket: { host: '10.0.0.1', port: 443 } } },
    { lifecycle: { preStop: { httpGet: { host: '168.63.129.16', port: 80 } } } },
  ].map((container): ContentCase => [
    `a Deployment whose ${Object.keys(container).join()} names a host`,
    deployment({}, container),
    rule('probe or hook'),
  ]),
  ['a Deployment with a probe', deployment({}, { livenessProbe: { httpGet: { path: '/', port: 80 } } }), ''],
  ['a Deployment on a node by name', deployment({ nodeName: 'system-0' }), rule('past the scheduler')],
  ...[
    { operator: 'Exists' },
    { key: 'CriticalAddonsOnly', operator: 'Exists' },
    { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' },
  ].map((toleration): ContentCase => [
    `a Deployment that tolerates ${toleration.key ?? 'everything'}`,
    deployment({ tolerations: [toleration] }),
    rule('past the scheduler'),
  ]),
  [
    'a Deployment on spot nodes',
    deployment({ tolerations: [{ key: 'kubernetes.azure.com/scalesetpriority', operator: 'Exists' }] }),
    '',
  ],
  ...(['useVMManagedIdentity', 'usePodIdentity'] as const).flatMap((key) =>
    ['true', '1', 'false'].map((value): ContentCase => [
      `a SecretProviderClass with ${key} ${value}`,
      object('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', {
        provider: 'azure',
        parameters: { [key]: value },
      }),
      value === 'false' ? '' : rule('identity of the node'),
    ]),
  ),
  [
    'a Job with hostPID',
    object('batch/v1', 'Job', { template: { spec: { ...HOST_POD, restartPolicy: 'Never' } } }),
    rule('space of their node'),
  ],
  [
    'a CronJob with hostPID',
    object('batch/v1', 'CronJob', {
      schedule: '0 0 * * *',
      jobTemplate: { spec: { template: { spec: { ...HOST_POD, restartPolicy: 'Never' } } } },
    }),
    rule('space of their node'),
  ],
  [
    'a PodTemplate with hostPID',
    {
      ...object('v1', 'PodTemplate', {}),
      spec: undefined,
      template: { metadata: { labels: { app: 'x' } }, spec: HOST_POD },
    },
    rule('space of their node'),
  ],
  ['a claim', claim({}), ''],
  ['a claim of a class', claim({ storageClassName: 'fast' }), ''],
  [
    'a claim that selects a volume',
    claim({ selector: { matchLabels: { app: 'production' } } }),
    rule('chooses a volume'),
  ],
  ['a claim of no class at all', claim({ storageClassName: '' }), rule('chooses a volume')],
  ...[{ volumeName: 'production' }, { selector: { matchLabels: { app: 'production' } } }, { storageClassName: '' }].map(
    (chosen): ContentCase => [
      `a pod whose own claim chooses by ${Object.keys(chosen).join()}`,
      deployment({
        volumes: [{ name: 'x', ephemeral: { volumeClaimTemplate: { spec: claim(chosen)['spec'] } } }],
      }),
      rule('chooses a volume'),
    ],
  ),
  [
    'a pod with a claim of its own',
    deployment({ volumes: [{ name: 'x', ephemeral: { volumeClaimTemplate: { spec: claim({})['spec'] } } }] }),
    '',
  ],
  [
    'an Ingress that has a certificate read from a vault',
    ingress(HOST, {}, { 'kubernetes.azure.com/tls-cert-keyvault-uri': 'https://production.example/certificates/x' }),
    rule('annotation'),
  ],
  ...(['bearerTokenFile', 'caFile', 'certFile', 'keyFile'] as const).map((field): ContentCase => {
    const file = '/var/run/secrets/kubernetes.io/serviceaccount/token';
    const endpoint = field === 'bearerTokenFile' ? { [field]: file } : { tlsConfig: { [field]: file } };
    return [
      `a ServiceMonitor with ${field}`,
      object('azmonitoring.coreos.com/v1', 'ServiceMonitor', { selector: {}, endpoints: [{ port: 'x', ...endpoint }] }),
      rule('of the collector'),
    ];
  }),
  ['a claim of a volume by name', claim({ volumeName: 'production' }), rule('chooses a volume')],
  [
    'a StatefulSet whose claims name a volume',
    object('apps/v1', 'StatefulSet', {
      serviceName: 'x',
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: POD },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim({ volumeName: 'production' })['spec'] }],
    }),
    rule('chooses a volume'),
  ],
  [
    'a monitor of all namespaces',
    object('azmonitoring.coreos.com/v1', 'PodMonitor', { selector: {}, namespaceSelector: { any: true } }),
    rule('reads other namespaces'),
  ],
  [
    'a monitor of project',
    object('azmonitoring.coreos.com/v1', 'PodMonitor', {
      selector: {},
      namespaceSelector: { matchNames: ['project'] },
    }),
    rule('reads other namespaces'),
  ],
  ['a monitor', object('azmonitoring.coreos.com/v1', 'PodMonitor', { selector: {} }), ''],
];

const listener = (hostname?: string) => ({
  name: 'x',
  port: 80,
  protocol: 'HTTP',
  ...(hostname !== undefined && { hostname }),
});
const GATEWAY = 'gateway.networking.k8s.io';

/** Kinds that an add-on serves, or a real API server accepts only where a feature of it is on. */
export const ADD_ON_CASES: readonly ContentCase[] = [
  ...[`${GATEWAY}/v1 HTTPRoute`, `${GATEWAY}/v1 GRPCRoute`, `${GATEWAY}/v1alpha3 TLSRoute`].flatMap(
    (type): ContentCase[] => {
      const [apiVersion = '', kind = ''] = type.split(' ');
      return [
        [`an ${kind}`, object(apiVersion, kind, { hostnames: [HOST] }), ''],
        [
          `an ${kind} of another host`,
          object(apiVersion, kind, { hostnames: [HOST, 'example.com'] }),
          rule('takes a host'),
        ],
        [`an ${kind} of any host`, object(apiVersion, kind, {}), rule('takes a host')],
      ];
    },
  ),
  ['a TCPRoute', object(`${GATEWAY}/v1alpha2`, 'TCPRoute', {}), rule('gives rights')],
  ['a Gateway', object(`${GATEWAY}/v1`, 'Gateway', { listeners: [listener(HOST)] }), rule('opens an address')],
  ['a ListenerSet', object(`${GATEWAY}/v1`, 'ListenerSet', { listeners: [listener(HOST)] }), ''],
  [
    'a ListenerSet of any host',
    object(`${GATEWAY}/v1`, 'ListenerSet', { listeners: [listener()] }),
    rule('takes a host'),
  ],
  ['a certificate', object('cert-manager.io/v1', 'Certificate', { dnsNames: [HOST] }), ''],
  [
    'a certificate of another',
    object('cert-manager.io/v1', 'Certificate', { dnsNames: ['example.com'] }),
    rule('takes a host'),
  ],
  ['a VirtualService', object('networking.istio.io/v1', 'VirtualService', { hosts: [HOST] }), rule('gives rights')],
  ['an IngressRoute', object('traefik.io/v1alpha1', 'IngressRoute', {}), rule('gives rights')],
  ['a set of Argo CD applications', object('argoproj.io/v1alpha1', 'ApplicationSet', {}), rule('gives rights')],
];
