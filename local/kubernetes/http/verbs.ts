import { writeGuard, checkName, checkPreconditions } from '../control/admission.ts';
import { type Body, applyObject, counted, withData, yielded } from '../objects/apply.ts';
import { alreadyExists, badRequest, forbidden, notFound } from './api-errors.ts';
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

export function create(world: World, write: Write, body: Body): Written {
  const { place } = write;
  checkName(place);
  writeGuard(world, write, body);
  const live = world.objects.get(place);
  if (live) throw alreadyExists(place, { deleted: live.metadata.deletionTimestamp !== undefined });
  checkSchema(world.models, body, place);
  const now = world.now();
  const assigned = newMetadata(place, now);
  const entry = entryFor(write, { fields: fieldsOf(body), now });
  const made = {
    ...body,
    metadata: { ...body.metadata, ...assigned, managedFields: [entry] },
  } as unknown as StoredObject;
  return { status: 201, object: store(world, write, withData(made)) };
}

export function apply(world: World, write: Write, body: Body): Written {
  const { place, query } = write;
  const name = query.get('fieldManager');
  if (!name) throw badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value');
  const live = world.objects.get(place);
  if (!live) checkName(place);
  writeGuard(world, write, body, live);
  checkSchema(world.models, body, place);
  const outcome = applyObject(live, body, {
    place,
    manager: { name, operation: 'Apply', force: query.get('force') === 'true' },
    now: world.now(),
  });
  const object = outcome.changed ? store(world, write, outcome.object) : outcome.object;
  return { status: outcome.created ? 201 : 200, object };
}

/** JSON merge patch, also for strategic merge: people and controllers change our objects by it. */
export function merge(world: World, write: Write, body: Body, subresource?: string): Written {
  const live = existing(world, write.place);
  writeGuard(world, write, body, live);
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
  return { status: 200, object: store(world, write, counted(live, merged)) };
}

export function remove(world: World, write: Write, body: Body | undefined): Written {
  const { place } = write;
  const live = world.objects.get(place);
  if (!live) throw notFound(place);
  writeGuard(world, write, undefined, live);
  if (place.kind.kind === 'Namespace' && ['default', 'kube-system', 'kube-public'].includes(place.name)) {
    throw forbidden(place, 'this namespace may not be deleted');
  }
  checkPreconditions(live, body, place);
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
