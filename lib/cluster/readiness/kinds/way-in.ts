import type { Condition, LiveObject } from '../../api/object-meta.ts';
import type { TypeOfObject } from '../../api/rest-mapping.ts';
import { newestWarning } from '../pods/events.ts';
import { toCause } from '../pods/message.ts';
import { READY, type Reading, type Verdict } from '../reading.ts';
import { judgeByConditions } from './conditions.ts';
import { type Backend, findBackendFault, findEmptiness, typeOfService } from './services.ts';

const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';
const OLD_CLASS = 'kubernetes.io/ingress.class';
const ROUTES = new Set(['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute']);

/** Whether a kind is a way into the environment, or one that leads there. */
export function isWayIn({ apiVersion, kind }: TypeOfObject): boolean {
  // Knative has a Service of its own
  if (kind === 'Service') return apiVersion === 'v1';
  if (kind === 'Ingress') return apiVersion.startsWith('networking.k8s.io/');
  return ROUTES.has(kind) && apiVersion.startsWith('gateway.networking.k8s.io/');
}

/** What a person opens is the URL: it is taken up by somebody, and what it names answers. */
export function judgeWayIn(kind: string, object: LiveObject, reading: Reading): Verdict {
  if (kind === 'Ingress') return judgeIngress(object, reading);
  if (kind === 'Service') return judgeService(object, reading);
  return judgeRoute(object, reading);
}

/** One of type LoadBalancer is a way in of its own; others are where an Ingress or route that names them leads. */
function judgeService(service: LiveObject, reading: Reading): Verdict {
  const isBalanced = typeOfService(service) === 'LoadBalancer';
  const { loadBalancer } = (service.status ?? {}) as { loadBalancer?: { ingress?: unknown[] } };
  if (isBalanced && !loadBalancer?.ingress?.length) {
    const event = newestWarning(reading.wayIn?.events ?? [], service, { reasons: ['SyncLoadBalancerFailed'] });
    const why = event === undefined ? '' : `: ${toCause(event.message)}`;
    const fix = 'see that the cluster can make load balancers and has a free address';
    return closed(`it has no address of a load balancer yet${why}`, fix);
  }
  if (!isBalanced && !isNamed(service.metadata.name, reading)) return judgeByConditions(service);
  const empty = findEmptiness(service, reading);
  return empty === undefined ? judgeByConditions(service) : closed(empty.words, empty.fix);
}

function isNamed(name: string, reading: Reading): boolean {
  return reading.objects.some(({ type, live }) => {
    if (live === undefined) return false;
    const backends = type.kind === 'Ingress' ? backendsOfIngress(live) : [];
    const routed = ROUTES.has(type.kind) ? backendsOfRoute(live, reading.namespace) : [];
    return [...backends, ...routed].some((backend) => backend.name === name);
  });
}

interface IngressSpec {
  ingressClassName?: string;
  defaultBackend?: { service?: Backend };
  rules?: { http?: { paths?: { backend?: { service?: Backend } }[] } }[];
}

function judgeIngress(ingress: LiveObject, reading: Reading): Verdict {
  const spec = (ingress.spec ?? {}) as IngressSpec;
  const name = spec.ingressClassName ?? ingress.metadata.annotations?.[OLD_CLASS];
  const { loadBalancer } = (ingress.status ?? {}) as { loadBalancer?: { ingress?: unknown[] } };
  const hasAddress = (loadBalancer?.ingress?.length ?? 0) > 0;
  // a controller may take up what names no class, and then says so by an address
  const isTaken = hasAddress && name === undefined;
  const fault = isTaken ? undefined : findClassFault(name, reading, spec.ingressClassName === undefined);
  if (fault !== undefined) return fault;
  const behind = byBackends(backendsOfIngress(ingress), reading);
  if (behind.health !== 'ready') return behind;
  if (hasAddress) return judgeByConditions(ingress);
  return closed(
    `no controller has given it an address yet${name === undefined ? '' : ` (class ${name})`}`,
    `see that the controller of ${name === undefined ? 'the default class' : `class ${name}`} runs; for one that never writes an address set feature-branch-provisioner/ignore-health: "true"`,
  );
}

function backendsOfIngress({ spec }: LiveObject): Backend[] {
  const { rules = [], defaultBackend } = (spec ?? {}) as IngressSpec;
  const paths = rules.flatMap(({ http }) => http?.paths ?? []);
  return [defaultBackend, ...paths.map(({ backend }) => backend)].flatMap((one) => one?.service ?? []);
}

/** Classes that only the annotation names may exist without an object. */
function findClassFault(name: string | undefined, { wayIn }: Reading, isOld: boolean): Verdict | undefined {
  const classes = wayIn?.classes;
  if (classes === undefined) return undefined;
  const names = classes.map(({ metadata }) => metadata.name).sort();
  const has = names.length === 0 ? 'the cluster has no class' : `the cluster has ${names.join(', ')}`;
  const fix = 'set ingressClassName to a class that the cluster has, then push';
  if (name === undefined) {
    const hasDefault = classes.some(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
    return hasDefault ? undefined : closed(`it names no class, and none is the default (${has})`, fix);
  }
  if (names.includes(name) || isOld) return undefined;
  return closed(`nothing serves the class ${name} (${has})`, fix);
}

interface RouteSpec {
  parentRefs?: { name?: string; namespace?: string; sectionName?: string }[];
  rules?: { backendRefs?: { kind?: string; name: string; namespace?: string; port?: number }[] }[];
}

interface RouteParent {
  parentRef?: { name?: string; namespace?: string; sectionName?: string };
  conditions?: Condition[];
}

/** By Gateway API's own conditions: each parent has accepted the route and resolved what it names. */
function judgeRoute(route: LiveObject, reading: Reading): Verdict {
  const { parentRefs = [] } = (route.spec ?? {}) as RouteSpec;
  const parents = ((route.status ?? {}) as { parents?: RouteParent[] }).parents ?? [];
  const behind = byBackends(backendsOfRoute(route, reading.namespace), reading);
  if (behind.health !== 'ready') return behind;
  if (parentRefs.length === 0) return closed('it names no Gateway', 'name the shared Gateway in parentRefs, then push');
  for (const wanted of parentRefs) {
    const gateway = `Gateway ${wanted.namespace ?? reading.namespace}/${wanted.name}`;
    const parent = parents.find(
      ({ parentRef }) =>
        parentRef?.name === wanted.name && (parentRef?.sectionName ?? '') === (wanted.sectionName ?? ''),
    );
    const fix = `see that ${gateway} exists and admits routes of this namespace and host`;
    if (parent === undefined) return closed(`${gateway} has not taken it up`, fix);
    for (const type of ['Accepted', 'ResolvedRefs']) {
      const found = parent.conditions?.find((one) => one.type === type);
      if (found?.status === 'True') continue;
      const why = found === undefined ? 'it says nothing yet' : toCause(found.message ?? found.reason);
      return { ...closed(`${gateway}: ${type} is not true: ${why}`, fix), since: found?.lastTransitionTime };
    }
  }
  return READY;
}

function backendsOfRoute({ spec }: LiveObject, own: string): Backend[] {
  const { rules = [] } = (spec ?? {}) as RouteSpec;
  return rules
    .flatMap(({ backendRefs = [] }) => backendRefs)
    .filter(({ kind = 'Service', namespace = own }) => kind === 'Service' && namespace === own)
    .map(({ name, port }) => ({ name, ...(port !== undefined && { port: { number: port } }) }));
}

function byBackends(backends: readonly Backend[], reading: Reading): Verdict {
  for (const backend of backends) {
    const fault = findBackendFault(backend, reading);
    if (fault !== undefined) return closed(fault.words, fault.fix);
  }
  return READY;
}

function closed(words: string, fix: string): Verdict {
  return { health: 'starting', code: 'way-in', words, fix };
}
