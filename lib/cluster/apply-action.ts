import { isDeepStrictEqual } from 'node:util';
import { managedEntry } from './field-manager.ts';
import type { Version } from './api/object-meta.ts';
import type { Answer } from './api/client.ts';
import type { KubeObject } from '../environment/kube-object.ts';
import type { Action } from '../environment/ports/cluster.ts';

/** What is known of an object before its apply: of a Secret the recorded version alone. */
export type Before = Pick<Version, 'resourceVersion'> & Partial<Version>;

/** Whether the call that was sent at `since` may have written a time into an object. */
export function isRecent(time: string | undefined, since: number | undefined): boolean {
  return time === undefined || since === undefined || Date.parse(time) > since;
}

/**
 * What an apply did. An effective one writes a new resourceVersion and stamps our managedFields entry with now; one
 * without effect writes nothing. So the same version before and after, or an old stamp, means unchanged. Just after
 * another apply of ours the stamp says nothing, and a controller may have written a status in between: then generation
 * (or spec, for kinds without one) and metadata tell.
 */
export function actionOf(applied: {
  object: KubeObject;
  answer: Pick<Answer, 'status' | 'since' | 'retried'>;
  before: Before | undefined;
  after: Version;
}): Action {
  const { object, answer, before, after } = applied;
  if (answer.status === 201) return 'created';
  if (before?.resourceVersion === after.resourceVersion) return 'unchanged';
  // an earlier try of this call made it, and its answer was lost
  if (answer.retried && !before && isRecent(after.creationTimestamp, answer.since)) return 'created';
  if (!isRecent(managedEntry(after.managedFields)?.time, answer.since)) return 'unchanged';
  return before && hadAll(object, before, after) ? 'unchanged' : 'configured';
}

/** Whether the object had our spec, fields, labels and annotations before; false where nobody knows. */
function hadAll(object: KubeObject, before: Before, after: Version): boolean {
  const counted = before.generation !== undefined;
  const known = counted || before.spec !== undefined;
  const same = counted ? before.generation === after.generation : isDeepStrictEqual(before.spec, after.spec);
  if (!known || !same) return false;
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
