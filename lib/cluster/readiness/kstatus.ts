import type { Condition, LiveObject } from '../api/object-meta.ts';
import { say } from '../api/status.ts';

/**
 * Whether a live object is what its spec says, by the rules of kstatus: `current`, still coming, or failed for good.
 * https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
 */
export interface Judgement {
  state: 'ready' | 'starting' | 'failed';
  reason?: string;
}

type Judge = (object: LiveObject) => Judgement;

const READY: Judgement = { state: 'ready' };

const JUDGES: Record<string, Judge> = {
  'apps/v1 Deployment': judgeDeployment,
  'apps/v1 StatefulSet': judgeStatefulSet,
  'apps/v1 DaemonSet': judgeDaemonSet,
  'batch/v1 Job': judgeJob,
  'batch/v1 CronJob': judgeByConditions,
  'autoscaling/v2 HorizontalPodAutoscaler': judgeByConditions,
  'networking.k8s.io/v1 Ingress': judgeByConditions,
  'v1 PersistentVolumeClaim': judgeClaim,
  'v1 Pod': judgePod,
  'v1 Service': judgeService,
};

/** Whether a kind can be anything but ready once it is applied. */
export function isJudged({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean {
  return `${apiVersion} ${kind}` in JUDGES;
}

export function judge(type: { apiVersion: string; kind: string }, object: LiveObject): Judgement {
  if (object.metadata.deletionTimestamp) return starting('it is being deleted');
  const { generation = 0 } = object.metadata;
  const observed = object.status?.observedGeneration;
  if (observed !== undefined && observed !== generation) return starting('its newest spec is not yet observed');
  return JUDGES[`${type.apiVersion} ${type.kind}`]?.(object) ?? READY;
}

function judgeDeployment(object: LiveObject): Judgement {
  const progressing = condition(object, 'Progressing');
  if (progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded') {
    return failed('its progress deadline is exceeded', progressing);
  }
  const wanted = count(object.spec, 'replicas', 1);
  const [made, updated, available] = counts(object, ['replicas', 'updatedReplicas', 'availableReplicas']);
  if (object.status?.observedGeneration === undefined) return starting('it is not yet observed');
  if (updated < wanted)
    return starting(`${updated} of ${wanted} replicas updated`, condition(object, 'ReplicaFailure'));
  if (made > updated) return starting(`${made - updated} old replicas to end`);
  if (available < wanted) return starting(`${available} of ${wanted} replicas available`);
  if (condition(object, 'Available')?.status === 'False') return starting('it is not available');
  return READY;
}

function judgeStatefulSet(object: LiveObject): Judgement {
  const { spec = {}, status = {} } = object;
  const strategy = (spec['updateStrategy'] ?? {}) as { type?: string; rollingUpdate?: { partition?: number } };
  if (strategy.type === 'OnDelete') return READY;
  if (status.observedGeneration === undefined) return starting('it is not yet observed');
  const wanted = count(spec, 'replicas', 1);
  const [made, ready, updated] = counts(object, ['replicas', 'readyReplicas', 'updatedReplicas']);
  if (made < wanted) return starting(`${made} of ${wanted} replicas made`);
  if (ready < wanted) return starting(`${ready} of ${wanted} replicas ready`);
  if (made > wanted) return starting(`${made - wanted} replicas to end`);
  const partition = strategy.rollingUpdate?.partition ?? 0;
  if (updated < wanted - partition) return starting(`${updated} of ${wanted - partition} replicas updated`);
  if (partition === 0 && status['currentRevision'] !== status['updateRevision']) return starting('it is rolling out');
  return READY;
}

function judgeDaemonSet(object: LiveObject): Judgement {
  if (object.status?.observedGeneration === undefined) return starting('it is not yet observed');
  const wanted = count(object.status, 'desiredNumberScheduled', 0);
  const [scheduled, updated, available] = counts(object, [
    'currentNumberScheduled',
    'updatedNumberScheduled',
    'numberAvailable',
  ]);
  if (scheduled < wanted) return starting(`${scheduled} of ${wanted} pods scheduled`);
  if (updated < wanted) return starting(`${updated} of ${wanted} pods updated`);
  if (available < wanted) return starting(`${available} of ${wanted} pods available`);
  return READY;
}

/** A job that has started counts as current; only one that failed does not. */
function judgeJob(object: LiveObject): Judgement {
  const failure = condition(object, 'Failed');
  if (failure?.status === 'True') return failed('it failed', failure);
  if (condition(object, 'Complete')?.status === 'True' || condition(object, 'Suspended')?.status === 'True')
    return READY;
  return object.status?.['startTime'] ? READY : starting('it has not started');
}

function judgeClaim(object: LiveObject): Judgement {
  const { phase } = (object.status ?? {}) as { phase?: string };
  if (phase === 'Lost') return failed('its volume is lost');
  return phase === 'Bound' ? READY : starting('it is not bound');
}

function judgePod(object: LiveObject): Judgement {
  const { phase } = (object.status ?? {}) as { phase?: string };
  if (phase === 'Succeeded') return READY;
  if (phase === 'Failed') return failed('it failed');
  return condition(object, 'Ready')?.status === 'True'
    ? READY
    : starting('it is not ready', condition(object, 'Ready'));
}

/** One of type LoadBalancer is there once it has an address of the cluster; its outer one comes when it comes. */
function judgeService(object: LiveObject): Judgement {
  const { type, clusterIP } = (object.spec ?? {}) as { type?: string; clusterIP?: string };
  return type === 'LoadBalancer' && !clusterIP ? starting('it has no address yet') : judgeByConditions(object);
}

/** The standard conditions, which a controller may set on any kind. */
function judgeByConditions(object: LiveObject): Judgement {
  const stalled = condition(object, 'Stalled');
  if (stalled?.status === 'True') return failed('it is stalled', stalled);
  const reconciling = condition(object, 'Reconciling');
  if (reconciling?.status === 'True') return starting('it is reconciling', reconciling);
  const ready = condition(object, 'Ready');
  return ready?.status === 'False' ? starting('it is not ready', ready) : READY;
}

function condition(object: LiveObject, type: string): Condition | undefined {
  return object.status?.conditions?.find((candidate) => candidate.type === type);
}

function count(from: Record<string, unknown> | undefined, field: string, otherwise: number): number {
  const value = from?.[field];
  return typeof value === 'number' ? value : otherwise;
}

function counts(object: LiveObject, fields: [string, string, string]): [number, number, number] {
  const [a, b, c] = fields;
  return [count(object.status, a, 0), count(object.status, b, 0), count(object.status, c, 0)];
}

function starting(reason: string, because?: Condition): Judgement {
  return { state: 'starting', reason: say(reason, because?.message) };
}

function failed(reason: string, because?: Condition): Judgement {
  return { ...starting(reason, because), state: 'failed' };
}
