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
  inNamespace(namespace: string): StoredObject[];
  /** Stores the object under a new version and returns it; a new one gets uid and creation time. */
  put(place: Place, object: StoredObject): StoredObject;
  remove(place: Place): void;
  version(): string;
}

export function createObjects(): Objects {
  const objects = new Map<string, StoredObject>();
  let version = 100;

  const keyOf = ({ kind, namespace, name }: Place): string => `${prefixOf(kind, namespace)}${name}`;
  const prefixOf = (kind: Kind, namespace = ''): string => `${apiVersionOf(kind)} ${kind.kind} ${namespace}/`;
  const sorted = (): StoredObject[] => [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);

  return {
    get: (place) => objects.get(keyOf(place)),
    list: (kind, namespace) =>
      sorted().filter(
        (object) =>
          object.kind === kind.kind &&
          object.apiVersion === apiVersionOf(kind) &&
          (namespace === undefined || object.metadata.namespace === namespace),
      ),
    all: sorted,
    inNamespace: (namespace) => sorted().filter((object) => object.metadata.namespace === namespace),
    put(place, object) {
      version += 1;
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
      objects.set(keyOf(place), stored);
      return stored;
    },
    remove(place) {
      version += 1;
      objects.delete(keyOf(place));
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
