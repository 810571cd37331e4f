import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import type { Bounds } from '../../../../lib/overlays/content/content-rule.ts';
import { isForeignAnnotation, isForeignKind } from '../../../../lib/overlays/content/foreign.ts';
import { fits, takenHosts } from '../../../../lib/overlays/content/hosts.ts';
import { brokenRule } from '../../../../lib/overlays/content/rules.ts';
import { BOUNDS } from '../../../manifests/content-cases.ts';

const of = (apiVersion: string, kind: string, spec?: unknown): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x' },
  ...(spec !== undefined && { spec }),
});
const judge = (object: KubeObject, bounds: Partial<Bounds> = {}) => brokenRule(object, { ...BOUNDS, ...bounds });

describe('a kind that reaches beyond the namespace', () => {
  it.each([
    ...['rbac.authorization.k8s.io', 'networking.istio.io', 'extensions.istio.io', 'traefik.io', 'traefik.containo.us'],
    ...['projectcontour.io', 'route.openshift.io', 'getambassador.io', 'configuration.konghq.com'],
    ...['externaldns.k8s.io', 'acme.cert-manager.io', 'kustomize.toolkit.fluxcd.io', 'helm.toolkit.fluxcd.io'],
  ])('is any of %s', (group) => {
    expect(isForeignKind(of(`${group}/v1`, 'Any'))).toBe(true);
    expect(isForeignKind(of(`x${group}/v1`, 'Any'))).toBe(false);
  });

  it.each([
    ...['v1 Endpoints', 'v1 Binding', 'discovery.k8s.io/v1 EndpointSlice', 'cert-manager.io/v1 CertificateRequest'],
    ...['gateway.networking.k8s.io/v1 TCPRoute', 'gateway.networking.k8s.io/v1 UDPRoute'],
    ...['argoproj.io/v1 Application', 'argoproj.io/v1 ApplicationSet', 'argoproj.io/v1 AppProject'],
  ])('is %s, and no other of its group', (type) => {
    const [apiVersion = '', kind = ''] = type.split(' ');
    expect(isForeignKind(of(apiVersion, kind))).toBe(true);
    expect(isForeignKind(of(apiVersion, 'Other'))).toBe(false);
    expect(isForeignKind(of('example.com/v1', kind))).toBe(false);
  });
});

describe('an annotation that a controller outside goes by', () => {
  it.each([
    ...['nginx.org/location-snippets', 'x/server-alias', 'x/host-alias', 'x/HostName'],
    ...['external-dns.alpha.kubernetes.io/target', 'x/from-to-www-redirect'],
    ...['cert-manager.io/common-name', 'cert-manager.io/alt-names'],
    ...['auth-secret', 'auth-tls-secret', 'proxy-ssl-secret', 'auth-proxy-set-headers', 'custom-headers'].flatMap(
      (one) => [`nginx.ingress.kubernetes.io/${one}`, `ingress.kubernetes.io/${one}`],
    ),
    ...['fastcgi-params-configmap', 'mirror-host', 'config-x'].map((one) => `nginx.ingress.kubernetes.io/${one}`),
    'kubernetes.azure.com/tls-cert-keyvault-uri',
    ...['config-x', 'auth-tls-secret', 'secure-x'].map((one) => `haproxy-ingress.github.io/${one}`),
    ...['conditions.x', 'actions.x'].map((one) => `alb.ingress.kubernetes.io/${one}`),
    ...['getambassador.io/config', 'NGINX.ingress.kubernetes.io/Configuration-Snippet'],
  ])('is %s', (key) => expect(isForeignAnnotation(key)).toBe(true));

  it.each([
    ...['external-dns.alpha.kubernetes.io/targets', 'x/target', 'cert-manager.io/cluster-issuer', 'x/auth-secret'],
    ...['nginx.ingress.kubernetes.io/auth-secret-type', 'nginx.ingress.kubernetes.io/rewrite-target'],
    ...['x.kubernetes.azure.com/tls-cert-x', 'alb.ingress.kubernetes.io/scheme', 'getambassador.io/config-x'],
  ])('is not %s', (key) => expect(isForeignAnnotation(key)).toBe(false));
});

describe('the hosts that an object takes', () => {
  const gateway = 'gateway.networking.k8s.io/v1';
  it.each<[string, string, unknown, string[]]>([
    ['networking.k8s.io/v1', 'Ingress', undefined, []],
    [
      'networking.k8s.io/v1',
      'Ingress',
      { rules: [{ host: 'a' }, {}], tls: [{ hosts: ['b', 'c'] }, {}, { hosts: [] }] },
      ['a', '', 'b', 'c', '', ''],
    ],
    ['example.com/v1', 'Ingress', { rules: [{ host: 'a' }] }, []],
    ...['HTTPRoute', 'GRPCRoute', 'TLSRoute'].flatMap((kind): [string, string, unknown, string[]][] => [
      [gateway, kind, { hostnames: ['a', 'b'] }, ['a', 'b']],
      [gateway, kind, { hostnames: [] }, ['']],
      [gateway, kind, {}, ['']],
    ]),
    [gateway, 'Gateway', { listeners: [{ hostname: 'a' }, {}] }, ['a', '']],
    [gateway, 'ListenerSet', { listeners: [{ hostname: 'a' }] }, ['a']],
    ['gateway.networking.x-k8s.io/v1', 'XListenerSet', { listeners: [{ hostname: 'a' }] }, ['a']],
    [gateway, 'Gateway', {}, []],
    ['cert-manager.io/v1', 'Certificate', { dnsNames: ['a'] }, ['a']],
    ['cert-manager.io/v1', 'Certificate', { dnsNames: ['a'], commonName: 'b' }, ['a', 'b']],
    ['cert-manager.io/v1', 'Certificate', { commonName: 'b' }, ['', 'b']],
    ['v1', 'Service', { hostnames: ['a'] }, []],
  ])('%s %s with %j', (apiVersion, kind, spec, hosts) => {
    expect(takenHosts(of(apiVersion, kind, spec))).toEqual(hosts);
  });

  it.each<[string, string, boolean]>([
    ['{slug}.{domain}', 'ours.example.com', true],
    ['{slug}.{domain}', 'oursxexample.com', false],
    ['{slug}.{domain}', 'ours.examplexcom', false],
    ['{slug}.{domain}', 'xours.example.com', false],
    ['{slug}.{domain}', 'ours.example.com.x', false],
    ['*.{slug}.{domain}', '*.ours.example.com', true],
    ['*.{slug}.{domain}', 'a-1.ours.example.com', true],
    ['*.{slug}.{domain}', 'a.b.ours.example.com', false],
    ['*.{slug}.{domain}', '.ours.example.com', false],
    ['*--{slug}.{domain}', 'a--ours.example.com', true],
    ['{slug}-{slug}.x', 'ours-ours.x', true],
    ['{domain}.{domain}', 'example.com.example.com', true],
  ])('fit %s: %s, %p', (pattern, name, isFit) => {
    const bounds = { slug: 'ours', domain: 'example.com' };
    expect(fits(name, ['nothing', pattern], bounds)).toBe(isFit);
    expect(fits(name, [], bounds)).toBe(false);
  });
});

const HOST = 'it takes a host that is not one of this branch, or any host';
const TYPE = 'the type of the Service is none of SERVICE_TYPES';
const NAME = 'the Service stands for a name that EXTERNAL_NAMES does not admit';
const IPS = 'a Service with externalIPs takes the traffic of others';
const CLAIM = 'a claim chooses a volume that is there, which may be somebody else’s';
const READS = 'a monitor of it reads other namespaces';
const SENDS = 'a monitor of it sends a token, or reads a file, of the collector';
const GATEWAY = 'a Gateway opens an address of its own, which SERVICE_TYPES does not admit';
const VAULT = 'a SecretProviderClass of it opens a vault by an identity of the node';
const BACKEND = 'a default backend takes the requests of any host';

describe('the rules on content', () => {
  const service = (spec: object) => of('v1', 'Service', spec);
  const claim = (spec: object) => of('v1', 'PersistentVolumeClaim', spec);
  const monitor = (spec: object, group = 'monitoring.coreos.com') => of(`${group}/v1`, 'ServiceMonitor', spec);
  const provider = (parameters: object | undefined) =>
    of('secrets-store.csi.x-k8s.io/v1', 'SecretProviderClass', { parameters });
  const stateful = (apiVersion: string, kind: string) =>
    of(apiVersion, kind, { volumeClaimTemplates: [{}, { spec: { volumeName: 'x' } }] });
  const gatewayOf = (apiVersion: string, kind: string) => of(apiVersion, kind, {});

  it.each<[string, KubeObject, Partial<Bounds>, string | undefined]>([
    ['a Gateway', gatewayOf('gateway.networking.k8s.io/v1', 'Gateway'), {}, GATEWAY],
    [
      'a Gateway where load balancers are admitted',
      gatewayOf('gateway.networking.k8s.io/v1', 'Gateway'),
      { serviceTypes: ['LoadBalancer'] },
      undefined,
    ],
    ['a Gateway of another group', gatewayOf('example.com/v1', 'Gateway'), {}, undefined],
    ['another kind of the group', gatewayOf('gateway.networking.k8s.io/v1', 'ReferenceGrant'), {}, undefined],
    ['an Ingress with a default backend', of('networking.k8s.io/v1', 'Ingress', { defaultBackend: {} }), {}, BACKEND],
    ['another kind with one', of('networking.k8s.io/v1', 'NetworkPolicy', { defaultBackend: {} }), {}, undefined],
    ['another group’s Ingress with one', of('example.com/v1', 'Ingress', { defaultBackend: {} }), {}, undefined],
    [
      'one host of two that is another’s',
      of('networking.k8s.io/v1', 'Ingress', { rules: [{ host: 'ours.127.0.0.1.nip.io' }, { host: 'x' }] }),
      {},
      HOST,
    ],
    [
      'the hosts of a branch where none are compared',
      of('networking.k8s.io/v1', 'Ingress', { rules: [{ host: 'x' }] }),
      { hosts: undefined },
      undefined,
    ],
    ['a Service', service({}), {}, undefined],
    ['a Service where none is admitted', service({}), { serviceTypes: [] }, TYPE],
    [
      'a Service of a type that is admitted',
      service({ type: 'NodePort' }),
      { serviceTypes: ['ClusterIP', 'NodePort'] },
      undefined,
    ],
    [
      'another group’s Service',
      of('serving.knative.dev/v1', 'Service', { type: 'NodePort', externalIPs: ['x'] }),
      {},
      undefined,
    ],
    ['another kind with a type', of('v1', 'Thing', { type: 'NodePort', externalIPs: ['x'] }), {}, undefined],
    [
      'a name that is admitted',
      service({ type: 'ExternalName', externalName: 'a.example.com' }),
      { externalNames: ['*.example.com'], serviceTypes: [] },
      undefined,
    ],
    [
      'a name that is not',
      service({ type: 'ExternalName', externalName: 'a.example.org' }),
      { externalNames: ['*.example.com'] },
      NAME,
    ],
    ['no name at all', service({ type: 'ExternalName' }), { externalNames: ['*.example.com'] }, NAME],
    ['a name of another type', service({ type: 'ClusterIP', externalName: 'a.example.org' }), {}, undefined],
    ['externalIPs', service({ externalIPs: ['10.0.0.1'] }), {}, IPS],
    ['no externalIPs', service({ externalIPs: [] }), {}, undefined],
    ['a spec that is null', { ...service({}), spec: null }, {}, undefined],
    ['a spec that is a text', { ...service({}), spec: 'x' }, {}, undefined],
    ['a class of a vault', provider({ useVMManagedIdentity: 'false', usePodIdentity: '' }), {}, undefined],
    ['a class without parameters', provider(undefined), {}, undefined],
    ['the node’s identity', provider({ useVMManagedIdentity: 'true' }), {}, VAULT],
    ['a pod’s identity', provider({ usePodIdentity: 'true' }), {}, VAULT],
    [
      'another kind of that group',
      of('secrets-store.csi.x-k8s.io/v1', 'Other', { parameters: { usePodIdentity: 'true' } }),
      {},
      undefined,
    ],
    [
      'another group’s class',
      of('example.com/v1', 'SecretProviderClass', { parameters: { usePodIdentity: 'true' } }),
      {},
      undefined,
    ],
    [
      'a pod whose unset fields are null, as generated YAML has them',
      of('v1', 'Pod', {
        containers: [{ name: 'a', ports: null, securityContext: null, livenessProbe: null, lifecycle: null }],
        ...{ initContainers: null, volumes: null, tolerations: null, nodeName: null, securityContext: null },
      }),
      {},
      undefined,
    ],
    [
      'a claim whose unset fields are null',
      claim({ volumeName: null, selector: null, storageClassName: null }),
      {},
      undefined,
    ],
    [
      'what is refused beside a null',
      of('v1', 'Pod', { initContainers: null, hostNetwork: true, containers: [{ name: 'a' }] }),
      {},
      'its pods share the process, network or memory space of their node',
    ],
    ['a claim', claim({ volumeName: '', storageClassName: 'fast' }), {}, undefined],
    ['a claim of a volume', claim({ volumeName: 'x' }), {}, CLAIM],
    ['a claim by selector', claim({ selector: {} }), {}, CLAIM],
    ['a claim of no class', claim({ storageClassName: '' }), {}, CLAIM],
    ['another group’s claim', of('example.com/v1', 'PersistentVolumeClaim', { volumeName: 'x' }), {}, undefined],
    ['another kind of the core', of('v1', 'Thing', { volumeName: 'x' }), {}, undefined],
    ['the claims of a StatefulSet', stateful('apps/v1', 'StatefulSet'), {}, CLAIM],
    ['such claims of another group', stateful('example.com/v1', 'StatefulSet'), {}, undefined],
    ['such claims of another kind', stateful('apps/v1', 'Deployment'), {}, undefined],
    ['a StatefulSet without claims', of('apps/v1', 'StatefulSet', {}), {}, undefined],
    [
      'the claim of a pod itself',
      of('v1', 'Pod', {
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'b', ephemeral: { volumeClaimTemplate: { spec: { volumeName: 'x' } } } },
        ],
      }),
      {},
      CLAIM,
    ],
    [
      'a pod whose volumes claim nothing',
      of('v1', 'Pod', {
        volumes: [
          { name: 'a', ephemeral: {} },
          { name: 'b', ephemeral: { volumeClaimTemplate: {} } },
        ],
      }),
      {},
      undefined,
    ],
    [
      'a monitor of its namespace',
      monitor({ namespaceSelector: { any: false, matchNames: ['feature-ours'] } }),
      {},
      undefined,
    ],
    ['a monitor of one more', monitor({ namespaceSelector: { matchNames: ['feature-ours', 'project'] } }), {}, READS],
    ['a monitor of any', monitor({ namespaceSelector: { any: true } }, 'azmonitoring.coreos.com'), {}, READS],
    [
      'another group’s monitor',
      monitor({ namespaceSelector: { any: true }, endpoints: [{ bearerTokenFile: 'x' }] }, 'example.com'),
      {},
      undefined,
    ],
    [
      'a monitor without files',
      monitor({ endpoints: [{ bearerTokenFile: '', tlsConfig: {} }], podMetricsEndpoints: [{}] }),
      {},
      undefined,
    ],
    ...['endpoints', 'podMetricsEndpoints'].flatMap((list) =>
      [
        { bearerTokenFile: 'x' },
        ...['caFile', 'certFile', 'keyFile'].map((file) => ({ tlsConfig: { [file]: 'x' } })),
      ].map((endpoint): [string, KubeObject, Partial<Bounds>, string] => [
        `a monitor whose ${list} hold ${JSON.stringify(endpoint)}`,
        monitor({ [list]: [{}, endpoint] }),
        {},
        SENDS,
      ]),
    ),
    [
      'fields of other types than its kind has',
      service({ type: 'ExternalName', externalName: 'x', externalIPs: 5 }),
      { externalNames: ['x'] },
      undefined,
    ],
    [
      'a list that is none',
      of('networking.k8s.io/v1', 'Ingress', { rules: 5 }),
      {},
      'its fields are not of the types that its kind has',
    ],
  ])('judge %s', (_what, object, bounds, rule) => {
    expect(judge(object, bounds)).toBe(rule);
  });

  it('let a fault of their own pass as what it is', () => {
    const fault = new RangeError('a fault of ours');
    const object = {
      ...service({}),
      get spec(): object {
        throw fault;
      },
    };

    expect(() => judge(object)).toThrow(fault);
  });
});
