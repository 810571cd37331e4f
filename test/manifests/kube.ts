import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

/** The parts of the kinds in manifests/ that the tests look at. */
export interface Container {
  name: string;
  image: string;
  command?: string[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: KeyRef; configMapKeyRef?: KeyRef } }[];
  ports?: { name: string; containerPort: number }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  [field: string]: unknown;
}

interface KeyRef {
  name: string;
  key: string;
}

interface Volume {
  name: string;
  configMap?: { name: string };
  secret?: { secretName: string };
  persistentVolumeClaim?: { claimName: string };
  csi?: { driver: string; volumeAttributes: { secretProviderClass: string } };
  emptyDir?: object;
}

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    serviceAccountName?: string;
    automountServiceAccountToken?: boolean;
    terminationGracePeriodSeconds?: number;
    securityContext: Record<string, unknown>;
    containers: Container[];
    initContainers?: Container[];
    volumes: Volume[];
  };
}

export interface Workload {
  kind: string;
  name: string;
  replicas: number | undefined;
  selector: Record<string, string> | undefined;
  template: PodTemplate;
  claims: { metadata: { name: string }; spec: { resources: { requests: { storage: string } } } }[];
  serviceName: string | undefined;
}

export function ofKind<Spec = Record<string, unknown>>(
  objects: KubeObject[],
  kind: string,
): (KubeObject & { spec: Spec })[] {
  return objects.filter((object) => object.kind === kind) as (KubeObject & { spec: Spec })[];
}

interface WorkloadSpec {
  replicas?: number;
  selector: { matchLabels: Record<string, string> };
  template: PodTemplate;
  volumeClaimTemplates?: Workload['claims'];
  serviceName?: string;
}

/** Everything that makes pods. */
export function workloadsOf(objects: KubeObject[]): Workload[] {
  const running = ['Deployment', 'StatefulSet'].flatMap((kind) => ofKind<WorkloadSpec>(objects, kind));
  const scheduled = ofKind<{ jobTemplate: { spec: { template: PodTemplate } } }>(objects, 'CronJob');
  return [
    ...running.map(({ kind, metadata, spec }) => ({
      kind,
      name: metadata.name,
      replicas: spec.replicas,
      selector: spec.selector.matchLabels,
      template: spec.template,
      claims: spec.volumeClaimTemplates ?? [],
      serviceName: spec.serviceName,
    })),
    ...scheduled.map(({ kind, metadata, spec }) => ({
      kind,
      name: metadata.name,
      replicas: 1,
      selector: undefined,
      template: spec.jobTemplate.spec.template,
      claims: [],
      serviceName: undefined,
    })),
  ];
}

export function workload(objects: KubeObject[], name: string): Workload {
  const found = workloadsOf(objects).find((each) => each.name === name);
  if (found === undefined) throw new Error(`no workload ${name}`);
  return found;
}

export function container(objects: KubeObject[], name: string): Container {
  const found = workloadsOf(objects)
    .flatMap(({ template }) => template.spec.containers)
    .find((each) => each.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

export function envOf({ env = [] }: Container): Record<string, string | undefined> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

export function matches(selector: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

const UNITS: Record<string, number> = { m: 1e-3, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, '': 1 };

/** A Kubernetes quantity as a number. */
export function quantity(text: string): number {
  const [, digits, unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (digits === undefined || factor === undefined) throw new Error(`no quantity: ${text}`);
  return Number(digits) * factor;
}
