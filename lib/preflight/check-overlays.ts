import type { Send } from '../cluster/api/client.ts';
import type { Discovery } from '../cluster/api/rest-mapping.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';
import type { Right } from './check-cluster.ts';
import { type Check, failed, judge, skipped } from './check.ts';

const OPTIONAL = 'feature-branch-provisioner/optional';
const WRITES = ['get', 'list', 'create', 'patch', 'delete'];
/** Nobody of ours reads a Secret. */
const SECRET_WRITES = ['create', 'patch', 'delete'];

export interface Kinds {
  checks: Check[];
  rights: Right[];
}

/** Whether the cluster serves each kind that the overlays hold, and the rights that each of them takes. */
export async function checkKinds(objects: readonly KubeObject[], discovery: Discovery): Promise<Kinds> {
  const kinds = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const key = `${object.apiVersion} ${object.kind}`;
    kinds.set(key, [...(kinds.get(key) ?? []), object]);
  }
  const checks: Check[] = [];
  const rights: Right[] = [];
  for (const [key, ofKind] of [...kinds].sort(([one], [other]) => one.localeCompare(other))) {
    const [first] = ofKind;
    if (first === undefined) continue;
    const resource = await discovery.resourceOf(first);
    const isOptional = ofKind.every(({ metadata }) => metadata.annotations?.[OPTIONAL] === 'true');
    const check = { name: `kind: ${key}`, expected: 'served by the cluster' };
    if (resource === undefined) {
      const fix = `install the CRD of ${key}, or annotate its objects ${OPTIONAL}: "true"`;
      checks.push(
        isOptional
          ? skipped({ ...check, found: 'not served; its objects are optional' })
          : failed({ ...check, found: 'not served', fix }),
      );
      continue;
    }
    checks.push({ ...check, state: 'ok', found: 'served' });
    if (first.kind === 'Namespace') continue;
    const [, , group = ''] = resource.root.startsWith('/apis/') ? resource.root.split('/') : [];
    const right = { group, resource: resource.plural };
    if (key === 'v1 Secret')
      rights.push(...ofKind.map(({ metadata }) => ({ ...right, verbs: SECRET_WRITES, name: metadata.name })));
    else rights.push({ ...right, verbs: WRITES });
  }
  return { checks, rights };
}

interface Named {
  kind: string;
  name: string;
  path: string;
}

/** Whether each class, and each Gateway of another namespace, that the overlays name is there. */
export async function checkNamed(objects: readonly KubeObject[], send: Send): Promise<Check[]> {
  const named = new Map(objects.flatMap(namedBy).map((one) => [`${one.kind} ${one.name}`, one]));
  return Promise.all(
    [...named.values()].map(async ({ kind, name, path }): Promise<Check> => {
      const check = { name: `named by the overlays: ${kind} ${name}`, expected: 'there' };
      const { status } = await send({ method: 'GET', path, object: `${kind}/${name}`, expect: [403, 404] });
      if (status === 403) return skipped({ ...check, found: `the provisioner may not read a ${kind}` });
      return judge(status < 300, {
        ...check,
        found: status < 300 ? 'there' : 'not there',
        fix: `install it, or name another in the overlay (defaults.env, or the OVERLAY_ setting)`,
      });
    }),
  );
}

interface Spec {
  storageClassName?: string;
  ingressClassName?: string;
  volumeClaimTemplates?: { spec?: Spec }[];
  parentRefs?: { kind?: string; name?: string; namespace?: string }[];
}

function namedBy(object: KubeObject): Named[] {
  const spec = (object as { spec?: Spec }).spec ?? {};
  const claims = [spec, ...(spec.volumeClaimTemplates ?? []).map((claim) => claim.spec ?? {})];
  const storage = claims.flatMap(({ storageClassName: name }) =>
    name === undefined || name === ''
      ? []
      : [{ kind: 'StorageClass', name, path: `/apis/storage.k8s.io/v1/storageclasses/${name}` }],
  );
  const ingress =
    object.kind === 'Ingress' && spec.ingressClassName !== undefined
      ? [
          {
            kind: 'IngressClass',
            name: spec.ingressClassName,
            path: `/apis/networking.k8s.io/v1/ingressclasses/${spec.ingressClassName}`,
          },
        ]
      : [];
  const gateways = (spec.parentRefs ?? []).flatMap(({ kind = 'Gateway', name, namespace }) =>
    kind !== 'Gateway' || name === undefined || namespace === undefined || namespace === object.metadata.namespace
      ? []
      : [
          {
            kind,
            name: `${namespace}/${name}`,
            path: `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/gateways/${name}`,
          },
        ],
  );
  return [...storage, ...ingress, ...gateways];
}

interface Container {
  name: string;
  image?: string;
  readinessProbe?: unknown;
  livenessProbe?: unknown;
  resources?: { requests?: Record<string, string> };
}

/** What AKS Automatic's deployment safeguards want of every pod: probes, a tag other than latest, requests. */
export function findUnsafe(objects: readonly KubeObject[]): string[] {
  return objects.flatMap((object) => {
    const isLasting = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(object.kind);
    return containersOf(object).flatMap(({ name, image = '', readinessProbe, livenessProbe, resources }) => {
      const tag = /:([\w][\w.-]*)$/.exec(image)?.[1];
      const { cpu, memory } = resources?.requests ?? {};
      const missing = [
        isLasting && readinessProbe === undefined && 'no readiness probe',
        isLasting && livenessProbe === undefined && 'no liveness probe',
        !image.includes('@sha256:') && (tag === undefined || tag === 'latest') && 'an image without a tag of its own',
        (cpu === undefined || memory === undefined) && 'no requests of CPU and memory',
      ].filter((one) => one !== false);
      return missing.length === 0 ? [] : [`${object.kind}/${object.metadata.name}, ${name}: ${missing.join(', ')}`];
    });
  });
}

function containersOf(object: KubeObject): Container[] {
  const { spec } = object as { spec?: { template?: PodTemplate; jobTemplate?: { spec?: { template?: PodTemplate } } } };
  return (spec?.template ?? spec?.jobTemplate?.spec?.template)?.spec?.containers ?? [];
}

interface PodTemplate {
  spec?: { containers?: Container[] };
}

/** Where the cluster has safeguards, what they would refuse fails; elsewhere it is told. */
export function checkSafeguards(objects: readonly KubeObject[], hasSafeguards: boolean): Check {
  const unsafe = findUnsafe(objects);
  const check = {
    name: "overlays: AKS Automatic's safeguards",
    expected: 'probes, a tag other than latest, requests of CPU and memory',
  };
  if (unsafe.length === 0) return { ...check, state: 'ok', found: 'every container has them' };
  const found = unsafe.join('; ');
  if (!hasSafeguards)
    return skipped({ ...check, found: `this cluster has no safeguards; they would refuse: ${found}` });
  return failed({ ...check, found, fix: 'add what is missing to the overlay, build and deploy' });
}
