import { groupOf } from '../cluster-scoped.ts';
import type { KubeObject } from '../../environment/ports/cluster.ts';
import type { Bounds } from './content-rule.ts';

interface Routing {
  rules?: { host?: string }[];
  tls?: { hosts?: string[] }[];
  hostnames?: string[];
  listeners?: { hostname?: string }[];
  dnsNames?: string[];
  commonName?: string;
}

/** The hosts that an object takes for itself; an empty one stands for any host. */
export function takenHosts(object: KubeObject): string[] {
  const { rules = [], tls = [], hostnames, listeners = [], dnsNames, commonName } = (object['spec'] ?? {}) as Routing;
  switch (`${groupOf(object.apiVersion)}/${object.kind}`) {
    case 'networking.k8s.io/Ingress':
      return [...rules.map(({ host = '' }) => host), ...tls.flatMap(({ hosts }) => orAny(hosts))];
    case 'gateway.networking.k8s.io/HTTPRoute':
    case 'gateway.networking.k8s.io/GRPCRoute':
    case 'gateway.networking.k8s.io/TLSRoute':
      return orAny(hostnames);
    case 'gateway.networking.k8s.io/Gateway':
    case 'gateway.networking.k8s.io/ListenerSet':
    case 'gateway.networking.x-k8s.io/XListenerSet':
      return listeners.map(({ hostname = '' }) => hostname);
    case 'cert-manager.io/Certificate':
      return [...orAny(dnsNames), ...(commonName === undefined ? [] : [commonName])];
    default:
      return [];
  }
}

function orAny(hosts: string[] | undefined): string[] {
  return hosts === undefined || hosts.length === 0 ? [''] : hosts;
}

/** Whether a name fits one of the patterns: {slug} and {domain} are the branch's, * is one label or a part of one. */
export function fits(
  name: string,
  patterns: readonly string[],
  { slug, domain }: Pick<Bounds, 'slug' | 'domain'>,
): boolean {
  return patterns.some((pattern) => {
    const source = pattern
      .replaceAll('.', '[.]')
      .replaceAll('*', '([*]|[a-z0-9-]+)')
      .replaceAll('{slug}', slug)
      .replaceAll('{domain}', domain.replaceAll('.', '[.]'));
    return new RegExp(`^${source}$`).test(name);
  });
}
