import { isEnding, isReady, ownedPods, wasNeverReady } from './pods/owners.ts';
import { type LivePod, type ReadObject, type Reading, conditionOf } from './reading.ts';

/**
 * The pod of an older revision that was never ready and for which an ordered StatefulSet waits for ever, though its
 * newest template might run. https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
 */
export function findStuckPod(
  { type, live: set }: Pick<ReadObject, 'type' | 'live'>,
  reading: Reading,
): LivePod | undefined {
  if (type.kind !== 'StatefulSet' || set === undefined) return undefined;
  const { podManagementPolicy, updateStrategy } = (set.spec ?? {}) as {
    podManagementPolicy?: string;
    updateStrategy?: { type?: string };
  };
  const isOrdered = (podManagementPolicy ?? 'OrderedReady') === 'OrderedReady';
  if (!isOrdered || (updateStrategy?.type ?? 'RollingUpdate') !== 'RollingUpdate') return undefined;
  if (set.status?.observedGeneration !== set.metadata.generation || set.status?.['updateRevision'] === undefined)
    return undefined;
  const { older } = ownedPods(type, set, reading);
  const stuck = older.filter((pod) => !isReady(pod) && !isEnding(pod) && wasNeverReady(pod));
  // without room no other pod would start either
  return stuck.find(
    (pod) => conditionOf(pod, 'PodScheduled')?.status === 'True' || pod.status?.startTime !== undefined,
  );
}
