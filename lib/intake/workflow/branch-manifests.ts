import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { KubeObject } from '../../environment/ports/cluster.ts';
import { parseExact, stringifyExact } from '../../exact-json.ts';
import { decode } from '../body.ts';
import { isObject } from '../../is-object.ts';

/** What a job's own kustomize built, ready to be stored. */
export interface BranchManifests {
  objects: KubeObject[];
  /** sha256 over the objects as JSON, 64 hex digits. */
  digest: string;
}

export type ReadManifests = { kind: 'manifests'; manifests: BranchManifests } | { kind: 'malformed'; reason: string };

const FORMAT = 'kustomize-build/v1';
const MAX_COMPRESSED = 1024 * 1024;
const MAX_UNPACKED = 8 * 1024 * 1024;
const MAX_OBJECTS = 300;
/** Deeper than any Kubernetes object; a value nested without end must not exhaust the stack. */
const MAX_DEPTH = 100;

/**
 * Reads `{format, objects}`, or `{format, gzip}` with the objects as base64 of gzip-compressed JSON: at most 1 MiB
 * compressed, 8 MiB unpacked and 300 objects.
 */
export function readBranchManifests(value: unknown): ReadManifests {
  if (!isObject(value)) return malformed('manifests is not a JSON object');
  const unknown = Object.keys(value).find((field) => !['format', 'objects', 'gzip'].includes(field));
  if (unknown !== undefined) return malformed('manifests takes the fields format and objects, or format and gzip');
  if (value['format'] !== FORMAT) return malformed(`manifests.format is not ${FORMAT}`);
  if (value['gzip'] !== undefined && value['objects'] !== undefined)
    return malformed('manifests holds both objects and gzip: send one');
  const unpacked = value['gzip'] === undefined ? { objects: value['objects'] } : unpack(value['gzip']);
  if ('reason' in unpacked) return malformed(unpacked.reason);
  return readObjects(unpacked.objects);
}

function readObjects(objects: unknown): ReadManifests {
  if (!Array.isArray(objects)) return malformed('manifests.objects is not a list');
  if (objects.length === 0) return malformed('manifests.objects is empty');
  if (objects.length > MAX_OBJECTS)
    return malformed(`manifests holds ${objects.length} objects; at most ${MAX_OBJECTS}`);
  for (const [index, object] of objects.entries()) {
    const reason = findFault(object);
    if (reason !== undefined) return malformed(`manifests.objects[${index}] ${reason}`);
  }
  const text = stringifyExact(objects);
  if (Buffer.byteLength(text) > MAX_UNPACKED) return malformed(`manifests is over ${MAX_UNPACKED} bytes unpacked`);
  const digest = createHash('sha256').update(text).digest('hex');
  return { kind: 'manifests', manifests: { objects: objects as KubeObject[], digest } };
}

function findFault(object: unknown): string | undefined {
  if (!isObject(object)) return 'is not an object: lists in lists are not expanded';
  const { apiVersion, kind, metadata } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return 'has no apiVersion or kind';
  if (Array.isArray(object['items']) && kind.endsWith('List')) return `is a ${kind}: send its items one by one`;
  if (!isObject(metadata) || typeof metadata['name'] !== 'string' || metadata['name'] === '')
    return 'has no metadata.name';
  return isPlain(object, 0) ? undefined : 'holds a key that is refused (__proto__) or is nested too deeply';
}

/** JSON may hold an own key `__proto__`, which a careless copy would turn into a prototype. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH || Object.hasOwn(value, '__proto__')) return false;
  return Object.values(value).every((child) => isPlain(child, depth + 1));
}

function unpack(gzip: unknown): { objects: unknown } | { reason: string } {
  if (typeof gzip !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(gzip))
    return { reason: 'manifests.gzip is not base64' };
  const packed = Buffer.from(gzip, 'base64');
  if (packed.byteLength > MAX_COMPRESSED) return { reason: `manifests.gzip is over ${MAX_COMPRESSED} bytes` };
  let bytes: Buffer;
  try {
    // the bound holds while unpacking: a small archive can unpack to gigabytes
    bytes = gunzipSync(packed, { maxOutputLength: MAX_UNPACKED });
  } catch (thrown) {
    const isTooLarge = (thrown as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    return {
      reason: isTooLarge ? `manifests.gzip unpacks to over ${MAX_UNPACKED} bytes` : 'manifests.gzip is not gzip',
    };
  }
  try {
    return { objects: parseExact(decode(bytes) ?? '') };
  } catch {
    return { reason: 'manifests.gzip holds no JSON' };
  }
}

function malformed(reason: string): ReadManifests {
  return { kind: 'malformed', reason };
}
