import { ProvisionerError, toProvisionerError } from '../errors.ts';
import type { Applied, Change, InventoryEntry, KubeObject, WriteGuard } from '../environment/ports/cluster.ts';
import { type Before, actionOf, versionsBefore } from './apply-action.ts';
import { managedMark, versionOf } from './api/object-meta.ts';
import { type Replicas, createReplicas } from './replicas.ts';
import { removeToRemake } from './recreate.ts';
import {
  type ApplyContext,
  isOptional,
  nameIn,
  refusedBy,
  sendApply,
  unserved,
  wouldBeCreated,
} from './api/server-side-apply.ts';
import type { Answer, Send } from './api/client.ts';
import type { Resource } from './api/rest-mapping.ts';
import { releaseDefaults } from './release-defaults.ts';
import { forEachLimited } from '../concurrency.ts';
import { fieldsOf, immutableFields, statusOf } from './api/status.ts';

export interface ApplyOptions {
  namespace: string;
  fresh: boolean;
  known: InventoryEntry[];
  writeGuard: WriteGuard;
}

/** Failures that the next object would meet too. */
const COMMON_FAILURES = new Set(['gone', 'terminating', 'lease-lost', 'unavailable', 'settings']);

/** Applies side by side and says what became of each object; the first failure comes with the change set. */
export async function applyObjects(
  context: ApplyContext,
  objects: KubeObject[],
  options: ApplyOptions,
): Promise<Applied> {
  const changes = new Map<KubeObject, Change>();
  const inventory = new Map<KubeObject, InventoryEntry>();
  let error: ProvisionerError | undefined;
  let stopped: ProvisionerError | undefined;

  function fail(object: KubeObject, thrown: unknown): void {
    const failure = toProvisionerError(thrown);
    error ??= failure;
    if (COMMON_FAILURES.has(failure.code)) stopped ??= failure;
    changes.set(object, { object: nameIn(object, options), action: 'unknown', reason: failure.message });
    const known = knownEntry(object, options.known);
    if (known) inventory.set(object, known);
    // without an answer it may exist now, and what may exist must stay in the inventory
    else if (failure.code === 'unavailable') inventory.set(object, entryOf(object));
  }

  const looked = options.fresh ? Promise.resolve(new Map<string, Before>()) : versionsBefore(context, objects, options);
  const before = await looked.catch((thrown: unknown) => {
    error = stopped = toProvisionerError(thrown);
    return new Map<string, Before>();
  });
  const replicas = createReplicas(context, options.namespace);
  await forEachLimited(objects, context.concurrency, async (object) => {
    const name = nameIn(object, options);
    if (stopped) {
      const known = knownEntry(object, options.known);
      if (known) inventory.set(object, known);
      changes.set(object, { object: name, action: 'skipped', reason: `not tried after a failure: ${stopped.message}` });
      return;
    }
    try {
      const done = await applyOne(context, object, { ...options, replicas, before: before.get(name) });
      changes.set(object, done.change);
      if (done.entry) inventory.set(object, done.entry);
    } catch (thrown) {
      fail(object, thrown);
    }
  });
  return {
    changes: objects.flatMap((object) => changes.get(object) ?? []),
    inventory: objects.flatMap((object) => inventory.get(object) ?? []),
    ...(error && { error }),
  };
}

async function applyOne(
  { send, discovery }: ApplyContext,
  object: KubeObject,
  options: ApplyOptions & { before: Before | undefined; replicas: Replicas },
): Promise<{ change: Change; entry?: InventoryEntry }> {
  const name = nameIn(object, options);
  const resource = await discovery.resourceOf(object);
  const sent = await options.replicas.toSend(object, options.before?.managedFields);
  let answer = resource && (await sendApply(send, sent, { ...options, resource }));
  if (!resource || !answer || answer.status === 404) {
    if (!isOptional(object)) throw unserved(name, object);
    return { change: { object: name, action: 'skipped', reason: unserved(name, object).message } };
  }
  let fields: string | undefined;
  if (answer.status === 422) ({ answer, fields } = await overcome(send, sent, { ...options, resource, answer }));
  const after = versionOf(answer.body, name);
  const managed = managedMark(after.managedFields);
  const change: Change =
    fields === undefined
      ? { object: name, action: actionOf({ object, answer, before: options.before, after }) }
      : { object: name, action: 'configured', reason: `made again: ${fields} can not be changed` };
  return {
    change,
    entry: { ...entryOf(object), resourceVersion: after.resourceVersion, ...(managed !== undefined && { managed }) },
  };
}

/**
 * The API server refused the object. If it would create it from scratch, what exists is in the way: first what the server
 * itself had filled in, then the object as a whole, which is made again if that loses no data.
 */
async function overcome(
  send: Send,
  object: KubeObject,
  options: ApplyOptions & { resource: Resource; answer: Answer },
): Promise<{ answer: Answer; fields?: string }> {
  const name = nameIn(object, options);
  const status = statusOf(options.answer.body);
  const isImmutable = immutableFields(422, status) !== undefined;
  if (!isImmutable && !(await wouldBeCreated(send, object, options))) throw refusedBy(options.answer, object, name);
  if (!isImmutable && (await releaseDefaults(send, object, options))) {
    const answer = await sendApply(send, object, options);
    if (answer.status !== 422) return { answer };
  }
  const fields = fieldsOf(status);
  await removeToRemake(send, object, { ...options, fields });
  const answer = await sendApply(send, object, options);
  if (answer.status === 422) {
    throw new ProvisionerError('conflict', `${name}: the old one is still being deleted`, { object: name });
  }
  return { answer, fields };
}

function entryOf({ apiVersion, kind, metadata }: KubeObject): InventoryEntry {
  return { apiVersion, kind, name: metadata.name };
}

function knownEntry(object: KubeObject, known: InventoryEntry[]): InventoryEntry | undefined {
  return known.find(
    (entry) =>
      entry.apiVersion === object.apiVersion && entry.kind === object.kind && entry.name === object.metadata.name,
  );
}
