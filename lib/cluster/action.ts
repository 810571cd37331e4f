import type { Action, KubeObject } from '../environment/peers.ts';
import { managedEntry } from './field-manager.ts';
import type { Metadata } from './metadata.ts';

/** managedFields times and the Date header are whole seconds, and API servers of one cluster may differ a little. */
const CLOCK_SLACK_MS = 2_000;

/** What is known of an object before its apply: of a Secret the recorded version alone. */
export type Before = Pick<Metadata, 'resourceVersion'> & Partial<Metadata>;

/** Whether a time that the API server wrote lies so close before its answer that the same call may have written it. */
export function isRecent(time: string | undefined, answeredAt: number | undefined): boolean {
  if (time === undefined || answeredAt === undefined) return true;
  return answeredAt - Date.parse(time) < CLOCK_SLACK_MS;
}

/**
 * What an apply did. An effective one writes a new resourceVersion and stamps our managedFields entry with now; one
 * without effect writes nothing. So the same version before and after, or an old stamp, means unchanged. Just after
 * another apply of ours the stamp says nothing, and a controller may have written a status in between: then generation
 * and metadata tell.
 */
export function actionOf(applied: {
  object: KubeObject;
  status: number;
  before: Before | undefined;
  after: Metadata;
  answeredAt: number | undefined;
}): Action {
  const { object, before, after } = applied;
  if (applied.status === 201) return 'created';
  if (before?.resourceVersion === after.resourceVersion) return 'unchanged';
  if (!isRecent(managedEntry(after.managedFields)?.time, applied.answeredAt)) return 'unchanged';
  return before && hadAll(object, before, after) ? 'unchanged' : 'configured';
}

/** Whether the object had our spec, fields, labels and annotations before; false for kinds without a generation. */
function hadAll(object: KubeObject, before: Before, after: Metadata): boolean {
  if (before.generation === undefined || before.generation !== after.generation) return false;
  const fields = [before, after].map((metadata) => JSON.stringify(managedEntry(metadata.managedFields)?.fieldsV1));
  return (
    fields[0] === fields[1] &&
    contains(before.labels, object.metadata.labels) &&
    contains(before.annotations, object.metadata.annotations)
  );
}

function contains(all: Record<string, string> | undefined, some: Record<string, string> | undefined): boolean {
  return Object.entries(some ?? {}).every(([key, value]) => all?.[key] === value);
}
