import { toSafeLine } from '../secrets.ts';
import type { Inspected, KubeObject } from '../environment/ports/cluster.ts';

/** What a peer holds, or why that is not known. */
export type Reading<T> = { kind: 'read'; value: T } | { kind: 'unread'; why: string };

export const CLIENT_ID = 'azure.workload.identity/client-id';
export const TENANT_ID = 'azure.workload.identity/tenant-id';
/** On a pod it asks the webhook for a token. https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html */
export const USE = 'azure.workload.identity/use';
const CLASS_VERSION = 'secrets-store.csi.x-k8s.io/v1';
const DRIVER = 'secrets-store.csi.k8s.io';

/** What says how pods come by their secrets, beside the workloads themselves. */
export const CHAIN_KINDS = [
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'Event' },
  { apiVersion: CLASS_VERSION, kind: 'SecretProviderClass' },
  { apiVersion: CLASS_VERSION, kind: 'SecretProviderClassPodStatus' },
];
export const WORKLOAD_KINDS: readonly string[] = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'];

interface PodSpec {
  serviceAccountName?: string;
  containers?: { env?: { name: string; value?: string }[] }[];
  volumes?: { csi?: { driver?: string; volumeAttributes?: { secretProviderClass?: string } } }[];
}

export interface Workload {
  kind: string;
  name: string;
  serviceAccount: string;
  asksForToken: boolean;
  /** SecretProviderClasses that its pods mount. */
  classes: string[];
  /** Undefined where the kind has none. */
  replicas?: number;
  selector: Record<string, string>;
}

export interface LivePod {
  name: string;
  labels: Record<string, string>;
  phase: string;
  serviceAccount: string;
  classes: string[];
  asksForToken: boolean;
  /** Client ids that the workload identity webhook wrote into its containers. */
  clientIds: string[];
}

export interface Warning {
  /** `Kind/name`. */
  about: string;
  reason: string;
  message: string;
  at: string;
}

/** The objects of one kind, or why they are not known. */
export function listed(inspected: readonly Inspected[], kind: string): Reading<KubeObject[]> {
  const found = inspected.find((one) => one.kind === kind);
  if (found === undefined) return { kind: 'unread', why: `${kind} was not asked for` };
  // its own `kind` is that of the objects
  return 'items' in found ? { kind: 'read', value: found.items } : { kind: 'unread', why: found.why };
}

/** A workload of the overlays or of the cluster. */
export function toWorkload(object: KubeObject): Workload {
  const spec = (object['spec'] ?? {}) as {
    replicas?: number;
    selector?: { matchLabels?: Record<string, string> };
    template?: { metadata?: KubeObject['metadata']; spec?: PodSpec };
    jobTemplate?: { spec?: { template?: { metadata?: KubeObject['metadata']; spec?: PodSpec } } };
  };
  const template = spec.template ?? spec.jobTemplate?.spec?.template ?? {};
  const scales = object.kind === 'Deployment' || object.kind === 'StatefulSet';
  return {
    kind: object.kind,
    name: object.metadata.name,
    ...ofPodSpec(template.spec),
    asksForToken: template.metadata?.labels?.[USE] === 'true',
    ...(scales && { replicas: spec.replicas ?? 1 }),
    selector: spec.selector?.matchLabels ?? {},
  };
}

export function toPod(object: KubeObject): LivePod {
  const spec = object['spec'] as PodSpec | undefined;
  const labels = object.metadata.labels ?? {};
  const env = (spec?.containers ?? []).flatMap((container) => container.env ?? []);
  return {
    name: object.metadata.name,
    labels,
    phase: (object['status'] as { phase?: string } | undefined)?.phase ?? 'Pending',
    ...ofPodSpec(spec),
    asksForToken: labels[USE] === 'true',
    clientIds: [...new Set(env.flatMap(({ name, value }) => (name === 'AZURE_CLIENT_ID' && value ? [value] : [])))],
  };
}

export function toWarning(object: KubeObject): Warning {
  const { involvedObject, reason, message, lastTimestamp, eventTime, series } = object as KubeObject & {
    involvedObject?: { kind?: string; name?: string };
    reason?: string;
    message?: string;
    lastTimestamp?: string;
    eventTime?: string;
    series?: { lastObservedTime?: string };
  };
  return {
    about: `${involvedObject?.kind ?? ''}/${involvedObject?.name ?? ''}`,
    reason: reason ?? '',
    message: toSafeLine(message ?? ''),
    at: series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? '',
  };
}

function ofPodSpec(spec: PodSpec | undefined): { serviceAccount: string; classes: string[] } {
  const classes = (spec?.volumes ?? []).flatMap(({ csi }) =>
    csi?.driver === DRIVER ? (csi.volumeAttributes?.secretProviderClass ?? []) : [],
  );
  return { serviceAccount: spec?.serviceAccountName ?? 'default', classes: [...new Set(classes)] };
}
