import type { LiveNamespace } from '../environment/model/guards.ts';
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
  return [
    'error' in found ? failedBy(found.error, check) : { ...check, state: 'ok', found: `${found.count} objects` },
    ...(await takeAway(cluster, made.namespace)),
  ];
}

const TRIES = 3;

/** Deletes the namespace; says so where it stays: no sweep would ever find one that has no branch. */
async function takeAway(
  cluster: Pick<Cluster, 'deleteNamespace' | 'readNamespace'>,
  made: LiveNamespace,
): Promise<Check[]> {
  const { name, uid } = made;
  const object = `Namespace/${name}`;
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      // controllers label a new namespace meanwhile; where it can't be read, it may still be as it was made
      const { resourceVersion } = (await cluster.readNamespace(name).catch(() => undefined)) ?? made;
      if ((await cluster.deleteNamespace({ name, uid, resourceVersion }, () => undefined)) !== 'changed') return [];
    }
    throw new ProvisionerError('conflict', `${object} was changed each time it was to be deleted`, { object });
  } catch (thrown) {
    return [failedBy(thrown, { name: object, expected: 'deleted again' })];
  }
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
