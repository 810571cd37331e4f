import { ProvisionerError } from '../errors.ts';
import type { KubeObject, WriteGuard } from '../environment/ports/cluster.ts';
import { JSON_PATCH, METADATA, type Send } from './api/client.ts';
import { type LiveObject, FIELD_MANAGER, managedEntry } from './api/object-meta.ts';
import { type Resource, isSecret, objectName, pathOf } from './api/rest-mapping.ts';

type Fields = { [path: string]: Fields };

/**
 * Takes ownership of whatever the server filled in and nobody owns, by a write that changes no field: the next apply then
 * removes what the overlay does not name, and the server fills it in afresh. Server-side apply alone leaves the defaults
 * of a union's former member beside the new one (`rollingUpdate` beside `Recreate`), which the API server refuses.
 * Returns false where there is nothing to take. https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
 */
export async function releaseDefaults(
  send: Send,
  object: KubeObject,
  target: { resource: Resource; namespace: string; writeGuard: WriteGuard },
): Promise<boolean> {
  if (!isReleased(object)) return false;
  const name = objectName(object, target.namespace);
  const path = pathOf({ ...target, name: object.metadata.name });
  const { status, body } = await send({ method: 'GET', path, object: name, expect: [404] });
  if (status === 404) return false;
  const live = body as LiveObject;
  const entry = managedEntry(live.metadata.managedFields);
  const unowned = findUnowned(
    live,
    (live.metadata.managedFields ?? []).map(({ fieldsV1 }) => fieldsV1 as Fields),
  );
  if (entry === undefined || unowned === undefined) return false;
  const fieldsV1 = merge([(entry.fieldsV1 ?? {}) as Fields, unowned]);
  const managedFields = live.metadata.managedFields?.map((one) => (one === entry ? { ...one, fieldsV1 } : one));
  const answer = await send({
    method: 'PATCH',
    path: `${path}?fieldManager=${FIELD_MANAGER}`,
    contentType: JSON_PATCH,
    body: [
      { op: 'replace', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
      { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    ],
    accept: METADATA,
    object: name,
    expect: [409],
    writeGuard: target.writeGuard,
  });
  if (answer.status === 409) throw new ProvisionerError('conflict', `${name}: it changed meanwhile`, { object: name });
  return true;
}

/** Claims and volumes hold data; pods and jobs can't change, whatever owns their fields; Secrets are never read. */
const KEPT = new Set(['v1 PersistentVolumeClaim', 'v1 PersistentVolume', 'v1 Pod', 'batch/v1 Job']);

function isReleased(object: KubeObject): boolean {
  return !isSecret(object) && !KEPT.has(`${object.apiVersion} ${object.kind}`);
}

const NOT_OURS = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/** The fields that no manager owns, in the format of managedFields; undefined where there is none. */
export function findUnowned(live: object, owned: Fields[]): Fields | undefined {
  const own = Object.fromEntries(Object.entries(live).filter(([field]) => !NOT_OURS.has(field)));
  return unownedIn(own, merge(owned));
}

function unownedIn(value: unknown, owned: Fields): Fields | undefined {
  const found: Fields = {};
  if (Array.isArray(value)) {
    for (const [path, fields] of Object.entries(owned)) {
      const inside = path.startsWith('k:') ? unownedIn(itemOf(value, path), fields) : undefined;
      if (inside !== undefined) found[path] = inside;
    }
  } else if (isMap(value)) {
    for (const [key, child] of Object.entries(value)) {
      const fields = owned[`f:${key}`];
      // an entry without parts stands for a whole: a scalar, a list or a map that is not tracked field by field
      const isWhole = fields !== undefined && Object.keys(fields).length === 0;
      const inside = fields === undefined ? whole(child) : isWhole ? undefined : unownedIn(child, fields);
      if (inside !== undefined) found[`f:${key}`] = inside;
    }
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

/** The item that a path such as `k:{"name":"web"}` names. */
function itemOf(list: unknown[], path: string): unknown {
  const keys = Object.entries(JSON.parse(path.slice(2)) as Record<string, unknown>);
  return list.find((item) => isMap(item) && keys.every(([key, value]) => item[key] === value));
}

function whole(value: unknown): Fields {
  if (!isMap(value)) return {};
  const parts = Object.entries(value).map(([key, child]) => [`f:${key}`, whole(child)] as const);
  return parts.length === 0 ? {} : { '.': {}, ...Object.fromEntries(parts) };
}

function merge(all: readonly (Fields | undefined)[]): Fields {
  const merged: Fields = {};
  for (const fields of all) {
    for (const [path, inside] of Object.entries(fields ?? {})) merged[path] = merge([merged[path], inside]);
  }
  return merged;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
