import { beforeAll, describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';
import { type Compiled } from '../../lib/overlays/template/compiled.ts';
import { compileOverlays } from '../../lib/overlays/template/compile.ts';
import { findKustomize } from '../../local/kustomize/find-kustomize.ts';
import { writeSwitchedTree } from '../../local/kustomize/switched-tree.ts';
import { build } from './build-overlay.ts';
import { ofKind } from './kube.ts';

interface RouteSpec {
  parentRefs: { name: string; namespace: string; sectionName: string }[];
  hostnames: string[];
  rules: { matches: { path: { value: string } }[]; backendRefs: { name: string; port: number }[] }[];
}
interface GatewaySpec {
  gatewayClassName: string;
  listeners: { name: string; hostname: string; tls: Record<string, unknown>; allowedRoutes: { namespaces: unknown } }[];
}

describe('components/gateway, switched on by one line', () => {
  let overlay: Compiled['overlays'][number];
  let objects: KubeObject[];

  beforeAll(async () => {
    const kustomize = await findKustomize({ log: () => undefined });
    const compiled = await compileOverlays({
      manifestsDir: await writeSwitchedTree('gateway'),
      overlays: ['feature'],
      kustomize,
      warn: (line) => {
        throw new Error(line);
      },
    });
    [overlay = { name: '', objects: [], defaults: {} }] = compiled.overlays;
    objects = overlay.objects;
  });

  it('puts an HTTPRoute in place of the Ingress, at a host of one label', () => {
    const [route] = ofKind<RouteSpec>(objects, 'HTTPRoute');

    expect(ofKind(objects, 'Ingress')).toEqual([]);
    expect(route?.metadata.namespace).toBe('feature-BRANCH_NAME');
    expect(route?.spec.hostnames).toEqual(['BRANCH_NAME.OVERLAY_DOMAIN']);
  });

  it('leads the paths of the Ingress to services and ports that exist', async () => {
    const [route] = ofKind<RouteSpec>(objects, 'HTTPRoute');
    const ways = route?.spec.rules.map(({ matches, backendRefs }) => [
      matches[0]?.path.value,
      backendRefs[0]?.name,
      backendRefs[0]?.port,
    ]);

    expect(ways).toEqual([
      ['/be', 'todo-app-be-svc', 2506],
      ['/', 'todo-app-fe-svc', 2507],
    ]);
    for (const [, name, port] of ways ?? []) {
      const service = ofKind<{ ports: { port: number }[] }>(objects, 'Service').find(
        ({ metadata }) => metadata.name === name,
      );
      expect(service?.spec.ports.map((each) => each.port)).toContain(port);
    }
  });

  it('names, by its defaults, the Gateway that cluster/gateway makes', async () => {
    const { objects: shared } = await build('cluster/gateway/istio');
    const [gateway] = ofKind<GatewaySpec>(shared, 'Gateway');

    expect(ofKind<RouteSpec>(objects, 'HTTPRoute')[0]?.spec.parentRefs).toEqual([
      { name: 'OVERLAY_GATEWAY_NAME', namespace: 'OVERLAY_GATEWAY_NAMESPACE', sectionName: 'https' },
    ]);
    expect(gateway?.spec.listeners.map(({ name }) => name)).toEqual(['https']);
    expect(gateway?.metadata).toMatchObject({
      name: overlay.defaults['OVERLAY_GATEWAY_NAME'],
      namespace: overlay.defaults['OVERLAY_GATEWAY_NAMESPACE'],
    });
  });
});

describe.each([
  ['istio', 'approuting-istio'],
  ['application-gateway', 'azure-alb-external'],
] as const)('cluster/gateway/%s', (directory, gatewayClassName) => {
  it('is one wildcard listener with one certificate, for namespaces of branches alone', async () => {
    const { objects, warnings } = await build(`cluster/gateway/${directory}`);
    const [gateway] = ofKind<GatewaySpec>(objects, 'Gateway');
    const [certificate] = ofKind<{ secretName: string; dnsNames: string[] }>(objects, 'Certificate');

    expect(warnings).toEqual([]);
    expect(gateway?.spec.gatewayClassName).toBe(gatewayClassName);
    expect(gateway?.spec.listeners).toEqual([
      expect.objectContaining({
        hostname: '*.branches.example.com',
        tls: { mode: 'Terminate', certificateRefs: [{ name: certificate?.spec.secretName }] },
        allowedRoutes: {
          namespaces: {
            from: 'Selector',
            selector: { matchLabels: { 'app.kubernetes.io/managed-by': 'feature-branch-provisioner' } },
          },
        },
      }),
    ]);
    expect(certificate?.spec.dnsNames).toEqual(['*.branches.example.com']);
  });

  it('gives the provisioner HTTPRoutes and nothing else', async () => {
    const { objects } = await build(`cluster/gateway/${directory}`);
    const [role] = objects.filter(({ kind }) => kind === 'ClusterRole');

    expect(role?.metadata.labels).toEqual({ 'feature-branch-provisioner/aggregate': 'true' });
    expect(role?.['rules']).toEqual([
      {
        apiGroups: ['gateway.networking.k8s.io'],
        resources: ['httproutes'],
        verbs: ['get', 'list', 'create', 'patch', 'delete'],
      },
    ]);
  });
});
