import type { Body } from '../objects/apply.ts';
import { type ApiFault, conflict, forbidden, invalid, notFound } from '../http/api-errors.ts';
import { kindOf } from '../objects/kinds.ts';
import type { Place, StoredObject } from '../objects/objects.ts';
import { checkPolicies } from './authorization.ts';
import type { World, Write } from '../objects/write.ts';

/** Admission: the namespace exists and is not terminating, and the policies admit the request. */
export function writeGuard(
  { objects, behaviour }: World,
  { attempt, place }: Write,
  body?: Body,
  live?: StoredObject,
): void {
  const kind = kindOf('v1', 'Namespace');
  const name = place.kind.kind === 'Namespace' ? place.name : place.namespace;
  const namespace = name ? objects.get({ kind, name }) : undefined;
  const isNew = place.kind.kind !== 'Namespace' && !live && body !== undefined;
  if (isNew && name && !namespace) throw notFound({ kind, name });
  if (isNew && namespace?.metadata.deletionTimestamp) throw terminating(place, namespace.metadata.name);
  if (behaviour.policies) checkPolicies(attempt, { namespace, written: body as { metadata: object } | undefined });
}

function terminating(place: Place, namespace: string): ApiFault {
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return forbidden(place, why, [cause]);
}

export function checkName(place: Place): void {
  if (place.kind.kind !== 'Namespace' || /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(place.name)) return;
  const message = `Invalid value: "${place.name}": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'`;
  throw invalid(place, { field: 'metadata.name', message });
}

export function checkPreconditions({ metadata }: StoredObject, body: Body | undefined, place: Place): void {
  const { uid, resourceVersion } = (body?.['preconditions'] ?? {}) as { uid?: string; resourceVersion?: string };
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(place, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const words = `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(place, `Precondition failed: ${words}`);
  }
}
