import { isDeepStrictEqual } from 'node:util';
import { type Metadata, type Version, managedEntry, versionOf } from './api/object-meta.ts';
import type { Answer, Send } from './api/client.ts';
import type { Action, InventoryEntry, KubeObject } from '../environment/ports/cluster.ts';
import { type Discovery, isSecret, needsSpec, objectName } from './api/rest-mapping.ts';
import { listKind } from './list.ts';
import { forEachLimited } from '../concurrency.ts';

/** What is known of an object before its apply: of a Secret the recorded version alone. */
export type Before = Pick<Version, 'resourceVersion'> & Partial<Version>;

/** Whether the call that was sent at `since` may have written a time into an object. */
export function isRecent(time: string | undefined, since: number | undefined): boolean {
  return time === undefined || since === undefined || Date.parse(time) > since;
}

/**
 * What an apply did. An effective one writes a new resourceVersion and stamps our managedFields entry with now; one
 * without effect writes nothing. So the same version before and after, or an old stamp, means unchanged. Just after
 * another apply of ours the stamp says nothing, and a controller may have written a status in between: then generation
 * (or spec, for kinds without one) and metadata tell.
 */
export function actionOf(applied: {
  object: KubeObject;
  answer: Pick<Answer, 'status' | 'since' | 'retried'>;
  before: Before | undefined;
  after: Version;
}): Action {
  const { object, answer, before, after } = applied;
  if (answer.status === 201) return 'created';
  if (before?.resourceVersion === after.resourceVersion) return 'unchanged';
  // an earlier try of this call made it, and its answer was lost
  if (answer.retried && !before && isRecent(after.creationTimestamp, answer.since)) return 'created';
  if (!isRecent(managedEntry(after.managedFields)?.time, answer.since)) return 'unchanged';
  return before && hadAll(object, before, after) ? 'unchanged' : 'configured';
}

/** Whether the object had our spec, fields, labels and annotations before; false where nobody knows. */
function hadAll(object: KubeObject, before: Before, after: Version): boolean {
  const counted = before.generation !== undefined;
  const known = counted || before.spec !== undefined;
  const same = counted ? before.generation === after.generation : isDeepStrictEqual(before.spec, after.spec);
  if (!known || !same) return false;
  const fields = [before, after].map((metadata) => JSON.stringify(managedEntry(metadata.managedFields)?.fieldsV1));
  return (
    fields[0] === fields[1] &&
    contains(before.labels, object.metadata.labels) &&
    contains(before.annotations, object.metadata.annotations)
  );
}

function contains(all: Record<string, string> | undefined, some: Record<string, string> | undefined): boolean {
  return Object.entries(some ?? {}).every(([key, value]) => all?.[key] === value);
}

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
