import { isDeepStrictEqual } from 'node:util';
import { conflict, fieldConflict, invalid } from '../http/api-errors.ts';
import { fieldsOf, has, leavesOf, read, without, write } from './fields.ts';
import { apiVersionOf } from './kinds.ts';
import { type ManagedFields, type Place, type StoredObject, newMetadata, serverTime } from './objects.ts';

export type Body = Record<string, unknown> & { metadata: { name: string } & Record<string, unknown> };

export interface Manager {
  name: string;
  operation: ManagedFields['operation'];
  force: boolean;
}

export interface Outcome {
  object: StoredObject;
  created: boolean;
  changed: boolean;
}

/** Server-side apply: the object that results, whether it is new, and whether anything changed. */
export function applyObject(
  live: StoredObject | undefined,
  body: Body,
  about: { place: Place; manager: Manager; now: number },
): Outcome {
  const { place, manager, now } = about;
  checkUid(live, body, place);
  const base = live ?? {
    apiVersion: apiVersionOf(place.kind),
    kind: place.kind.kind,
    metadata: newMetadata(place, now),
  };
  const fields = fieldsOf(body);
  const entries = base.metadata.managedFields ?? [];
  const mine = entries.find((entry) => entry.manager === manager.name && entry.operation === manager.operation);
  const others = yielded({ base, body, entries: entries.filter((entry) => entry !== mine), force: manager.force });

  let merged: Record<string, unknown> = base;
  for (const leaf of leavesOf(mine?.fieldsV1 ?? {})) {
    const kept = has(fields, leaf) || others.some((entry) => has(entry.fieldsV1, leaf));
    if (!kept) merged = write(merged, leaf, undefined);
  }
  for (const leaf of leavesOf(fields)) merged = write(merged, leaf, read(body, leaf));
  const entry: ManagedFields = {
    manager: manager.name,
    operation: manager.operation,
    apiVersion: apiVersionOf(place.kind),
    time: mine?.time ?? serverTime(now),
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
  };
  const object = withData(merged as StoredObject);
  object.metadata = { ...object.metadata, managedFields: [...others, entry] };
  checkImmutable(live, object, place);
  const changed = !live || !isDeepStrictEqual(normal(live), normal(object));
  if (!changed) return { object: live, created: false, changed };
  object.metadata.managedFields = [...others, { ...entry, time: serverTime(now) }];
  return { object: live ? counted(live, object) : object, created: !live, changed };
}

/** The other managers' entries without the fields that this apply takes over; a conflict unless it is forced. */
export function yielded(taken: {
  base: StoredObject;
  body: Record<string, unknown>;
  entries: ManagedFields[];
  force: boolean;
}): ManagedFields[] {
  const { base, body, force } = taken;
  const lost: { manager: string; field: string }[] = [];
  const left = taken.entries.map((entry) => {
    let fieldsV1 = entry.fieldsV1;
    for (const leaf of leavesOf(fieldsOf(body))) {
      if (!has(fieldsV1, leaf) || isDeepStrictEqual(read(base, leaf), read(body, leaf))) continue;
      lost.push({ manager: entry.manager, field: `.${leaf.join('.')}` });
      fieldsV1 = without(fieldsV1, leaf);
    }
    return { ...entry, fieldsV1 };
  });
  if (lost.length > 0 && !force) throw fieldConflict(lost);
  return left.filter((entry) => Object.keys(entry.fieldsV1).length > 0);
}

/** Raises the generation if the spec changed. */
export function counted(live: StoredObject, object: StoredObject): StoredObject {
  const { generation } = live.metadata;
  if (generation === undefined || isDeepStrictEqual(live['spec'], object['spec'])) return object;
  return { ...object, metadata: { ...object.metadata, generation: generation + 1 } };
}

/** A Secret's stringData can be written but not read: the server moves it into data. */
export function withData(object: StoredObject): StoredObject {
  const { stringData, ...rest } = object;
  if (object.kind !== 'Secret' || !stringData) return { ...object };
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  return { ...rest, data: { ...(object['data'] as object), ...Object.fromEntries(encoded) } };
}

function normal(object: StoredObject): unknown {
  const managedFields = object.metadata.managedFields?.map((entry) => ({ ...entry, time: '' }));
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function checkUid(live: StoredObject | undefined, body: Body, place: Place): void {
  const { uid } = body.metadata;
  if (typeof uid !== 'string' || uid === live?.metadata.uid) return;
  if (live) throw invalid(place, { field: 'metadata.uid', message: `Invalid value: "${uid}": field is immutable` });
  const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  throw conflict(place, why);
}

const IMMUTABLE: Record<string, string[]> = {
  DaemonSet: ['spec', 'selector'],
  Deployment: ['spec', 'selector'],
  Job: ['spec', 'template'],
  StatefulSet: ['spec', 'selector'],
};

function checkImmutable(live: StoredObject | undefined, object: StoredObject, place: Place): void {
  const path = IMMUTABLE[place.kind.kind];
  if (!live || !path || isDeepStrictEqual(read(live, path), read(object, path))) return;
  const message = `Invalid value: ${JSON.stringify(read(object, path))}: field is immutable`;
  throw invalid(place, { field: path.join('.'), message });
}
