import { ProvisionerError } from '../errors.ts';
import { type Resource, type TypeOfObject, objectName, pathOf } from './api/rest-mapping.ts';
import { removeObject } from './delete.ts';
import type { Send } from './api/client.ts';
import type { WriteGuard, KubeObject } from '../environment/ports/cluster.ts';

/** Losing one of these loses no data: what it runs or says is in the overlay, and is made again. */
const REMADE = new Set([
  'apps/v1 DaemonSet',
  'apps/v1 Deployment',
  'apps/v1 ReplicaSet',
  'batch/v1 CronJob',
  'batch/v1 Job',
  'rbac.authorization.k8s.io/v1 RoleBinding',
  'v1 ConfigMap',
  'v1 Pod',
  'v1 Secret',
]);

/** These lose none where the live object agrees. */
const REMADE_WITH_CARE = new Set(['apps/v1 StatefulSet', 'v1 Service']);

/** Whether an object of this kind is made again, mostly, where it can not be changed into what is wanted. */
export function mayBeRemade({ apiVersion, kind }: TypeOfObject): boolean {
  return [REMADE, REMADE_WITH_CARE].some((kinds) => kinds.has(`${apiVersion} ${kind}`));
}

interface LiveSpec {
  spec?: { type?: string; persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string } };
}

/** Takes away an object that can't be changed into what is wanted; throws where that would lose data, or it is not ours. */
export async function removeToRemake(
  send: Send,
  object: KubeObject,
  target: { resource: Resource; namespace: string; writeGuard: WriteGuard; fields: string },
): Promise<void> {
  const { kind, metadata } = object;
  const name = objectName(object, target.namespace);
  const refuse = (why: string, fix: string): ProvisionerError =>
    new ProvisionerError('rejected', `${name}: ${target.fields} can not be changed, and ${why}`, {
      object: name,
      fix,
    });
  const at = { type: object, resource: target.resource, namespace: target.namespace, name: metadata.name };
  const why = await whyKept(send, object, { path: pathOf(at), name });
  if (why) throw refuse(why, `delete the ${kind} by hand if it may go, or give the new one another name`);
  // by our fields alone: the labels may be what is to be changed
  const removed = await removeObject(send, at, { labels: {}, writeGuard: target.writeGuard });
  if (removed.state === 'kept') {
    throw refuse(
      `it is not made again: ${removed.reason}`,
      `delete the ${kind} by hand, or give the new one another name`,
    );
  }
}

/** Why an object is not taken away; undefined where it may be. What we know nothing of may hold data. */
async function whyKept(
  send: Send,
  object: KubeObject,
  { path, name }: { path: string; name: string },
): Promise<string | undefined> {
  if (REMADE.has(`${object.apiVersion} ${object.kind}`)) return undefined;
  if (!mayBeRemade(object)) return 'making it again could lose data';
  const { status, body } = await send({ method: 'GET', path, object: name, expect: [404] });
  if (status === 404) return undefined;
  const { spec } = body as LiveSpec;
  if (spec?.type === 'LoadBalancer') return 'making it again would lose its address';
  // claims outlive a StatefulSet and are found again by their names, unless it takes them along
  return spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
    ? 'its claims would be deleted with it (persistentVolumeClaimRetentionPolicy)'
    : undefined;
}
