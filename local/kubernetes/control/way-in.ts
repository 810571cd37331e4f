import { isDeepStrictEqual } from 'node:util';
import { kindOf } from '../objects/kinds.ts';
import type { Objects, StoredObject } from '../objects/objects.ts';

/** A documentation address: nobody answers there. */
const ADDRESS = '203.0.113.10';
const SLICE = kindOf('discovery.k8s.io/v1', 'EndpointSlice');
const SERVICE = kindOf('v1', 'Service');
const MAKERS = [kindOf('apps/v1', 'Deployment'), kindOf('apps/v1', 'StatefulSet'), kindOf('apps/v1', 'DaemonSet')];

/** Stands for the controllers of endpoints, ingresses, gateways and load balancers, and serves at once. */
export function openWayIn(objects: Objects): void {
  const balanced = { loadBalancer: { ingress: [{ ip: ADDRESS }] } };
  for (const ingress of objects.list(kindOf('networking.k8s.io/v1', 'Ingress'))) setStatus(objects, ingress, balanced);
  for (const route of objects.list(kindOf('gateway.networking.k8s.io/v1', 'HTTPRoute')))
    setStatus(objects, route, acceptRoute(route));
  for (const service of objects.list(SERVICE)) {
    if ((service['spec'] as { type?: string } | undefined)?.type === 'LoadBalancer')
      setStatus(objects, service, balanced);
    putSlice(objects, service);
  }
}

function acceptRoute({ spec, metadata }: StoredObject): object {
  const { parentRefs = [] } = (spec ?? {}) as { parentRefs?: object[] };
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    type,
    status: 'True',
    reason: type,
    message: '',
    lastTransitionTime: metadata.creationTimestamp,
  }));
  return { parents: parentRefs.map((parentRef) => ({ parentRef, controllerName: 'stand-in', conditions })) };
}

/** No pods exist here: the workloads whose templates a Service selects stand for theirs. */
function putSlice(objects: Objects, service: StoredObject): void {
  const { name, namespace = '' } = service.metadata;
  const { selector, ports = [] } = (service['spec'] ?? {}) as { selector?: Record<string, string>; ports?: object[] };
  if (selector === undefined) return;
  const isServed = MAKERS.flatMap((kind) => objects.list(kind, namespace)).some(
    (workload) => isSelected(workload, selector) && isReady(workload),
  );
  const place = { kind: SLICE, namespace, name: `${name}-slice` };
  const before = objects.get(place);
  const endpoints = isServed ? [{ addresses: ['10.244.0.1'], conditions: { ready: true } }] : [];
  if (before !== undefined && isDeepStrictEqual(before['endpoints'], endpoints)) return;
  objects.put(place, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    endpoints,
    ports,
    metadata: {
      ...service.metadata,
      name: place.name,
      uid: before?.metadata.uid ?? `${service.metadata.uid}-slice`,
      labels: { ...service.metadata.labels, 'kubernetes.io/service-name': name },
      managedFields: [],
    },
  });
}

function isSelected({ spec }: StoredObject, selector: Record<string, string>): boolean {
  const { template } = (spec ?? {}) as { template?: { metadata?: { labels?: Record<string, string> } } };
  const labels = template?.metadata?.labels ?? {};
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

function isReady({ status }: StoredObject): boolean {
  const { readyReplicas = 0, numberReady = 0 } = (status ?? {}) as { readyReplicas?: number; numberReady?: number };
  return readyReplicas + numberReady > 0;
}

function setStatus(objects: Objects, object: StoredObject, status: object): void {
  if (isDeepStrictEqual(object['status'], status)) return;
  const { name, namespace } = object.metadata;
  objects.put(
    { kind: kindOf(object.apiVersion, object.kind), name, ...(namespace && { namespace }) },
    { ...object, status },
  );
}
