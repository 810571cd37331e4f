import type { InventoryEntry } from '../environment/model/record.ts';
import type { Discovery } from './discovery.ts';
import { isSecret, needsSpec, objectName } from './api/rest-mapping.ts';
import { listKind } from './list.ts';
import type { Before } from './apply-action.ts';
import { type Metadata, versionOf } from './api/object-meta.ts';
import type { Send } from './api/client.ts';
import { forEachLimited } from './slots.ts';
import type { KubeObject } from '../environment/kube-object.ts';

/**
 * What objects are before an apply, by name: one list per kind, of metadata alone where that suffices; Secrets, which
 * nobody may list, as recorded.
 */
export async function versionsBefore(
  { send, discovery, concurrency }: { send: Send; discovery: Discovery; concurrency: number },
  objects: KubeObject[],
  { namespace, known }: { namespace: string; known: InventoryEntry[] },
): Promise<Map<string, Before>> {
  const versions = new Map<string, Before>();
  for (const { resourceVersion, kind, name } of known) {
    if (resourceVersion) versions.set(objectName({ kind, metadata: { name } }, namespace), { resourceVersion });
  }
  const kinds = new Map(objects.filter((object) => !isSecret(object)).map((o) => [`${o.apiVersion} ${o.kind}`, o]));
  await forEachLimited([...kinds.values()], concurrency, async (type) => {
    const resource = await discovery.resourceOf(type);
    const target = resource && { type, resource, namespace, metadata: !needsSpec(type) };
    const items = target && (await listKind<{ metadata: Metadata }>(send, target));
    for (const item of items ?? []) {
      const name = objectName({ kind: type.kind, metadata: item.metadata }, namespace);
      versions.set(name, versionOf(item, name));
    }
  });
  return versions;
}
