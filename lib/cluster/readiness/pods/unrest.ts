import { type Finding, type LivePod, type Reading, conditionOf, msOf } from '../reading.ts';
import { toCrash } from './containers.ts';
import { isEnding } from './owners.ts';
import { containerOf } from './containers.ts';
import { toEvicted } from './pod-cause.ts';
import { SHORTEST_MS, quietAfter, quietMs } from './quiet.ts';

/** A restart, an eviction or a loss that is not long enough ago. */
export interface Unrest extends Finding {
  /** The pod it happened to. */
  pod: string;
  /** When it has been quiet long enough, in ms. */
  until: number;
}

/** The unrest among a workload's pods that lasts longest. */
export function findUnrest(pods: readonly LivePod[], reading: Reading): Unrest | undefined {
  const found = pods.flatMap((pod) => [
    ...restarts(pod, reading),
    ...evictions(pod),
    ...(reading.hasFallen ? losses(pod) : []),
  ]);
  return found
    .filter(({ until }) => until > reading.now)
    .reduce<Unrest | undefined>((last, one) => (last === undefined || one.until > last.until ? one : last), undefined);
}

function restarts(pod: LivePod, { now, evidence, wayIn }: Reading): Unrest[] {
  const events = evidence?.events ?? wayIn?.events ?? [];
  const sidecars = (pod.status?.initContainerStatuses ?? []).filter(
    ({ name }) => containerOf(pod, name)?.restartPolicy === 'Always',
  );
  return [...sidecars, ...(pod.status?.containerStatuses ?? [])].flatMap((status) => {
    const until = quietAfter(status);
    if (until === undefined) return [];
    return [{ ...toCrash(status, { pod, events, now, role: 'container' }), pod: pod.metadata.name, until }];
  });
}

/** A ReplicaSet leaves the pods that the node ended behind. */
function evictions(pod: LivePod): Unrest[] {
  if (pod.status?.phase !== 'Failed' || isEnding(pod)) return [];
  const ended = (pod.status.containerStatuses ?? []).map(({ state }) => msOf(state?.terminated?.finishedAt));
  const disrupted = msOf(conditionOf(pod, 'DisruptionTarget')?.lastTransitionTime);
  const at = Math.max(disrupted, msOf(conditionOf(pod, 'Ready')?.lastTransitionTime), ...ended);
  const life = at - msOf(pod.status.startTime);
  return [{ ...toEvicted(pod), pod: pod.metadata.name, until: at + quietMs(life) }];
}

/** In an environment that has fallen, a young pod took the place of a lost one. */
function losses({ metadata, status }: LivePod): Unrest[] {
  if (status?.phase === 'Failed') return [];
  return [
    {
      code: 'rollout',
      words: 'it took the place of a pod that was lost, and has to run for a while',
      since: metadata.creationTimestamp,
      pod: metadata.name,
      until: msOf(metadata.creationTimestamp) + SHORTEST_MS,
    },
  ];
}
