import { randomUUID } from 'node:crypto';
import { apiVersionOf, type Kind } from './kinds.ts';

export interface ManagedFields {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time: string;
  fieldsType: 'FieldsV1';
  fieldsV1: FieldSet;
  subresource?: string;
}

/** Owned fields, as `FieldsV1` writes them: `{"f:data": {"f:a": {}}}`. */
export interface FieldSet {
  [field: string]: FieldSet;
}

export interface StoredObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    generation?: number;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    managedFields?: ManagedFields[];
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

export interface Place {
  kind: Kind;
  namespace?: string;
  name: string;
}

/** What etcd would hold, with one counter of versions for all. */
export interface Objects {
  get(place: Place): StoredObject | undefined;
  /** In the order of their names. */
  list(kind: Kind, namespace?: string): StoredObject[];
  all(): StoredObject[];
  inNamespace(namespace: string): { place: Place; object: StoredObject }[];
  /** Stores the object under a new version and returns it; a new one gets uid and creation time. */
  put(place: Place, object: StoredObject): StoredObject;
  remove(place: Place): void;
  version(): string;
}

export function createObjects(): Objects {
  /** By kind, and within it by namespace and name. */
  const kinds = new Map<string, { kind: Kind; objects: Map<string, StoredObject> }>();
  let version = 100;

  const keyOf = ({ namespace = '', name }: Place): string => `${namespace}/${name}`;
  const objectsOf = (kind: Kind): Map<string, StoredObject> => {
    const key = `${apiVersionOf(kind)} ${kind.kind}`;
    const known = kinds.get(key) ?? { kind, objects: new Map<string, StoredObject>() };
    kinds.set(key, known);
    return known.objects;
  };
  const sorted = <T>(entries: Iterable<[string, T]>): T[] =>
    [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

  return {
    get: (place) => objectsOf(place.kind).get(keyOf(place)),
    list: (kind, namespace) =>
      sorted(objectsOf(kind)).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    all: () => sorted(kinds).flatMap(({ objects }) => sorted(objects)),
    inNamespace: (namespace) =>
      sorted(kinds).flatMap(({ kind, objects }) =>
        sorted(objects)
          .filter(({ metadata }) => metadata.namespace === namespace)
          .map((object) => ({ place: { kind, namespace, name: object.metadata.name }, object })),
      ),
    put(place, object) {
      version += 1;
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
      objectsOf(place.kind).set(keyOf(place), stored);
      return stored;
    },
    remove(place) {
      version += 1;
      objectsOf(place.kind).delete(keyOf(place));
    },
    version: () => String(version),
  };
}

/** What the server assigns to a new object. */
export function newMetadata(place: Place, now: number): StoredObject['metadata'] {
  return {
    name: place.name,
    ...(place.namespace && { namespace: place.namespace }),
    uid: randomUUID(),
    resourceVersion: '',
    ...(place.kind.generation && { generation: 1 }),
    creationTimestamp: serverTime(now),
  };
}

/** Whole seconds, as the API server writes times. */
export function serverTime(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}
