import type { Condition, LiveObject } from '../../api/object-meta.ts';
import { toRefusal } from '../pods/message.ts';
import { READY, type Verdict, conditionOf, countOf } from '../reading.ts';

/** By kubectl rollout status and kstatus: new template observed, updated, available, and no old replica left. */
export function judgeDeployment(object: LiveObject): Verdict {
  if (object.status?.observedGeneration === undefined) return unobserved();
  const { spec, status } = object;
  const wanted = countOf(spec, 'replicas', 1);
  const [made, updated, available] = [
    countOf(status, 'replicas'),
    countOf(status, 'updatedReplicas'),
    countOf(status, 'availableReplicas'),
  ];
  if (spec?.['paused'] === true && updated < wanted)
    return starting(`it is paused (spec.paused), ${updated} of ${wanted} replicas have the newest template`);
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded') {
    return {
      ...starting('its progress deadline is exceeded'),
      health: 'failed',
      since: progressing.lastTransitionTime,
    };
  }
  const refused = conditionOf(object, 'ReplicaFailure');
  if (updated < wanted || refused?.status === 'True')
    return byCreation(`${updated} of ${wanted} replicas updated`, refused);
  if (made > updated) return starting(`${made - updated} old replicas to end`, 'ending');
  if (available < wanted) return starting(`${available} of ${wanted} replicas available`);
  if (conditionOf(object, 'Available')?.status === 'False') return starting('it is not available');
  return READY;
}

/** With OnDelete nothing replaces pods of the old template, so that ready pods are all one can wait for. */
export function judgeStatefulSet(object: LiveObject): Verdict {
  const { spec = {}, status = {} } = object;
  if (status.observedGeneration === undefined) return unobserved();
  const strategy = (spec['updateStrategy'] ?? {}) as { type?: string; rollingUpdate?: { partition?: number } };
  const wanted = countOf(spec, 'replicas', 1);
  const [made, ready, updated] = [
    countOf(status, 'replicas'),
    countOf(status, 'readyReplicas'),
    countOf(status, 'updatedReplicas'),
  ];
  // absent before 1.22, and in a status that nobody has counted yet
  const available = countOf(status, 'availableReplicas', ready);
  if (made < wanted) return starting(`${made} of ${wanted} replicas made`);
  if (ready < wanted) return starting(`${ready} of ${wanted} replicas ready`);
  if (available < wanted) return starting(`${available} of ${wanted} replicas available`);
  if (made > wanted) return starting(`${made - wanted} replicas to end`, 'ending');
  if (strategy.type === 'OnDelete') return READY;
  const partition = strategy.rollingUpdate?.partition ?? 0;
  if (updated < wanted - partition) return starting(`${updated} of ${wanted - partition} replicas updated`);
  if (partition === 0 && status['currentRevision'] !== status['updateRevision']) return starting('it is rolling out');
  return READY;
}

export function judgeDaemonSet(object: LiveObject): Verdict {
  const { spec, status } = object;
  if (status?.observedGeneration === undefined) return unobserved();
  const wanted = countOf(status, 'desiredNumberScheduled');
  const [scheduled, updated, available, ready] = [
    countOf(status, 'currentNumberScheduled'),
    countOf(status, 'updatedNumberScheduled'),
    countOf(status, 'numberAvailable'),
    countOf(status, 'numberReady'),
  ];
  const onDelete = (spec?.['updateStrategy'] as { type?: string } | undefined)?.type === 'OnDelete';
  if (scheduled < wanted) return starting(`${scheduled} of ${wanted} pods scheduled`);
  if (onDelete) return ready < wanted ? starting(`${ready} of ${wanted} pods ready`) : READY;
  if (updated < wanted) return starting(`${updated} of ${wanted} pods updated`);
  if (available < wanted) return starting(`${available} of ${wanted} pods available`);
  return READY;
}

/** kstatus knows neither kind; both count as a Deployment's replicas do. */
export function judgeReplicaSet(object: LiveObject): Verdict {
  const { spec, status } = object;
  if (status?.observedGeneration === undefined) return unobserved();
  const wanted = countOf(spec, 'replicas', 1);
  const [made, available] = [countOf(status, 'replicas'), countOf(status, 'availableReplicas')];
  if (made < wanted) return byCreation(`${made} of ${wanted} replicas made`, conditionOf(object, 'ReplicaFailure'));
  if (made > wanted) return starting(`${made - wanted} replicas to end`, 'ending');
  return available < wanted ? starting(`${available} of ${wanted} replicas available`) : READY;
}

/** A bare pod: nobody makes it again once it has ended. */
export function judgePod(object: LiveObject): Verdict {
  const { phase, message } = (object.status ?? {}) as { phase?: string; message?: string };
  if (phase === 'Succeeded') return READY;
  if (phase === 'Failed') {
    const words = message === undefined ? 'it failed and will not restart' : `it failed: ${message}`;
    return { health: 'failed', code: 'crash', words, fix: PUSH_AGAIN };
  }
  const ready = conditionOf(object, 'Ready');
  return ready?.status === 'True' ? READY : starting('it is not ready');
}

/** What has ended for good is made again when a person asks, never by a sweep. */
export const PUSH_AGAIN = 'fix what it lacks, then push or provision again: both run it once more';

export function starting(words: string, code: Verdict['code'] = 'rollout'): Verdict {
  return { health: 'starting', words, code };
}

function unobserved(): Verdict {
  return starting('it is not yet observed by its controller');
}

/** Pods that are refused have no state: the condition says why. */
function byCreation(words: string, refused: Condition | undefined): Verdict {
  if (refused?.status !== 'True') return starting(words);
  return { health: 'starting', ...toRefused(refused.message), since: refused.lastTransitionTime };
}

/** How a refusal to make pods reads, whoever tells it. */
export function toRefused(message: string | undefined): { words: string; code: 'quota' | 'refused'; fix: string } {
  const words = toRefusal(message);
  const quota = /exceeded quota: ([^,\s]+)/.exec(words);
  if (quota !== null) {
    return {
      words,
      code: 'quota',
      fix: `raise the ResourceQuota ${quota[1]}, or lower requests, limits or replicas, then push`,
    };
  }
  const fix = /violates PodSecurity/.test(words)
    ? 'set the securityContext that the message names, or let POD_SECURITY of manifests/cluster allow it'
    : 'change the pod template so that it keeps the rule that the message names, then push';
  return { words, code: 'refused', fix };
}
