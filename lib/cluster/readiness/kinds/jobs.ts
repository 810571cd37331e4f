import type { LiveObject } from '../../api/object-meta.ts';
import { toCrash } from '../pods/containers.ts';
import { newestWarning } from '../pods/events.ts';
import { toCause } from '../pods/message.ts';
import { isOwnedBy } from '../pods/owners.ts';
import { findPodCause } from '../pods/pod-cause.ts';
import { type LivePod, READY, type Reading, type Verdict, conditionOf, countOf, newestOf } from '../reading.ts';
import { PUSH_AGAIN, starting, toRefused } from './workloads.ts';

/**
 * A Job is done when it is complete. kstatus calls it current once it has started; to a person a migration that still
 * runs, or that failed, is no environment, and Flux and Argo CD wait too.
 */
export function judgeJob(object: LiveObject, reading: Reading): Verdict {
  const { spec, status } = object;
  if (isComplete(object)) return READY;
  const failure = conditionOf(object, 'Failed') ?? conditionOf(object, 'FailureTarget');
  if (failure?.status === 'True') {
    return {
      health: 'failed',
      code: 'job',
      words: `it failed: ${sayFailure(object, reading) ?? toCause(failure.message ?? failure.reason)}`,
      since: failure.lastTransitionTime,
      fix: PUSH_AGAIN,
    };
  }
  // asked for so: it rests until somebody resumes it
  if (spec?.['suspend'] === true || conditionOf(object, 'Suspended')?.status === 'True') return READY;
  const pods = podsOfJob(object, reading).filter(({ status: { phase } = {} }) => phase !== 'Failed');
  const pod = newestOf(pods);
  if (pod === undefined) return withoutPods(object, reading);
  const cause = findPodCause(pod, { events: reading.evidence?.events ?? [], now: reading.now });
  if (cause !== undefined && cause.code !== 'probe') {
    return { health: 'starting', ...cause, words: `${cause.words} (Pod ${pod.metadata.name})` };
  }
  const tries = countOf(status, 'failed') === 0 ? '' : `, ${sayFailure(object, reading) ?? 'an earlier try failed'}`;
  const since = pod.status?.startTime ?? (status?.['startTime'] as string | undefined);
  return {
    ...starting(
      `it still runs (Pod ${pod.metadata.name}${since === undefined ? '' : `, since ${since}`})${tries}`,
      'job',
    ),
    since,
    fix: `see what it does: kubectl logs ${pod.metadata.name} -n ${reading.namespace}; a Job that runs for ever needs feature-branch-provisioner/ignore-health: "true"`,
  };
}

export function isComplete(job: LiveObject): boolean {
  return conditionOf(job, 'Complete')?.status === 'True' || conditionOf(job, 'SuccessCriteriaMet')?.status === 'True';
}

function podsOfJob(job: LiveObject, { pods }: Pick<Reading, 'pods'>): LivePod[] {
  return pods.filter((pod) => isOwnedBy(pod, job.metadata.uid));
}

/** `container migrate ended with exit code 4`, by the newest pod that failed; undefined once its pods are gone. */
export function sayFailure(job: LiveObject, reading: Pick<Reading, 'pods' | 'now'>): string | undefined {
  const pod = newestOf(podsOfJob(job, reading).filter(({ status }) => status?.phase === 'Failed'));
  const statuses = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
  const ended = statuses.find(({ state }) => state?.terminated !== undefined && state.terminated.exitCode !== 0);
  const deadline = conditionOf(job, 'Failed')?.reason === 'DeadlineExceeded' ? 'its deadline passed' : undefined;
  if (pod === undefined || ended === undefined) return deadline ?? (pod && toCause(pod.status?.message));
  const { words } = toCrash({ ...ended, restartCount: 0 }, { pod, events: [], now: reading.now, role: 'container' });
  return deadline === undefined ? words : `${deadline}; ${words}`;
}

function withoutPods(job: LiveObject, { evidence, namespace }: Reading): Verdict {
  const refused = newestWarning(evidence?.events ?? [], job, { reasons: ['FailedCreate'] });
  if (refused !== undefined) return { health: 'starting', ...toRefused(refused.message) };
  if (countOf(job.status, 'failed') > 0) {
    const words = `a try failed, the next one is due (kubectl get pods -n ${namespace} -l job-name=${job.metadata.name})`;
    return starting(words, 'job');
  }
  return starting('it has not started', 'job');
}
