import { checkName, checkNamespace, checkPreconditions } from '../control/admission.ts';
import { checkRights } from '../control/authorization.ts';
import { type Body, applyObject, counted, withData, yielded } from '../objects/apply.ts';
import { ApiFault, alreadyExists, badRequest, forbidden, notFound } from './api-errors.ts';
import { fieldsOf, isFields } from '../objects/fields.ts';
import { apiVersionOf, kindOf } from '../objects/kinds.ts';
import {
  type FieldSet,
  type ManagedFields,
  type Objects,
  type Place,
  type StoredObject,
  newMetadata,
  serverTime,
} from '../objects/objects.ts';
import { checkSchema } from '../objects/schema.ts';
import type { World, Write, Written } from '../objects/write.ts';
import { admit } from '../policies/admit.ts';
import type { Operation } from '../policies/policy.ts';

export function create(world: World, write: Write, body: Body): Written {
  const { place } = write;
  checkName(place);
  checkNamespace(world.objects, place);
  const now = world.now();
  const assigned = newMetadata(place, now);
  const entry = entryFor(write, { fields: fieldsOf(body), now });
  const made = {
    ...body,
    metadata: { ...body.metadata, ...assigned, managedFields: [entry] },
  } as unknown as StoredObject;
  admit(world, write, { operation: 'CREATE', object: made });
  const live = world.objects.get(place);
  if (live) throw alreadyExists(place, { deleted: live.metadata.deletionTimestamp !== undefined });
  checkSchema(world.models, body, place);
  return { status: 201, object: store(world, write, withData(made)) };
}

export function apply(world: World, write: Write, body: Body): Written {
  const { place, query } = write;
  const name = query.get('fieldManager');
  if (!name) throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value');
  const live = world.objects.get(place);
  if (!live) {
    // what is not there is made, which is a right of its own
    checkRights(world.objects, { ...write.attempt, verb: 'create' });
    checkName(place);
    checkNamespace(world.objects, place);
  }
  checkSchema(world.models, body, place);
  const outcome = applyObject(live, body, {
    place,
    manager: { name, operation: 'Apply', force: query.get('force') === 'true' },
    now: world.now(),
  });
  admit(world, write, { operation: live ? 'UPDATE' : 'CREATE', object: outcome.object, oldObject: live });
  const object = outcome.changed ? store(world, write, outcome.object) : outcome.object;
  return { status: outcome.created ? 201 : 200, object };
}

/** JSON merge patch, also for strategic merge: people and controllers change our objects by it. */
export function merge(world: World, write: Write, body: Body): Written {
  const { subresource } = write.attempt;
  const live = existing(world, write.place);
  const patch = subresource === 'status' ? { status: body['status'] } : body;
  const merged = mergeInto(live, patch) as StoredObject;
  const name = write.query.get('fieldManager') ?? 'unknown';
  const others = (live.metadata.managedFields ?? []).filter(
    ({ manager, operation }) => manager !== name || operation !== 'Update',
  );
  // whoever changes a field owns it from then on: the other entries lose it and keep their times
  const left = yielded({ base: live, body: patch, entries: others, force: true });
  const entry = entryFor(write, { fields: fieldsOf(patch), now: world.now() });
  merged.metadata = {
    ...merged.metadata,
    managedFields: [...left, { ...entry, ...(subresource && { subresource }) }],
  };
  admit(world, write, { operation: 'UPDATE', object: merged, oldObject: live });
  return { status: 200, object: store(world, write, counted(live, merged)) };
}

export function remove(world: World, write: Write, body: Body | undefined): Written {
  const { place } = write;
  const live = world.objects.get(place);
  if (!live) throw notFound(place);
  if (place.kind.kind === 'Namespace' && ['default', 'kube-system', 'kube-public'].includes(place.name)) {
    throw forbidden(place, 'this namespace may not be deleted');
  }
  checkPreconditions(live, body, place);
  admit(world, write, { operation: 'DELETE', oldObject: live });
  if (place.kind.kind !== 'Namespace') {
    if (!write.dryRun) world.objects.remove(place);
    return { status: 200, object: live };
  }
  if (live.metadata.deletionTimestamp) return { status: 200, object: live };
  const ending = {
    ...live,
    metadata: { ...live.metadata, deletionTimestamp: serverTime(world.now()) },
    status: { phase: 'Terminating' },
  };
  return { status: 200, object: store(world, write, ending) };
}

/** Deletes what is in a collection; the policies are asked about each object. */
export function removeAll(world: World, write: Write): Written {
  const { kind, namespace } = write.place;
  const found = world.objects.list(kind, namespace);
  for (const live of found) admit(world, write, { operation: 'DELETE', oldObject: live });
  for (const { metadata } of found) {
    if (!write.dryRun) world.objects.remove({ ...write.place, name: metadata.name });
  }
  const metadata = { resourceVersion: world.objects.version() };
  return {
    status: 200,
    object: { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata } as StoredObject,
  };
}

/** Part of an object of which nothing is served but what the policies say of it. */
export function writePart(world: World, write: Write, body: object, operation: Operation): never {
  admit(world, write, { operation, object: body, oldObject: world.objects.get(write.place) });
  throw new ApiFault(501, `the stand-in serves no ${write.attempt.subresource}`);
}

export function existing({ objects }: World, place: Place): StoredObject {
  const live = objects.get(place);
  if (live) return live;
  throw notFound(place);
}

function store({ objects, behaviour }: World, { place, dryRun }: Write, object: StoredObject): StoredObject {
  if (dryRun) {
    const { resourceVersion, ...metadata } = object.metadata;
    return resourceVersion ? object : ({ ...object, metadata } as StoredObject);
  }
  const isNew = !objects.get(place);
  const stored = objects.put(place, object);
  behaviour.clocks.since(stored);
  return isNew && place.kind.kind === 'Namespace' ? furnish(objects, place, stored) : stored;
}

/** What the API server and the controllers put into every new namespace. */
function furnish(objects: Objects, place: Place, namespace: StoredObject): StoredObject {
  const { metadata } = namespace;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': place.name };
  for (const [kind, name] of Object.entries({ ConfigMap: 'kube-root-ca.crt', ServiceAccount: 'default' })) {
    const inside = { kind: kindOf('v1', kind), namespace: place.name, name };
    const assigned = newMetadata(inside, Date.parse(metadata.creationTimestamp));
    objects.put(inside, { apiVersion: 'v1', kind, metadata: assigned });
  }
  const status = { phase: 'Active' };
  return objects.put(place, {
    ...namespace,
    metadata: { ...metadata, labels },
    spec: { finalizers: ['kubernetes'] },
    status,
  });
}

function entryFor({ place, query }: Write, { fields, now }: { fields: FieldSet; now: number }): ManagedFields {
  return {
    manager: query.get('fieldManager') ?? 'unknown',
    operation: 'Update',
    apiVersion: apiVersionOf(place.kind),
    time: serverTime(now),
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
  };
}

function mergeInto(base: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Record<string, unknown> = isFields(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergeInto(merged[key], value);
  }
  return merged;
}
