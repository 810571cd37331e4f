import type { InventoryEntry } from '../environment/model/record.ts';
import { isRecent } from './apply-action.ts';
import type { ApplyContext } from './apply.ts';
import { managedEntry, managedMark } from './field-manager.ts';
import { type TypeOfObject, isSecret, objectName } from './api/rest-mapping.ts';
import { listKind } from './list.ts';
import { type Metadata, metadataOf } from './api/object-meta.ts';
import { isOptional, sendApply } from './api/server-side-apply.ts';
import { forEachLimited } from './slots.ts';
import type { KubeObject } from '../environment/kube-object.ts';
import type { Drifted } from '../environment/ports/cluster.ts';

/**
 * Which objects are not as our last apply left them: by one metadata-only list per kind, and our managedFields entry in
 * it; Secrets, which nobody may list, by the answer of a dry run.
 */
export async function findDrift(
  context: ApplyContext,
  objects: KubeObject[],
  options: { namespace: string; known: InventoryEntry[] },
): Promise<Drifted[]> {
  const drifted = new Map<KubeObject, Drifted['why']>();
  const recorded = new Map(options.known.map((entry) => [keyOf(entry, entry.name), entry]));
  const groups = Map.groupBy(objects, ({ apiVersion, kind }) => `${apiVersion} ${kind}`);
  const looks = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    if (!isSecret(first)) return [() => lookAtKind(context, group, { ...options, recorded, drifted })];
    return group.map((object) => () => lookAtSecret(context, object, { ...options, drifted }));
  });
  await forEachLimited(looks, context.concurrency, (look) => look());
  return objects.flatMap((object) => {
    const why = drifted.get(object);
    return why === undefined ? [] : [{ object: objectName(object, options.namespace), why }];
  });
}

interface Look {
  namespace: string;
  drifted: Map<KubeObject, Drifted['why']>;
}

async function lookAtKind(
  { send, discovery }: ApplyContext,
  group: KubeObject[],
  { namespace, recorded, drifted }: Look & { recorded: Map<string, InventoryEntry> },
): Promise<void> {
  const [type] = group;
  if (!type) return;
  const resource = await discovery.resourceOf(type);
  const items =
    resource && (await listKind<{ metadata: Metadata }>(send, { type, resource, namespace, metadata: true }));
  const marks = new Map((items ?? []).map(({ metadata }) => [metadata.name, managedMark(metadata.managedFields)]));
  for (const object of group) {
    const { name } = object.metadata;
    // where the kind is not served, an apply would skip it
    if (!resource && isOptional(object)) continue;
    if (!marks.has(name)) drifted.set(object, 'missing');
    else {
      const before = recorded.get(keyOf(object, name))?.managed;
      if (before === undefined || before !== marks.get(name)) drifted.set(object, 'changed');
    }
  }
}

/** A dry run with an effect stamps our entry with now; one without leaves the old time there. */
async function lookAtSecret(
  { send, discovery }: ApplyContext,
  object: KubeObject,
  { namespace, drifted }: Look,
): Promise<void> {
  const resource = await discovery.resourceOf(object);
  if (!resource) return;
  const answer = await sendApply(send, object, { resource, namespace, dryRun: true });
  if (answer.status === 201) drifted.set(object, 'missing');
  else if (answer.status !== 200) drifted.set(object, 'changed');
  else {
    const { managedFields } = metadataOf(answer.body, objectName(object, namespace));
    if (isRecent(managedEntry(managedFields)?.time, answer.since)) drifted.set(object, 'changed');
  }
}

function keyOf({ apiVersion, kind }: TypeOfObject, name: string): string {
  return `${apiVersion} ${kind} ${name}`;
}
