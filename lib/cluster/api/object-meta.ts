import { ProvisionerError } from '../../errors.ts';
import type { ManagedFieldsEntry } from '../field-manager.ts';

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
