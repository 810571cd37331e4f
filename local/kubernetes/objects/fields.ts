import type { FieldSet } from './objects.ts';

type Fields = Record<string, unknown>;

/** Fields that the server sets, or that name the object: they have no owner. */
const UNOWNED = new Set([
  ...['apiVersion', 'kind', 'metadata.name', 'metadata.namespace', 'metadata.uid', 'metadata.resourceVersion'],
  ...['metadata.creationTimestamp', 'metadata.generation', 'metadata.managedFields', 'metadata.deletionTimestamp'],
]);

/** The fields an object names. Lists are owned whole: the real server merges some of them by key. */
export function fieldsOf(object: Fields, path: string[] = []): FieldSet {
  const set: FieldSet = {};
  for (const [key, value] of Object.entries(object)) {
    const here = [...path, key];
    if (UNOWNED.has(here.join('.'))) continue;
    const inner = isFields(value) && Object.keys(value).length > 0 ? fieldsOf(value, here) : {};
    if (here.join('.') === 'metadata' && Object.keys(inner).length === 0) continue;
    set[`f:${key}`] = inner;
  }
  return set;
}

/** Every leaf of a set, as the keys that lead to it. */
export function leavesOf(set: FieldSet, path: string[] = []): string[][] {
  return Object.entries(set).flatMap(([field, inner]) => {
    const here = [...path, field.slice(2)];
    return Object.keys(inner).length > 0 ? leavesOf(inner, here) : [here];
  });
}

export function has(set: FieldSet, path: string[]): boolean {
  let inner: FieldSet | undefined = set;
  for (const key of path) inner = inner?.[`f:${key}`];
  return inner !== undefined;
}

/** The set without one leaf, and without what that leaves empty. */
export function without(set: FieldSet, [key, ...rest]: string[]): FieldSet {
  const field = `f:${key}`;
  const { [field]: inner, ...others } = set;
  if (!inner || rest.length === 0) return others;
  const left = without(inner, rest);
  return Object.keys(left).length > 0 ? { ...others, [field]: left } : others;
}

export function read(object: Fields, path: string[]): unknown {
  let value: unknown = object;
  for (const key of path) value = isFields(value) ? value[key] : undefined;
  return value;
}

/** A copy with one field set; undefined removes it, and the maps that this leaves empty. */
export function write(object: Fields, [key = '', ...rest]: string[], value: unknown): Fields {
  const { [key]: old, ...others } = object;
  const next = rest.length === 0 ? value : write(isFields(old) ? old : {}, rest, value);
  const empty = value === undefined && isFields(next) && Object.keys(next).length === 0;
  return next === undefined || empty ? others : { ...object, [key]: next };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
