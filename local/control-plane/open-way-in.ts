import type { Admin } from './admin.ts';

interface Listed<T> {
  items: T[];
}

interface Labelled {
  metadata: { name: string; namespace: string; labels?: Record<string, string> };
}

interface Service extends Labelled {
  spec: { selector?: Record<string, string>; ports?: { name?: string; port: number }[] };
}

interface Pod extends Labelled {
  status: { podIPs?: { ip: string }[] };
}

interface WayIn {
  metadata: { name: string; namespace: string; creationTimestamp: string };
  spec?: { parentRefs?: object[] };
  status?: { loadBalancer?: { ingress?: object[] }; parents?: object[] };
}

/** Whoever applies an Ingress or a route is served: a test that wants otherwise runs without this. */
export async function openWayIn(admin: Admin): Promise<void> {
  const networking = '/apis/networking.k8s.io/v1';
  const gateway = '/apis/gateway.networking.k8s.io/v1';
  const ingresses = await admin.call<Listed<WayIn>>({ method: 'GET', path: `${networking}/ingresses` });
  const routes = await admin.call<Listed<WayIn>>({ method: 'GET', path: `${gateway}/httproutes` });
  const closed = (ingresses?.items ?? []).filter(({ status }) => !status?.loadBalancer?.ingress?.length);
  const unseen = (routes?.items ?? []).filter(({ status }) => !status?.parents?.length);
  await Promise.all([
    serveServices(admin),
    ...closed.map(({ metadata }) =>
      admin.call({
        method: 'PATCH',
        path: `${networking}/namespaces/${metadata.namespace}/ingresses/${metadata.name}/status`,
        body: { status: { loadBalancer: { ingress: [{ ip: '203.0.113.10' }] } } },
      }),
    ),
    ...unseen.map(({ metadata, spec }) => {
      const at = metadata.creationTimestamp;
      const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
        type,
        status: 'True',
        reason: type,
        message: '',
        lastTransitionTime: at,
      }));
      const parents = (spec?.parentRefs ?? []).map((parentRef) => ({ parentRef, controllerName: 'local', conditions }));
      return admin.call({
        method: 'PATCH',
        path: `${gateway}/namespaces/${metadata.namespace}/httproutes/${metadata.name}`,
        body: { status: { parents } },
      });
    }),
  ]);
}

/**
 * Pods that no scheduler has put on a node are no endpoints to the controller manager: those of a Service are written
 * beside its own, by another manager.
 */
async function serveServices(admin: Admin): Promise<void> {
  const slices = '/apis/discovery.k8s.io/v1/endpointslices';
  const [services, pods, made] = await Promise.all([
    admin.call<Listed<Service>>({ method: 'GET', path: '/api/v1/services' }),
    admin.call<Listed<Pod>>({ method: 'GET', path: '/api/v1/pods?fieldSelector=status.phase=Running' }),
    admin.call<Listed<Labelled>>({ method: 'GET', path: `${slices}?labelSelector=${MANAGER}` }),
  ]);
  const served = new Set((made?.items ?? []).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
  await Promise.all(
    (services?.items ?? []).map(async ({ metadata: { name, namespace }, spec: { selector, ports = [] } }) => {
      if (selector === undefined || served.has(`${namespace}/${name}-local`)) return;
      const pod = (pods?.items ?? []).find(
        ({ metadata }) =>
          metadata.namespace === namespace &&
          Object.entries(selector).every(([key, value]) => metadata.labels?.[key] === value),
      );
      const addresses = (pod?.status.podIPs ?? []).map(({ ip }) => ip);
      if (addresses.length === 0) return;
      await admin.call({
        method: 'POST',
        path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
        body: {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: {
            name: `${name}-local`,
            labels: { 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'local' },
          },
          addressType: 'IPv4',
          endpoints: [{ addresses, conditions: { ready: true } }],
          ports: ports.map(({ name: portName, port }) => ({ name: portName ?? '', port, protocol: 'TCP' })),
        },
      });
    }),
  );
}

const MANAGER = 'endpointslice.kubernetes.io/managed-by=local';
