import type { KubeObject } from '../environment/peers.ts';
import type { InventoryEntry } from '../environment/record.ts';
import type { Discovery } from './discovery.ts';
import { isSecret, objectName } from './kinds.ts';
import { listKind } from './list.ts';
import type { Before } from './action.ts';
import type { Metadata } from './metadata.ts';
import type { Send } from './request.ts';
import { forEachLimited } from './slots.ts';

/** What objects are before an apply, by name: one metadata-only list per kind; Secrets, which nobody may list, as recorded. */
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
    const target = resource && { type, resource, namespace, metadata: true };
    const items = target && (await listKind<{ metadata: Metadata }>(send, target));
    for (const { metadata } of items ?? []) {
      versions.set(objectName({ kind: type.kind, metadata }, namespace), metadata);
    }
  });
  return versions;
}
