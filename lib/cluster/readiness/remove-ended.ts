import type { Change, InventoryEntry, WriteGuard } from '../../environment/ports/cluster.ts';
import type { Send } from '../api/client.ts';
import type { LiveObject } from '../api/object-meta.ts';
import { type Discovery, objectName, pathOf } from '../api/rest-mapping.ts';
import { removeObject } from '../delete.ts';
import { listKind } from '../list.ts';
import { conditionOf } from './reading.ts';

/** Deletes failed Jobs and bare pods, by the uid read when they were found failed: applied unchanged they stay failed. */
export async function removeEnded(
  { send, discovery }: { send: Send; discovery: Discovery },
  entries: readonly InventoryEntry[],
  options: { namespace: string; labels: Record<string, string>; writeGuard: WriteGuard },
): Promise<Change[]> {
  const changes: Change[] = [];
  const { namespace } = options;
  for (const [, group] of Map.groupBy(entries, ({ apiVersion, kind }) => `${apiVersion} ${kind}`)) {
    const [type] = group;
    const resource = type && (await discovery.resourceOf(type));
    if (!type || !resource) continue;
    const live = (await listKind<LiveObject>(send, { type, resource, namespace })) ?? [];
    for (const { name } of group) {
      const found = live.find(({ metadata }) => metadata.name === name);
      if (found === undefined || !hasFailed(found)) continue;
      const removed = await removeObject(send, { type, resource, namespace, name }, options);
      if (removed.state === 'kept') continue;
      changes.push({ object: objectName({ kind: type.kind, metadata: { name } }, namespace), action: 'deleted' });
    }
  }
  return changes;
}

function hasFailed(object: LiveObject): boolean {
  return conditionOf(object, 'Failed')?.status === 'True' || object.status?.['phase'] === 'Failed';
}

/** Deletes one pod of a StatefulSet, which makes it again of its newest template. */
export async function deletePod(
  send: Send,
  { namespace, name, uid }: { namespace: string; name: string; uid: string },
  writeGuard: WriteGuard,
): Promise<'deleted' | 'absent' | 'changed'> {
  const object = objectName({ kind: 'Pod', metadata: { name } }, namespace);
  const { status } = await send({
    method: 'DELETE',
    path: pathOf({ resource: { root: '/api/v1', plural: 'pods', namespaced: true }, namespace, name }),
    body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } },
    object,
    expect: [404, 409],
    writeGuard,
  });
  if (status === 404) return 'absent';
  return status === 409 ? 'changed' : 'deleted';
}
