import { createHash } from 'node:crypto';
import { ProvisionerError } from '../../errors.ts';

/** What the API server says of any object, of what we read. */
export interface Metadata {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  managedFields?: ManagedFieldsEntry[];
  ownerReferences?: { kind: string; name: string; uid: string; controller?: boolean }[];
}

/** The metadata in an answer; an answer without is not one of an API server. */
export function metadataOf(body: unknown, object: string): Metadata {
  const { metadata } = (body ?? {}) as { metadata?: Metadata };
  if (metadata?.name) return metadata;
  throw new ProvisionerError('unavailable', `${object}: the answer is not one of an API server`, { object });
}

/** What tells whether an apply changed an object: its metadata, and its spec where a kind needs it. */
export interface Version extends Metadata {
  spec?: unknown;
}

export function versionOf(body: unknown, object: string): Version {
  const { spec } = (body ?? {}) as { spec?: unknown };
  return { ...metadataOf(body, object), ...(spec !== undefined && { spec }) };
}

/** One page of a list. */
export interface List<T> {
  metadata?: { continue?: string; remainingItemCount?: number };
  items?: T[];
}

/** Owns the fields that we apply. Changing it orphans them all: the next apply would remove nothing that it omits. */
export const FIELD_MANAGER = 'feature-branch-provisioner';

/**
 * Every apply is forced. The overlays are the truth for the fields they name, nobody is there to resolve a conflict, and
 * Kubernetes advises controllers to force. What no overlay names stays with its owner.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
 */
export const FORCE = true;

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  subresource?: string;
  time?: string;
  fieldsV1?: unknown;
}

/** Our entry: the fields that our last effective apply named, and when it was written (whole seconds, by the server). */
export function managedEntry(entries: ManagedFieldsEntry[] | undefined): ManagedFieldsEntry | undefined {
  const ours = (entries ?? []).filter(
    (entry) => entry.manager === FIELD_MANAGER && entry.operation === 'Apply' && !entry.subresource,
  );
  // an object applied under two API versions has two entries
  return ours.sort((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1);
}

/**
 * What the inventory keeps of our entry: its time and a hash of its fields. Others who change or remove a field of ours
 * take it out of the entry but leave the entry's time as it was, so the time alone would hide them.
 */
export function managedMark(entries: ManagedFieldsEntry[] | undefined): string | undefined {
  const entry = managedEntry(entries);
  if (!entry) return undefined;
  const hash = createHash('sha256').update(JSON.stringify(entry.fieldsV1 ?? {}));
  return `${entry.time ?? ''} ${hash.digest('hex').slice(0, 12)}`;
}

export interface LiveObject {
  metadata: Metadata;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown> & { conditions?: Condition[]; observedGeneration?: number };
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}
