import type { Body } from '../objects/apply.ts';
import { type ApiFault, conflict, forbidden, invalid, notFound } from '../http/api-errors.ts';
import { kindOf } from '../objects/kinds.ts';
import type { Objects, Place, StoredObject } from '../objects/objects.ts';

const NAMESPACE = kindOf('v1', 'Namespace');

/** New objects need a namespace that exists and is not terminating. */
export function checkNamespace(objects: Objects, place: Place): void {
  const { namespace: name } = place;
  if (!name) return;
  const namespace = objects.get({ kind: NAMESPACE, name });
  if (!namespace) throw notFound({ kind: NAMESPACE, name });
  if (namespace.metadata.deletionTimestamp) throw terminating(place, name);
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
