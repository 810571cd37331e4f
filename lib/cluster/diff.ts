import { ProvisionerError } from '../errors.ts';
import type { Clock } from '../environment/ports/ports.ts';
import { isRecent, versionsBefore } from './apply-action.ts';
import { createReplicas } from './replicas.ts';
import { type Resource, type TypeOfObject, isSecret, objectName } from './api/rest-mapping.ts';
import { type Metadata, managedEntry, managedMark, metadataOf } from './api/object-meta.ts';
import { mayBeRemade } from './recreate.ts';
import {
  type ApplyContext,
  isOptional,
  refusedBy,
  sendApply,
  unserved,
  wouldBeCreated,
} from './api/server-side-apply.ts';
import { forEachLimited } from '../concurrency.ts';
import { fieldsOf, immutableFields, statusOf } from './api/status.ts';
import type { Change, Drifted, InventoryEntry, KubeObject } from '../environment/ports/cluster.ts';
import { listKind } from './list.ts';

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
  const scalable = objects.filter(
    (object) => (object['spec'] as { replicas?: unknown } | undefined)?.replicas !== undefined,
  );
  const before = await versionsBefore(context, scalable, { namespace, known: [] });
  const replicas = createReplicas(context, namespace);
  await forEachLimited(objects, context.concurrency, async (object) => {
    try {
      const entries = before.get(objectName(object, namespace))?.managedFields;
      changes.set(object, await planOne(context, await replicas.toSend(object, entries), namespace));
    } catch (thrown) {
      if (!isOfOneObject(thrown)) throw thrown;
      const reason = thrown.code === 'not-permitted' ? `${thrown.message}; ${thrown.fix}` : thrown.message;
      changes.set(object, { object: objectName(object, namespace), action: 'unknown', reason });
    }
  });
  return objects.flatMap((object) => changes.get(object) ?? []);
}

function isOfOneObject(thrown: unknown): thrown is ProvisionerError {
  return thrown instanceof ProvisionerError && ['rejected', 'quota', 'conflict', 'not-permitted'].includes(thrown.code);
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
    if (first.isReleased === true) {
      return { object: name, action: 'configured', reason: `${first.fields}: what the server filled in is taken out` };
    }
    const reason = `${first.fields} can not be changed`;
    if (!mayBeRemade(object)) return { object: name, action: 'unknown', reason };
    return { object: name, action: 'configured', reason: `${reason}: it would be made again` };
  }
  if (first.status === 201) return { object: name, action: 'created' };
  if (!isRecent(first.managed, first.since)) return { object: name, action: 'unchanged' };
  // stamped by this dry run, or by an apply a moment ago: only a stamp that moves on is the dry run's
  await context.clock.sleep(NEXT_SECOND_MS);
  const second = await dryRun(context, object, { resource, namespace });
  return { object: name, action: second?.managed === first.managed ? 'unchanged' : 'configured' };
}

interface DryRun {
  /** Of one that was taken. */
  status?: number;
  managed?: string | undefined;
  since?: number | undefined;
  /** That what is there keeps from being changed. */
  fields?: string;
  /** Whether they may be changed once the server's defaults beside them are taken out. */
  isReleased?: boolean;
}

async function dryRun(
  { send }: PlanContext,
  object: KubeObject,
  target: { resource: Resource; namespace: string },
): Promise<DryRun | undefined> {
  const answer = await sendApply(send, object, { ...target, dryRun: true });
  if (answer.status === 404) return undefined;
  if (answer.status === 422) {
    const status = statusOf(answer.body);
    const isInTheWay = immutableFields(422, status) !== undefined || (await wouldBeCreated(send, object, target));
    if (!isInTheWay) throw refusedBy(answer, object, objectName(object, target.namespace));
    return { fields: fieldsOf(status), isReleased: immutableFields(422, status) === undefined };
  }
  const { managedFields } = metadataOf(answer.body, objectName(object, target.namespace));
  const managed = managedEntry(managedFields)?.time;
  return { status: answer.status, managed, since: answer.since };
}

/**
 * Which objects are not as our last apply left them: by one metadata-only list per kind, and our managedFields entry in
 * it; Secrets, which nobody may list, by the answer of a dry run.
 */
export async function findDrift(
  context: ApplyContext,
  objects: KubeObject[],
  options: { namespace: string; known: InventoryEntry[] },
): Promise<Drifted[]> {
  const drifted = new Map<KubeObject, Drifted['why']>();
  const recorded = new Map(options.known.map((entry) => [keyOf(entry, entry.name), entry]));
  const groups = Map.groupBy(objects, ({ apiVersion, kind }) => `${apiVersion} ${kind}`);
  const looks = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    if (!isSecret(first)) return [() => lookAtKind(context, group, { ...options, recorded, drifted })];
    return group.map((object) => () => lookAtSecret(context, object, { ...options, drifted }));
  });
  await forEachLimited(looks, context.concurrency, (look) => look());
  return objects.flatMap((object) => {
    const why = drifted.get(object);
    return why === undefined ? [] : [{ object: objectName(object, options.namespace), why }];
  });
}

interface Look {
  namespace: string;
  drifted: Map<KubeObject, Drifted['why']>;
}

async function lookAtKind(
  context: ApplyContext,
  group: KubeObject[],
  { namespace, recorded, drifted }: Look & { recorded: Map<string, InventoryEntry> },
): Promise<void> {
  const [type] = group;
  if (!type) return;
  const { send, discovery } = context;
  const replicas = createReplicas(context, namespace);
  const resource = await discovery.resourceOf(type);
  const items =
    resource && (await listKind<{ metadata: Metadata }>(send, { type, resource, namespace, metadata: true }));
  const live = new Map((items ?? []).map(({ metadata }) => [metadata.name, metadata.managedFields]));
  for (const object of group) {
    const { name } = object.metadata;
    // where the kind is not served, an apply would skip it
    if (!resource && isOptional(object)) continue;
    if (!live.has(name)) drifted.set(object, 'missing');
    else {
      const before = recorded.get(keyOf(object, name))?.managed;
      const entries = live.get(name);
      const isChanged = before === undefined || before !== managedMark(entries);
      if (isChanged || (await replicas.isAbandoned(object, entries))) drifted.set(object, 'changed');
    }
  }
}

/** A dry run with an effect stamps our entry with now; one without leaves the old time there. */
async function lookAtSecret(
  { send, discovery }: ApplyContext,
  object: KubeObject,
  { namespace, drifted }: Look,
): Promise<void> {
  const resource = await discovery.resourceOf(object);
  if (!resource) return;
  const answer = await sendApply(send, object, { resource, namespace, dryRun: true });
  if (answer.status === 201) drifted.set(object, 'missing');
  else if (answer.status !== 200) drifted.set(object, 'changed');
  else {
    const { managedFields } = metadataOf(answer.body, objectName(object, namespace));
    if (isRecent(managedEntry(managedFields)?.time, answer.since)) drifted.set(object, 'changed');
  }
}

function keyOf({ apiVersion, kind }: TypeOfObject, name: string): string {
  return `${apiVersion} ${kind} ${name}`;
}
