import { groupOf } from '../cluster-scoped.ts';
import type { KubeObject } from '../../environment/ports/cluster.ts';
import type { Bounds, ContentRule } from './content-rule.ts';
import { isForeignAnnotation, isForeignKind } from './foreign.ts';
import { isObject } from '../../is-object.ts';
import { fits, takenHosts } from './hosts.ts';
import { type Claim, POD_RULES, podOf } from './pods.ts';

interface Endpoint {
  bearerTokenFile?: string;
  tlsConfig?: { caFile?: string; certFile?: string; keyFile?: string };
}

interface Spec extends Claim {
  type?: string;
  externalName?: string;
  externalIPs?: unknown[];
  defaultBackend?: unknown;
  parameters?: Record<string, string>;
  volumeClaimTemplates?: { spec?: Claim }[];
  endpoints?: Endpoint[];
  podMetricsEndpoints?: Endpoint[];
  namespaceSelector?: { any?: boolean; matchNames?: string[] };
}

function specOf(object: KubeObject): Spec {
  return typeof object['spec'] === 'object' && object['spec'] !== null ? object['spec'] : {};
}

function isService({ apiVersion, kind }: KubeObject): boolean {
  return apiVersion === 'v1' && kind === 'Service';
}

function typeOfService(object: KubeObject): string | undefined {
  return isService(object) ? (specOf(object).type ?? 'ClusterIP') : undefined;
}

function claimsOf(object: KubeObject): Claim[] {
  const spec = specOf(object);
  if (groupOf(object.apiVersion) === '' && object.kind === 'PersistentVolumeClaim') return [spec];
  const ofPods = (podOf(object).volumes ?? []).map(({ ephemeral }) => ephemeral?.volumeClaimTemplate?.spec ?? {});
  const isStateful = groupOf(object.apiVersion) === 'apps' && object.kind === 'StatefulSet';
  return [...ofPods, ...(isStateful ? (spec.volumeClaimTemplates ?? []).map((each) => each.spec ?? {}) : [])];
}

const MONITOR_GROUPS = ['azmonitoring.coreos.com', 'monitoring.coreos.com'];

/**
 * What no object of a branch may hold, whoever wrote its overlay: the rules of manifests/cluster/policy-objects.yaml, in
 * its order and its words, so that a branch is refused before the API server is asked.
 */
export const CONTENT_RULES: readonly ContentRule[] = [
  { message: 'its kind gives rights, or reaches beyond the namespace', refuses: isForeignKind },
  {
    message: 'a Gateway opens an address of its own, which SERVICE_TYPES does not admit',
    refuses: ({ apiVersion, kind }, { serviceTypes }) =>
      groupOf(apiVersion) === 'gateway.networking.k8s.io' &&
      kind === 'Gateway' &&
      !serviceTypes.includes('LoadBalancer'),
  },
  {
    message: 'it takes a host that is not one of this branch, or any host',
    refuses: (object, bounds) => {
      const { hosts } = bounds;
      return hosts !== undefined && takenHosts(object).some((host) => !fits(host, hosts, bounds));
    },
  },
  {
    message: 'a default backend takes the requests of any host',
    refuses: (object) =>
      groupOf(object.apiVersion) === 'networking.k8s.io' &&
      object.kind === 'Ingress' &&
      specOf(object).defaultBackend !== undefined,
  },
  {
    message: 'an annotation injects configuration, or names further hosts or Secrets, at a controller outside',
    refuses: ({ metadata }) => Object.keys(metadata.annotations ?? {}).some(isForeignAnnotation),
  },
  {
    message: 'the type of the Service is none of SERVICE_TYPES',
    refuses: (object, { serviceTypes }) => {
      const type = typeOfService(object);
      return type !== undefined && type !== 'ExternalName' && !serviceTypes.includes(type);
    },
  },
  {
    message: 'the Service stands for a name that EXTERNAL_NAMES does not admit',
    refuses: (object, bounds) =>
      typeOfService(object) === 'ExternalName' &&
      !fits(specOf(object).externalName ?? '', bounds.externalNames, bounds),
  },
  {
    message: 'a Service with externalIPs takes the traffic of others',
    refuses: (object) => isService(object) && (specOf(object).externalIPs ?? []).length > 0,
  },
  ...POD_RULES,
  {
    message: 'a SecretProviderClass of it opens a vault by an identity of the node',
    refuses: (object) => {
      const { useVMManagedIdentity = '', usePodIdentity = '' } = specOf(object).parameters ?? {};
      return (
        groupOf(object.apiVersion) === 'secrets-store.csi.x-k8s.io' &&
        object.kind === 'SecretProviderClass' &&
        [useVMManagedIdentity, usePodIdentity].some((each) => !['', 'false'].includes(each))
      );
    },
  },
  {
    message: 'a claim chooses a volume that is there, which may be somebody else’s',
    refuses: (object) =>
      claimsOf(object).some(
        ({ volumeName = '', selector, storageClassName }) =>
          volumeName !== '' || selector !== undefined || storageClassName === '',
      ),
  },
  {
    message: 'a monitor of it reads other namespaces',
    refuses: (object, { namespace }) => {
      const { any = false, matchNames = [] } = specOf(object).namespaceSelector ?? {};
      return (
        MONITOR_GROUPS.includes(groupOf(object.apiVersion)) && (any || matchNames.some((one) => one !== namespace))
      );
    },
  },
  {
    message: 'a monitor of it sends a token, or reads a file, of the collector',
    refuses: (object) => {
      const { endpoints = [], podMetricsEndpoints = [] } = specOf(object);
      return (
        MONITOR_GROUPS.includes(groupOf(object.apiVersion)) &&
        [...endpoints, ...podMetricsEndpoints].some(
          ({ bearerTokenFile = '', tlsConfig: { caFile = '', certFile = '', keyFile = '' } = {} }) =>
            [bearerTokenFile, caFile, certFile, keyFile].some((file) => file !== ''),
        )
      );
    },
  },
];

/** The first rule that an object breaks, in the policy's words; undefined where it keeps to all of them. */
export function brokenRule(object: KubeObject, bounds: Bounds): string | undefined {
  try {
    const plain = withoutNulls(object) as KubeObject;
    return CONTENT_RULES.find((rule) => rule.refuses(plain, bounds))?.message;
  } catch (thrown) {
    // a list where a text should be, and the like: the API server would refuse it too
    if (thrown instanceof TypeError) return 'its fields are not of the types that its kind has';
    throw thrown;
  }
}

/** A field that is null is not set: the API server drops it before a policy sees it, and generated YAML is full of them. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const set = Object.entries(value).filter(([, part]) => part !== null);
  return Object.fromEntries(set.map(([key, part]) => [key, withoutNulls(part)]));
}
