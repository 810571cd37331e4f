import { FIELD_MANAGER, FORCE } from './field-manager.ts';
import type { Resource } from './api/rest-mapping.ts';

export interface ObjectPath {
  resource: Resource;
  /** Left out for a cluster-scoped kind. */
  namespace?: string;
  /** Left out for the whole collection. */
  name?: string;
}

/** The API path of an object or a collection. */
export function pathOf({ resource, namespace, name }: ObjectPath): string {
  const parts = [resource.root];
  if (resource.namespaced && namespace) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(resource.plural);
  if (name) parts.push(encodeURIComponent(name));
  return parts.join('/');
}

/** The query of a server-side apply: unknown fields are refused instead of dropped in silence. */
export function applyQuery({ dryRun, manager = FIELD_MANAGER }: { dryRun?: boolean; manager?: string } = {}): string {
  const query = new URLSearchParams({ fieldManager: manager, force: String(FORCE), fieldValidation: 'Strict' });
  if (dryRun) query.set('dryRun', 'All');
  return `?${query.toString()}`;
}
