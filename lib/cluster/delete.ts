import { ProvisionerError, toProvisionerError } from '../errors.ts';
import { type Metadata, managedEntry, metadataOf } from './api/object-meta.ts';
import { type Resource, type TypeOfObject, applyQuery, isSecret, objectName, pathOf } from './api/rest-mapping.ts';
import { METADATA, type Send } from './api/client.ts';
import type { Change, InventoryEntry, Pruned, WriteGuard } from '../environment/ports/cluster.ts';
import { forEachLimited } from '../concurrency.ts';
import type { ApplyContext } from './api/server-side-apply.ts';

/** `disabled` keeps an object; only `enabled` lets a claim be deleted. Renaming it deletes what users wanted to keep. */
const PRUNE = 'feature-branch-provisioner/prune';

/** A dry run by this manager shows an object's metadata to a principal that may apply but not read it. */
const PROBE_MANAGER = 'feature-branch-provisioner-probe';

/** Reads and deletes up to this many times: a controller may write a status between the two. */
const TRIES = 4;

export interface RemovalTarget {
  type: TypeOfObject;
  resource: Resource;
  namespace: string;
  name: string;
}

/** Why an object is not ours to delete; undefined where it is. The default is no. */
function guardRemoval(
  live: Metadata,
  { namespace, labels, isClaim }: { namespace: string; labels: Record<string, string>; isClaim: boolean },
): string | undefined {
  if (live.namespace !== namespace) return `it lies outside the namespace ${namespace}`;
  const missing = Object.entries(labels).find(([key, value]) => live.labels?.[key] !== value);
  if (missing) return `it does not carry the label ${missing.join('=')}`;
  if (!managedEntry(live.managedFields)) return 'no field of it is of our apply any more';
  const [owner] = live.ownerReferences ?? [];
  if (owner) return `it belongs to ${owner.kind}/${owner.name}`;
  const prune = live.annotations?.[PRUNE];
  if (isClaim && prune !== 'enabled') return `it holds data: annotate it with ${PRUNE}: enabled to have it deleted`;
  return prune === 'disabled' ? `it is annotated ${PRUNE}: disabled` : undefined;
}

function isClaim({ apiVersion, kind }: TypeOfObject): boolean {
  return apiVersion === 'v1' && kind === 'PersistentVolumeClaim';
}

export type Removed = { state: 'deleted' | 'absent' } | { state: 'kept'; reason: string };

/** Deletes one object by the uid and version it had when it was found to be ours. */
export async function removeObject(
  send: Send,
  target: RemovalTarget,
  { labels, writeGuard }: { labels: Record<string, string>; writeGuard: WriteGuard },
): Promise<Removed> {
  const object = objectName({ kind: target.type.kind, metadata: target }, target.namespace);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const live = await readMetadata(send, target);
    if (!live) return { state: 'absent' };
    const reason = guardRemoval(live, { namespace: target.namespace, labels, isClaim: isClaim(target.type) });
    if (reason !== undefined) return { state: 'kept', reason };
    const { uid, resourceVersion } = live;
    const { status } = await send({
      method: 'DELETE',
      path: pathOf(target),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid, resourceVersion },
        propagationPolicy: 'Background',
      },
      accept: METADATA,
      object,
      secret: isSecret(target.type),
      expect: [404, 409],
      writeGuard,
    });
    if (status !== 409) return { state: status === 404 ? 'absent' : 'deleted' };
  }
  throw new ProvisionerError('conflict', `${object}: it kept changing while it was deleted`, { object });
}

/** The metadata of an object as it is; of a Secret, which nobody of ours may read, by a dry run that changes nothing. */
async function readMetadata(send: Send, target: RemovalTarget): Promise<Metadata | undefined> {
  const { apiVersion, kind } = target.type;
  const object = objectName({ kind, metadata: target }, target.namespace);
  const path = pathOf(target);
  if (!isSecret(target.type)) {
    const { status, body } = await send({ method: 'GET', path, accept: METADATA, object, expect: [404] });
    return status === 404 ? undefined : metadataOf(body, object);
  }
  const { status, body } = await send({
    method: 'PATCH',
    path: path + applyQuery({ dryRun: true, manager: PROBE_MANAGER }),
    body: { apiVersion, kind, metadata: { name: target.name } },
    accept: METADATA,
    object,
    secret: true,
    expect: [404],
  });
  // 201: the dry run would have made it, so it is not there
  return status === 404 || status === 201 ? undefined : metadataOf(body, object);
}

/** Deletes what the entries name, side by side; a failure of one does not keep the others from it. */
export async function pruneObjects(
  context: ApplyContext,
  entries: InventoryEntry[],
  options: { namespace: string; labels: Record<string, string>; writeGuard: WriteGuard },
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
  options: { namespace: string; labels: Record<string, string>; writeGuard: WriteGuard },
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
