import { ownerLabels } from '../environment/model/labels.ts';
import type { Cluster, KubeObject } from '../environment/ports/cluster.ts';
import { ProvisionerError } from '../errors.ts';
import { type Check, failedBy } from './check.ts';

/** Applies the whole overlay by dry run in a namespace of our own, which is made for it and deleted again. */
export async function checkDryRun(
  cluster: Pick<Cluster, 'createNamespace' | 'plan' | 'deleteNamespace' | 'readNamespace'>,
  { slug, namespace, objects }: { slug: string; namespace: string; objects: readonly KubeObject[] },
): Promise<Check[]> {
  const check = { name: 'overlays: dry run of every object', expected: 'the API server takes each one' };
  const own = objects.find(({ kind }) => kind === 'Namespace') ?? {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  };
  const labels = { ...own.metadata.labels, ...ownerLabels(slug) };
  // nobody else knows the name: there is no lease to outlive and no owner to ask for
  const made = await cluster.createNamespace({ ...own, metadata: { ...own.metadata, labels } }, () => undefined);
  if (made.kind === 'exists')
    throw new ProvisionerError('conflict', 'the namespace is there already', { object: namespace });
  const found = await tryPlan(cluster, { namespace, objects });
  const live = (await cluster.readNamespace(namespace)) ?? made.namespace;
  const { uid, resourceVersion } = live;
  const leftBehind = await cluster
    .deleteNamespace({ name: namespace, uid, resourceVersion }, () => undefined)
    .then(() => [])
    .catch((thrown: unknown) => [failedBy(thrown, { name: `Namespace/${namespace}`, expected: 'deleted again' })]);
  return [
    'error' in found ? failedBy(found.error, check) : { ...check, state: 'ok', found: `${found.count} objects` },
    ...leftBehind,
  ];
}

async function tryPlan(
  cluster: Pick<Cluster, 'plan'>,
  { namespace, objects }: { namespace: string; objects: readonly KubeObject[] },
): Promise<{ count: number } | { error: unknown }> {
  try {
    const within = objects.filter(({ kind }) => kind !== 'Namespace');
    return { count: (await cluster.plan(within, { namespace })).length };
  } catch (error) {
    return { error };
  }
}
