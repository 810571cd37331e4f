import { ProvisionerError } from '../../errors.ts';
import { type Discovery, type Resource, applyQuery, isSecret, needsSpec, objectName, pathOf } from './rest-mapping.ts';
import { type Answer, METADATA, type Send } from './client.ts';
import { errorOf, immutableFields, isUnserved, statusOf } from './status.ts';
import type { WriteGuard, KubeObject } from '../../environment/ports/cluster.ts';

/** On an object whose CRD a cluster may lack: it is skipped there. Part of the overlays' contract. */
const OPTIONAL = 'feature-branch-provisioner/optional';

/** Sends one server-side apply; a 404 answer means that the kind is not served, a 422 that immutable fields differ. */
export async function sendApply(
  send: Send,
  object: KubeObject,
  target: { resource: Resource; namespace: string; writeGuard?: WriteGuard; dryRun?: boolean },
): Promise<Answer> {
  const name = nameIn(object, target);
  checkPlace(object, target, name);
  const path = pathOf({ ...target, name: object.metadata.name });
  const answer = await send({
    method: 'PATCH',
    path: path + applyQuery({ ...(target.dryRun && { dryRun: true }) }),
    body: isSecret(object) ? withEncodedData(object) : object,
    // the answer to a Secret's apply would carry it back
    ...(!needsSpec(object) && { accept: METADATA }),
    object: name,
    secret: isSecret(object),
    expect: [404, 422],
    ...(target.writeGuard && { writeGuard: target.writeGuard }),
  });
  const status = statusOf(answer.body);
  const isMissing = answer.status === 404 && !isUnserved(404, status);
  if (isMissing || (answer.status === 422 && immutableFields(422, status) === undefined)) {
    throw errorOf({ ...answer, object: name, secret: isSecret(object) });
  }
  return answer;
}

/**
 * A Secret's stringData as data: the API server copies it there under no manager's name, so that a key which an overlay
 * drops would stay for good.
 */
function withEncodedData({ stringData, ...secret }: KubeObject): KubeObject {
  if (!isFlat(stringData)) return stringData === undefined ? secret : { ...secret, stringData };
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  return { ...secret, data: { ...(secret['data'] as object | undefined), ...Object.fromEntries(encoded) } };
}

/** Anything else is left for the server to refuse in its own words. */
function isFlat(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}

/** The last fence before the wire: an object for elsewhere must not leave, whatever the renderer did. */
function checkPlace(object: KubeObject, target: { resource: Resource; namespace: string }, name: string): void {
  const { namespace } = object.metadata;
  if (target.resource.namespaced && (namespace === undefined || namespace === target.namespace)) return;
  throw new ProvisionerError('rejected', `${name}: it lies outside the namespace ${target.namespace}`, {
    object: name,
  });
}

export function isOptional(object: KubeObject): boolean {
  return object.metadata.annotations?.[OPTIONAL] === 'true';
}

export function unserved(name: string, { apiVersion, kind }: KubeObject): ProvisionerError {
  return new ProvisionerError('rejected', `${name}: the cluster does not serve ${apiVersion} ${kind}`, {
    object: name,
    fix: `install the CRD of ${kind}, or annotate the object with ${OPTIONAL}: "true"`,
  });
}

export function nameIn(object: KubeObject, { namespace }: { namespace: string }): string {
  return objectName(object, object.metadata.namespace ?? namespace);
}

export interface ApplyContext {
  send: Send;
  discovery: Discovery;
  concurrency: number;
}
