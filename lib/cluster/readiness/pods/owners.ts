import type { LiveObject } from '../../api/object-meta.ts';
import type { TypeOfObject } from '../../api/rest-mapping.ts';
import { type LivePod, type Reading, conditionOf, msOf, newestOf } from '../reading.ts';

const REVISION = 'deployment.kubernetes.io/revision';

/** The pods of one workload by owner references, whatever its selector: those of its newest template, and the others. */
export interface OwnedPods {
  newest: LivePod[];
  older: LivePod[];
  /** The ReplicaSet of the newest template; absent if it is not read or not made. */
  replicaSet?: LiveObject | undefined;
}

export function ownedPods(type: TypeOfObject, live: LiveObject, reading: Reading): OwnedPods {
  if (type.kind === 'Pod') return { newest: [live], older: [] };
  if (type.kind === 'Deployment') return podsOfDeployment(live, reading);
  const pods = reading.pods.filter((pod) => isOwnedBy(pod, live.metadata.uid));
  const isNewest = newestTest(type, live);
  const rolled = viaReplicaSets(live, reading);
  return {
    newest: [...pods.filter(isNewest), ...rolled],
    older: pods.filter((pod) => !isNewest(pod)),
  };
}

/** Without the ReplicaSets, whose names end in the hash that their pods bear, all pods count as the newest. */
function podsOfDeployment(live: LiveObject, { pods, evidence }: Reading): OwnedPods {
  const { name, uid, annotations } = live.metadata;
  if (evidence === undefined) {
    const newest = pods.filter(({ metadata }) =>
      metadata.ownerReferences?.some(
        (owner) => owner.kind === 'ReplicaSet' && owner.name === `${name}-${metadata.labels?.['pod-template-hash']}`,
      ),
    );
    return { newest, older: [] };
  }
  const sets = evidence.replicaSets.filter((set) => isOwnedBy(set, uid));
  const revision = annotations?.[REVISION];
  const replicaSet =
    sets.find(({ metadata }) => revision !== undefined && metadata.annotations?.[REVISION] === revision) ??
    newestOf(sets);
  const ofSet = (pod: LivePod, set: LiveObject): boolean => isOwnedBy(pod, set.metadata.uid);
  return {
    newest: replicaSet === undefined ? [] : pods.filter((pod) => ofSet(pod, replicaSet)),
    older: pods.filter((pod) => sets.some((set) => set !== replicaSet && ofSet(pod, set))),
    replicaSet,
  };
}

/** Pods of kinds that make ReplicaSets too, as Argo's Rollout does. */
function viaReplicaSets(live: LiveObject, { pods, evidence }: Reading): LivePod[] {
  const sets = (evidence?.replicaSets ?? []).filter((set) => isOwnedBy(set, live.metadata.uid));
  return pods.filter((pod) => sets.some((set) => isOwnedBy(pod, set.metadata.uid)));
}

function newestTest({ kind }: TypeOfObject, live: LiveObject): (pod: LivePod) => boolean {
  if (kind === 'StatefulSet') {
    const revision = live.status?.['updateRevision'];
    return ({ metadata }) => revision === undefined || metadata.labels?.['controller-revision-hash'] === revision;
  }
  if (kind === 'DaemonSet') {
    const generation = live.metadata.annotations?.['deprecated.daemonset.template.generation'];
    return ({ metadata }) => generation === undefined || metadata.labels?.['pod-template-generation'] === generation;
  }
  return () => true;
}

export function isOwnedBy({ metadata }: Pick<LiveObject, 'metadata'>, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller !== false) === true;
}

export function isReady(pod: LivePod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

export function isEnding({ metadata }: LivePod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Whether the kubelet has never called the pod ready: its condition still dates from the pod's start. */
export function wasNeverReady(pod: LivePod): boolean {
  const ready = conditionOf(pod, 'Ready');
  if (ready?.status === 'True') return false;
  const statuses = pod.status?.containerStatuses ?? [];
  const hasRun = statuses.some(
    ({ state, lastState, restartCount = 0 }) =>
      state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated || restartCount > 0,
  );
  if (!hasRun || ready === undefined) return true;
  const start = msOf(pod.status?.startTime ?? pod.metadata.creationTimestamp);
  return ready.lastTransitionTime !== undefined && msOf(ready.lastTransitionTime) - start <= 1_000;
}
