import type { Survey } from '../../environment/ports/readiness.ts';
import { forEachLimited } from '../../concurrency.ts';
import type { Send } from '../api/client.ts';
import type { Condition, LiveObject } from '../api/object-meta.ts';
import { readPages } from '../api/pages.ts';
import { type Discovery, type TypeOfObject, objectName, pathOf } from '../api/rest-mapping.ts';
import { isComplete } from './kinds/jobs.ts';
import { hasBrokenAutoscaler } from './kinds/remarks.ts';
import { judgeDaemonSet, judgeDeployment, judgeStatefulSet } from './kinds/workloads.ts';
import { isRestless } from './pods/quiet.ts';
import { type LivePod, type Verdict, conditionOf, msOf } from './reading.ts';

const SLUG = 'feature-branch-provisioner/slug';
const NAMESPACE = 'feature-';
const IGNORE = 'feature-branch-provisioner/ignore-health';

interface Surveyed {
  type: TypeOfObject;
  isSuspect: (object: LiveObject, now: number) => boolean;
}

const isOpen =
  (judge: (object: LiveObject) => Verdict) =>
  (object: LiveObject): boolean =>
    isUnobserved(object) || judge(object).health !== 'ready';

/**
 * What bears our label. A kind that we may not list, such as one that the shipped role does not grant, says nothing
 * here: an environment that holds one is not ready by its own reading.
 */
const LABELLED: Surveyed[] = [
  { type: { apiVersion: 'apps/v1', kind: 'Deployment' }, isSuspect: isOpen(judgeDeployment) },
  { type: { apiVersion: 'apps/v1', kind: 'StatefulSet' }, isSuspect: isOpen(judgeStatefulSet) },
  { type: { apiVersion: 'apps/v1', kind: 'DaemonSet' }, isSuspect: isOpen(judgeDaemonSet) },
  { type: { apiVersion: 'batch/v1', kind: 'Job' }, isSuspect: (job) => !isComplete(job) && !isAtRest(job) },
  { type: { apiVersion: 'batch/v1', kind: 'CronJob' }, isSuspect: hasFailedRun },
  { type: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }, isSuspect: hasNoAddress },
  { type: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' }, isSuspect: isTurnedAway },
  { type: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' }, isSuspect: hasBrokenAutoscaler },
];

/**
 * Which environments are not well, by lists over the whole cluster. Workloads are found by our label. Pods bear none,
 * since their templates are not ours to label, and one list of all pods in pages is the cheapest reading that shows
 * restarts: a list in each namespace would cost a call per environment. The role grants it already.
 */
export async function surveyEnvironments(context: {
  send: Send;
  discovery: Discovery;
  clock: { now(): number };
}): Promise<Survey> {
  const survey: Survey = { suspect: new Set(), unread: [] };
  const now = context.clock.now();
  const look = async ({ type, isSuspect }: Surveyed, query: Record<string, string>): Promise<void> => {
    const resource = await context.discovery.resourceOf(type);
    if (resource === undefined) return;
    const object = objectName({ kind: `${type.kind}List`, metadata: { name: 'all namespaces' } });
    const pages = readPages<LiveObject>(context.send, {
      path: pathOf({ resource }),
      object,
      query,
      omitManagedFields: true,
      unlisted: [403, 404],
    });
    for await (const page of pages) {
      if (page.kind === 'unlisted' && type.kind === 'Pod') survey.unread.push(type.kind);
      // findings of a list that had to begin again stay: a suspect only costs a closer reading
      if (page.kind !== 'items') continue;
      for (const { metadata, ...object } of page.items) {
        const { namespace = '', annotations } = metadata;
        if (!namespace.startsWith(NAMESPACE) || annotations?.[IGNORE] === 'true') continue;
        if (isSuspect({ metadata, ...object }, now)) survey.suspect.add(namespace);
      }
    }
  };
  const pods: Surveyed = { type: { apiVersion: 'v1', kind: 'Pod' }, isSuspect: hasUnrest };
  const lanes: { kinds: readonly Surveyed[]; query: Record<string, string> }[] = [
    { kinds: [pods], query: { fieldSelector: 'metadata.namespace!=kube-system' } },
    { kinds: LABELLED, query: { labelSelector: SLUG } },
  ];
  // while a page of one is judged, the API server makes one of the other: two are held at a time, and no more
  await forEachLimited(lanes, lanes.length, async ({ kinds, query }) => {
    for (const kind of kinds) await look(kind, query);
  });
  return survey;
}

function isUnobserved({ metadata, status }: LiveObject): boolean {
  return (status?.observedGeneration ?? 0) < (metadata.generation ?? 0);
}

function isAtRest(job: LiveObject): boolean {
  return job.spec?.['suspend'] === true || conditionOf(job, 'Suspended')?.status === 'True';
}

function hasFailedRun({ status }: LiveObject): boolean {
  const { lastScheduleTime, lastSuccessfulTime, active } = (status ?? {}) as {
    lastScheduleTime?: string;
    lastSuccessfulTime?: string;
    active?: unknown[];
  };
  return !active?.length && msOf(lastScheduleTime) > msOf(lastSuccessfulTime);
}

function hasNoAddress({ status }: LiveObject): boolean {
  const { loadBalancer } = (status ?? {}) as { loadBalancer?: { ingress?: unknown[] } };
  return !loadBalancer?.ingress?.length;
}

function isTurnedAway({ status }: LiveObject): boolean {
  const { parents = [] } = (status ?? {}) as { parents?: { conditions?: Condition[] }[] };
  return !parents.some(({ conditions }) =>
    conditions?.some(({ type, status: is }) => type === 'Accepted' && is === 'True'),
  );
}

/** A pod that was restarted not long ago, or that its node ended; whose it is, the reading of its namespace tells. */
function hasUnrest(pod: LivePod, now: number): boolean {
  if (pod.status?.phase === 'Failed') return isRecent(pod, now) && !isOfJob(pod);
  return (pod.status?.containerStatuses ?? []).some((status) => isRestless(status, now));
}

function isRecent(pod: LivePod, now: number): boolean {
  const ended = (pod.status?.containerStatuses ?? []).map(({ state }) => msOf(state?.terminated?.finishedAt));
  const at = Math.max(msOf(conditionOf(pod, 'Ready')?.lastTransitionTime), ...ended);
  return now - at < 600_000;
}

function isOfJob({ metadata }: LivePod): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === 'Job') === true;
}
