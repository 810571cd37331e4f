import { noSuchResource } from './api-errors.ts';
import { type Kind, apiVersionOf } from '../objects/kinds.ts';

export interface Route {
  kind: Kind;
  namespace?: string;
  /** Absent for a collection. */
  name?: string;
  subresource?: string;
}

/** What a path names; throws 404 for what is not served. */
export function parseRoute(served: Kind[], path: string): Route {
  const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  const apiVersion = parts[0] === 'api' ? parts[1] : `${parts[1]}/${parts[2]}`;
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const inNamespace = rest[0] === 'namespaces' && rest.length >= 3 && !(rest.length === 3 && isSubresource(rest[2]));
  const [plural, name, subresource] = inNamespace ? rest.slice(2) : rest;
  const kind = served.find((candidate) => apiVersionOf(candidate) === apiVersion && candidate.plural === plural);
  if (!kind || (inNamespace && !kind.namespaced)) throw noSuchResource();
  const namespace = inNamespace ? rest[1] : undefined;
  return { kind, ...(namespace && { namespace }), ...(name && { name }), ...(subresource && { subresource }) };
}

/** `namespaces/x/status` is the status of a namespace and not its collection of statuses. */
function isSubresource(word: string | undefined): boolean {
  return word === 'status' || word === 'finalize';
}
