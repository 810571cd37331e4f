import type { KubeObject } from '../environment/ports/cluster.ts';

/**
 * Lists whose items the API server tells apart by these fields. `kubectl apply` takes two items of one key with a
 * warning; server-side apply refuses them. https://github.com/kubernetes/kubernetes/issues/113482
 */
const POD_LISTS = { containers: ['name'], initContainers: ['name'], volumes: ['name'], imagePullSecrets: ['name'] };
const POD_RARE_LISTS = { hostAliases: ['ip'], topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'] };
const CONTAINER_LISTS = {
  ports: ['containerPort', 'protocol'],
  env: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
};
const SERVICE_LISTS = { ports: ['port', 'protocol'] };

const DEFAULTS: Record<string, string> = { protocol: 'TCP' };

type Fields = Record<string, unknown>;

/** What an object lists twice, in words; only for kinds of Kubernetes itself: what a CRD allows is known to the cluster alone. */
export function findDuplicate(object: KubeObject): string | undefined {
  if (!['v1', 'apps/v1', 'batch/v1'].includes(object.apiVersion)) return undefined;
  if (object.kind === 'Service') return duplicateIn(object['spec'] as Fields | undefined, SERVICE_LISTS, 'spec');
  const at = podSpecOf(object);
  return (
    duplicateIn(at.spec, { ...POD_LISTS, ...POD_RARE_LISTS }, at.path) ??
    ['initContainers', 'containers']
      .flatMap((field) => listOf(at.spec, field).map((item) => ({ item, field })))
      .map(({ item, field }) => duplicateIn(item, CONTAINER_LISTS, `${at.path}.${field}[${String(item['name'])}]`))
      .find((words) => words !== undefined)
  );
}

/** Of an object without pods it finds nothing, as of a spec that is none. */
function podSpecOf(object: KubeObject): { spec: Fields | undefined; path: string } {
  const path: string[] =
    object.kind === 'Pod'
      ? ['spec']
      : object.kind === 'CronJob'
        ? ['spec', 'jobTemplate', 'spec', 'template', 'spec']
        : ['spec', 'template', 'spec'];
  const spec = path.reduce<unknown>((part, key) => (part as Fields | undefined)?.[key], object);
  return { spec: spec as Fields | undefined, path: path.join('.') };
}

function duplicateIn(fields: Fields | undefined, lists: Record<string, string[]>, path: string): string | undefined {
  for (const [list, keys] of Object.entries(lists)) {
    const seen = new Set<string>();
    for (const item of listOf(fields, list)) {
      const key = keys.map((name) => textOf(item[name] ?? DEFAULTS[name])).join('/');
      if (seen.has(key)) return `${path}.${list} holds ${key} twice`;
      seen.add(key);
    }
  }
  return undefined;
}

function listOf(fields: Fields | undefined, name: string): Fields[] {
  const list = fields?.[name];
  return Array.isArray(list) ? list.filter((item): item is Fields => typeof item === 'object' && item !== null) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
