import { ProvisionerError } from '../../errors.ts';
import { type Discovery, type Resource, applyQuery, isSecret, needsSpec, objectName, pathOf } from './rest-mapping.ts';
import { type Answer, METADATA, type Send } from './client.ts';
import { errorOf, isUnserved, statusOf } from './status.ts';
import type { WriteGuard, KubeObject } from '../../environment/ports/cluster.ts';

/** On an object whose CRD a cluster may lack: it is skipped there. Users' overlays depend on this name. */
const OPTIONAL = 'feature-branch-provisioner/optional';

/** Sends one server-side apply; a 404 answer means that the kind is not served, a 422 that the API server refuses it. */
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
    expect: [404, 409, 422],
    ...(target.writeGuard && { writeGuard: target.writeGuard }),
  });
  const status = statusOf(answer.body);
  const isMissing = answer.status === 404 && !isUnserved(404, status);
  if (answer.status === 409 && isExported(object)) {
    throw new ProvisionerError('rejected', `${name}: it names the uid or resourceVersion of another object`, {
      object: name,
      fix: 'take uid and resourceVersion out of its metadata: a cluster sets them',
    });
  }
  if (isMissing || answer.status === 409) throw refusedBy(answer, object, name);
  return answer;
}

/** The failure of an apply that the API server refused. */
export function refusedBy(answer: Answer, object: KubeObject, name: string): ProvisionerError {
  return errorOf({ ...answer, object: name, secret: isSecret(object) });
}

function isExported({ metadata }: KubeObject): boolean {
  return metadata['uid'] !== undefined || metadata['resourceVersion'] !== undefined;
}

/** Names no object of an overlay's. */
const PROBE = 'feature-branch-provisioner-probe';

/** Whether the API server would create the object if none of its name were there; by a dry run under another name. */
export async function wouldBeCreated(
  send: Send,
  object: KubeObject,
  { resource, namespace }: { resource: Resource; namespace: string },
): Promise<boolean> {
  const probe = { ...object, metadata: { ...object.metadata, name: PROBE } };
  try {
    const { status } = await sendApply(send, probe, { resource, namespace, dryRun: true });
    return status < 300;
  } catch (error) {
    // quota is counted after everything else is validated, and the object in the way frees its share
    if (error instanceof ProvisionerError && error.code === 'quota') return true;
    if (error instanceof ProvisionerError && error.code === 'rejected') return false;
    throw error;
  }
}

/**
 * A Secret's stringData as data: the API server copies it there under no manager's name, so that a key which an overlay
 * drops would stay for good.
 */
function withEncodedData({ stringData, ...secret }: KubeObject): KubeObject {
  if (!isFlat(stringData)) return { ...secret, stringData };
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  return { ...secret, data: { ...(secret['data'] as object | undefined), ...Object.fromEntries(encoded) } };
}

/** The server refuses anything else in its own words. */
function isFlat(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}

/** Stops an object that belongs elsewhere right before it is sent, whatever the renderer did. */
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
