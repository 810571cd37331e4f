import { ProvisionerError } from '../errors.ts';
import type { Clock } from '../environment/ports/ports.ts';
import { isRecent } from './apply-action.ts';
import type { ApplyContext } from './apply.ts';
import { type Resource, objectName } from './api/rest-mapping.ts';
import { managedEntry } from './field-manager.ts';
import { metadataOf } from './api/object-meta.ts';
import { mayBeRemade } from './recreate.ts';
import { isOptional, sendApply, unserved } from './api/server-side-apply.ts';
import { forEachLimited } from './slots.ts';
import { immutableFields, statusOf } from './api/status.ts';
import type { KubeObject } from '../environment/kube-object.ts';
import type { Change } from '../environment/ports/cluster.ts';

/** Long enough for the second in a managedFields entry to be another one. */
const NEXT_SECOND_MS = 1_100;

type PlanContext = ApplyContext & { clock: Clock };

/**
 * The change set of a dry run, by the API server's own judgement of every object, Secrets too. A dry run leaves the
 * resourceVersion as it is, but one with an effect stamps our managedFields entry with now.
 * Failures other than of single objects are thrown; a refused object is `unknown` with the reason.
 */
export async function planObjects(
  context: PlanContext,
  objects: KubeObject[],
  { namespace }: { namespace: string },
): Promise<Change[]> {
  const changes = new Map<KubeObject, Change>();
  await forEachLimited(objects, context.concurrency, async (object) => {
    try {
      changes.set(object, await planOne(context, object, namespace));
    } catch (thrown) {
      if (!isOfOneObject(thrown)) throw thrown;
      changes.set(object, { object: objectName(object, namespace), action: 'unknown', reason: thrown.message });
    }
  });
  return objects.flatMap((object) => changes.get(object) ?? []);
}

function isOfOneObject(thrown: unknown): thrown is ProvisionerError {
  return thrown instanceof ProvisionerError && ['rejected', 'quota', 'conflict'].includes(thrown.code);
}

async function planOne(context: PlanContext, object: KubeObject, namespace: string): Promise<Change> {
  const name = objectName(object, namespace);
  const resource = await context.discovery.resourceOf(object);
  const first = resource && (await dryRun(context, object, { resource, namespace }));
  if (!resource || !first) {
    const action = isOptional(object) ? 'skipped' : 'unknown';
    return { object: name, action, reason: unserved(name, object).message };
  }
  if (first.fields !== undefined) {
    const reason = `${first.fields} can not be changed`;
    if (!mayBeRemade(object)) return { object: name, action: 'unknown', reason };
    return { object: name, action: 'configured', reason: `${reason}: it would be made anew` };
  }
  if (first.status === 201) return { object: name, action: 'created' };
  if (!isRecent(first.managed, first.since)) return { object: name, action: 'unchanged' };
  // stamped by this dry run, or by an apply a moment ago: only a stamp that moves on is the dry run's
  await context.clock.sleep(NEXT_SECOND_MS);
  const second = await dryRun(context, object, { resource, namespace });
  return { object: name, action: second?.managed === first.managed ? 'unchanged' : 'configured' };
}

interface DryRun {
  status: number;
  managed?: string | undefined;
  since?: number | undefined;
  /** That no update can change. */
  fields?: string;
}

async function dryRun(
  { send }: PlanContext,
  object: KubeObject,
  target: { resource: Resource; namespace: string },
): Promise<DryRun | undefined> {
  const answer = await sendApply(send, object, { ...target, dryRun: true });
  if (answer.status === 404) return undefined;
  const fields = immutableFields(answer.status, statusOf(answer.body));
  if (fields !== undefined) return { status: answer.status, fields };
  const { managedFields } = metadataOf(answer.body, objectName(object, target.namespace));
  const managed = managedEntry(managedFields)?.time;
  return { status: answer.status, managed, since: answer.since };
}
