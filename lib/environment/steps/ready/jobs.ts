import { hash } from 'node:crypto';
import { stringifyExact } from '../../../exact-json.ts';
import { type Drifted, type InventoryEntry, type KubeObject, toSubjectName } from '../../ports/cluster.ts';
import type { Reconciliation } from '../reconciliation.ts';

const JOB = { apiVersion: 'batch/v1', kind: 'Job' };

interface LiveJob {
  status?: { conditions?: { type: string; status: string }[] };
}

interface JobSpec {
  ttlSecondsAfterFinished?: number;
}

export function isJob({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean {
  return apiVersion === JOB.apiVersion && kind === JOB.kind;
}

/** Of a Job as rendered: it runs again only when this changes. */
export function toJobDigest(object: KubeObject): string {
  return hash('sha256', stringifyExact(object)).slice(0, 16);
}

/**
 * Notes in the inventory which Jobs have completed. One that is gone counts as done where its TTL allows that it
 * completed and was collected since it was last seen; asks the cluster only if a Job's end is not known yet.
 */
export async function noteFinishedJobs(run: Reconciliation, objects: readonly KubeObject[] = []): Promise<void> {
  const { record, ports } = run;
  const open = record.inventory.filter((entry) => isJob(entry) && entry.finished !== true);
  if (open.length === 0) return;
  const [listed] = await ports.cluster.inspect([JOB], { namespace: record.namespace });
  if (listed === undefined || !('items' in listed)) return;
  const seenAt = Date.parse(record.checkedAt ?? record.appliedAt ?? '');
  const unseenMs = ports.clock.now() - seenAt;
  const finished = new Set(
    open.filter((entry) => {
      const live = listed.items.find(({ metadata }) => metadata.name === entry.name);
      if (live !== undefined) return isComplete(live as LiveJob);
      const rendered = objects.find((object) => isJob(object) && object.metadata.name === entry.name);
      const ttl = (rendered?.['spec'] as JobSpec | undefined)?.ttlSecondsAfterFinished;
      return ttl !== undefined && unseenMs >= ttl * 1_000;
    }),
  );
  record.inventory = record.inventory.map((entry) => (finished.has(entry) ? { ...entry, finished: true } : entry));
}

function isComplete({ status }: LiveJob): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True') === true;
}

/** Whether the object is a Job that has completed as it is rendered now: it is not made again. */
export function isDone(inventory: readonly InventoryEntry[], object: KubeObject): boolean {
  if (!isJob(object)) return false;
  const entry = inventory.find((one) => isJob(one) && one.name === object.metadata.name);
  return entry?.finished === true && entry.digest === toJobDigest(object);
}

/** Without the Jobs that are missing because they are done. */
export function withoutDone(
  drifted: readonly Drifted[],
  { inventory, objects }: { inventory: readonly InventoryEntry[]; objects: readonly KubeObject[] },
): Drifted[] {
  const done = new Set(objects.filter((object) => isDone(inventory, object)).map(toSubjectName));
  return drifted.filter(({ object, why }) => why !== 'missing' || !done.has(object));
}
