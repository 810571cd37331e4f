import type { InventoryEntry } from '../environment/model/record.ts';
import { type ProvisionerError, toProvisionerError } from '../errors.ts';
import type { ApplyContext } from './apply.ts';
import { objectName } from './api/rest-mapping.ts';
import { removeObject } from './delete.ts';
import { forEachLimited } from './slots.ts';
import type { Admit, Change, Pruned } from '../environment/ports/cluster.ts';

/** Deletes what the entries name, side by side; a failure of one does not keep the others from it. */
export async function pruneObjects(
  context: ApplyContext,
  entries: InventoryEntry[],
  options: { namespace: string; labels: Record<string, string>; admit: Admit },
): Promise<Pruned> {
  const done = new Map<InventoryEntry, Change>();
  const left = new Set<InventoryEntry>();
  let error: ProvisionerError | undefined;
  await forEachLimited(entries, context.concurrency, async (entry) => {
    try {
      done.set(entry, await pruneOne(context, entry, options));
    } catch (thrown) {
      const failure = toProvisionerError(thrown);
      error ??= failure;
      left.add(entry);
      done.set(entry, { object: nameOf(entry, options), action: 'unknown', reason: failure.message });
    }
  });
  return {
    changes: entries.flatMap((entry) => done.get(entry) ?? []),
    left: entries.filter((entry) => left.has(entry)),
    ...(error && { error }),
  };
}

async function pruneOne(
  { send, discovery }: ApplyContext,
  entry: InventoryEntry,
  options: { namespace: string; labels: Record<string, string>; admit: Admit },
): Promise<Change> {
  const object = nameOf(entry, options);
  const resource = await discovery.resourceOf(entry);
  // its objects went with the kind
  if (!resource) return { object, action: 'deleted', reason: 'the cluster does not serve its kind any more' };
  if (!resource.namespaced) return { object, action: 'skipped', reason: 'it lies in no namespace' };
  const target = { type: entry, resource, namespace: options.namespace, name: entry.name };
  const removed = await removeObject(send, target, options);
  if (removed.state === 'kept') return { object, action: 'skipped', reason: removed.reason };
  return { object, action: 'deleted', ...(removed.state === 'absent' && { reason: 'it was gone already' }) };
}

function nameOf({ kind, name }: InventoryEntry, { namespace }: { namespace: string }): string {
  return objectName({ kind, metadata: { name } }, namespace);
}
