import type { LiveObject } from '../../api/object-meta.ts';
import { isEnding } from '../pods/owners.ts';
import type { LivePod, Reading } from '../reading.ts';

const SLICE_OF = 'kubernetes.io/service-name';

interface ServiceSpec {
  type?: string;
  selector?: Record<string, string>;
  ports?: { name?: string; port?: number; targetPort?: number | string }[];
}

export interface Backend {
  name: string;
  port?: { number?: number; name?: string };
}

export interface Fault {
  words: string;
  fix: string;
}

/** Why a way in leads nowhere: the Service that it names is absent or has no such port. */
export function findBackendFault({ name, port }: Backend, { wayIn }: Reading): Fault | undefined {
  const services = wayIn?.services ?? [];
  const service = services.find(({ metadata }) => metadata.name === name);
  if (service !== undefined) return findMissingPort(name, service.spec ?? {}, port);
  const others = services.map(({ metadata }) => metadata.name).sort();
  const has = others.length === 0 ? '' : ` (the namespace has ${others.join(', ')})`;
  return {
    words: `Service ${name} is not there${has}`,
    fix: `name a Service that the overlay holds, or add Service ${name}, then push`,
  };
}

/** Why a Service that somebody is sent to answers 503; undefined where it has a ready endpoint. */
export function findEmptiness(service: LiveObject, reading: Reading): Fault | undefined {
  const spec = (service.spec ?? {}) as ServiceSpec;
  const { name } = service.metadata;
  // leads elsewhere, so it has no endpoints
  if (spec.type === 'ExternalName') return undefined;
  const own = (reading.wayIn?.slices ?? []).filter(({ metadata }) => metadata.labels?.[SLICE_OF] === name);
  const isServed = own.some(
    (slice) => slice.endpoints?.some(({ conditions }) => conditions?.ready !== false) && hasPorts(slice, spec),
  );
  if (isServed) return undefined;
  return { words: `it has no ready endpoint: ${whyEmpty(spec, reading)}`, fix: fixEmpty(name, spec, reading) };
}

/** A slice for a target port that no container names has endpoints and no ports. */
function hasPorts({ ports }: { ports?: unknown[] }, spec: ServiceSpec): boolean {
  return (spec.ports ?? []).length === 0 || (ports ?? []).length > 0;
}

function findMissingPort(name: string, { ports = [] }: ServiceSpec, port: Backend['port']): Fault | undefined {
  if (port === undefined || (port.name === undefined && port.number === undefined)) return undefined;
  if (ports.some((one) => (port.name === undefined ? one.port === port.number : one.name === port.name)))
    return undefined;
  const has = ports.map((one) => `${one.port}${one.name === undefined ? '' : ` (${one.name})`}`).join(', ');
  const wanted = port.name ?? String(port.number);
  return {
    words: `Service/${name} has no port ${wanted}; it has ${has || 'none'}`,
    fix: `name a port that Service ${name} has, then push`,
  };
}

function whyEmpty(spec: ServiceSpec, { pods }: Reading): string {
  const { selector = {} } = spec;
  if (Object.keys(selector).length === 0) return 'it selects no pods, and nobody has made endpoints for it';
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  const chosen = selectedBy(selector, pods);
  if (chosen.length === 0) {
    const others = valuesOf(Object.keys(selector), pods);
    return `no pod bears ${labels.join(',')}${others.length === 0 ? '' : ` (pods bear ${others.join(', ')})`}`;
  }
  const named = (spec.ports ?? []).find(
    ({ targetPort }) => typeof targetPort === 'string' && !hasPortNamed(chosen, targetPort),
  );
  return named === undefined
    ? `no pod that bears ${labels.join(',')} is ready`
    : `its target port ${named.targetPort} is the name of no container port of the pods that bear ${labels.join(',')}`;
}

function fixEmpty(name: string, spec: ServiceSpec, { pods }: Reading): string {
  const { selector = {} } = spec;
  if (selectedBy(selector, pods).length > 0)
    return `let target ports and readiness of the pods behind Service ${name} fit, then push`;
  return `let the selector of Service ${name} fit the labels of the pods, then push`;
}

function selectedBy(selector: Record<string, string>, pods: readonly LivePod[]): LivePod[] {
  return pods.filter(
    (pod) => !isEnding(pod) && Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value),
  );
}

/** What pods bear under the selector's keys: a label that is a letter off shows. */
function valuesOf(keys: readonly string[], pods: readonly LivePod[]): string[] {
  const pairs = pods.flatMap(({ metadata }) =>
    keys.flatMap((key) => (metadata.labels?.[key] === undefined ? [] : [`${key}=${metadata.labels[key]}`])),
  );
  return [...new Set(pairs)].sort().slice(0, 5);
}

function hasPortNamed(pods: readonly LivePod[], name: string): boolean {
  return pods.some(({ spec }) =>
    [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(({ ports }) =>
      ports?.some((port) => port.name === name),
    ),
  );
}

export function typeOfService({ spec }: LiveObject): string | undefined {
  return (spec as ServiceSpec | undefined)?.type;
}
