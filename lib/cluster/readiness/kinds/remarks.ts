import type { Condition, LiveObject } from '../../api/object-meta.ts';
import { isEnding, isOwnedBy, ownedPods } from '../pods/owners.ts';
import { toCause } from '../pods/message.ts';
import { type LivePod, type ReadObject, type Reading, conditionOf, countOf, msOf, newestOf } from '../reading.ts';
import { isComplete, sayFailure } from './jobs.ts';

/** What is wrong and yet keeps nobody from using the environment: one line each, never a verdict. */
export function findRemarks(reading: Reading): string[] {
  return reading.objects.flatMap((object) => {
    const { type, live, name } = object;
    if (live === undefined) return [];
    const said = `${type.kind}/${name}`;
    if (type.kind === 'CronJob') return remarkOnCronJob(live, reading).map((words) => `${said}: ${words}`);
    if (type.kind === 'HorizontalPodAutoscaler') return remarkOnAutoscaler(live).map((words) => `${said}: ${words}`);
    if (type.kind === 'PodDisruptionBudget') return remarkOnBudget(live).map((words) => `${said}: ${words}`);
    if (RUNS_PODS.has(type.kind)) return remarkOnPods(object, live, reading).map((words) => `${said}: ${words}`);
    return [];
  });
}

const RUNS_PODS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);

function remarkOnCronJob(cron: LiveObject, reading: Reading): string[] {
  const runs = (reading.cronRuns ?? []).filter((job) => isOwnedBy(job, cron.metadata.uid));
  const ended = runs.filter((job) => isComplete(job) || conditionOf(job, 'Failed')?.status === 'True');
  const last = newestOf(ended);
  if (last === undefined || isComplete(last)) return [];
  const failure = conditionOf(last, 'Failed');
  return [`its last run failed: ${sayFailure(last, reading) ?? toCause(failure?.message ?? failure?.reason)}`];
}

function remarkOnAutoscaler(autoscaler: LiveObject): string[] {
  const broken = brokenCondition(autoscaler);
  return broken === undefined ? [] : [`it does not scale: ${toCause(broken.message ?? broken.reason)}`];
}

export function hasBrokenAutoscaler(autoscaler: LiveObject): boolean {
  return brokenCondition(autoscaler) !== undefined;
}

function brokenCondition(autoscaler: LiveObject): Condition | undefined {
  return (
    ['AbleToScale', 'ScalingActive']
      .map((type) => conditionOf(autoscaler, type))
      // scaled to none by a person, which switches it off
      .find((condition) => condition?.status === 'False' && condition.reason !== 'ScalingDisabled')
  );
}

function remarkOnBudget({ status }: LiveObject): string[] {
  const [expected, healthy] = [countOf(status, 'expectedPods'), countOf(status, 'currentHealthy')];
  if (expected === 0 || healthy < expected || countOf(status, 'disruptionsAllowed') > 0) return [];
  const pods = expected === 1 ? 'its one pod' : `any of its ${expected} pods`;
  return [`it lets nobody evict ${pods}, so that the node can't be drained`];
}

function remarkOnPods({ type }: ReadObject, live: LiveObject, reading: Reading): string[] {
  const owned = ownedPods(type, live, reading);
  const pods = [...owned.newest, ...owned.older].filter((pod) => !isEnding(pod));
  return [...remarkOnPause(live), ...remarkOnOldTemplate(live, owned.older), ...remarkOnReads(pods, reading)];
}

function remarkOnPause({ spec }: LiveObject): string[] {
  return spec?.['paused'] === true ? ['it is paused (spec.paused): a new build is not rolled out'] : [];
}

function remarkOnOldTemplate({ spec }: LiveObject, older: readonly LivePod[]): string[] {
  const { type } = (spec?.['updateStrategy'] ?? {}) as { type?: string };
  if (type !== 'OnDelete' || older.length === 0) return [];
  const pods = older.length === 1 ? '1 pod runs' : `${older.length} pods run`;
  return [`${pods} the older template, and nothing replaces them (updateStrategy OnDelete): delete them`];
}

/** Environment variables and subPath mounts are read once, at the start of a container. */
function remarkOnReads(pods: readonly LivePod[], { objects }: Reading): string[] {
  const changed = objects.filter(
    ({ type, name, appliedAt }) =>
      appliedAt !== undefined && pods.some((pod) => readsAtStart(pod, type.kind, name) && startedAt(pod) < appliedAt),
  );
  return changed.map(
    ({ type, name }) =>
      `its pods were started before ${type.kind}/${name} changed, which they read at their start: restart them (kubectl rollout restart)`,
  );
}

function readsAtStart({ spec }: LivePod, kind: string, name: string): boolean {
  if (kind !== 'ConfigMap' && kind !== 'Secret') return false;
  const isMap = kind === 'ConfigMap';
  const volumes = (spec?.volumes ?? [])
    .filter(({ configMap, secret }) => (isMap ? configMap?.name : secret?.secretName) === name)
    .map((volume) => volume.name);
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some(
    ({ env = [], envFrom = [], volumeMounts = [] }) =>
      env.some(({ valueFrom }) => (isMap ? valueFrom?.configMapKeyRef : valueFrom?.secretKeyRef)?.name === name) ||
      envFrom.some((from) => (isMap ? from.configMapRef : from.secretRef)?.name === name) ||
      volumeMounts.some((mount) => mount.subPath !== undefined && volumes.includes(mount.name)),
  );
}

/** When the container started that runs longest; a restart in place reads the environment once more. */
function startedAt({ status }: LivePod): number {
  const started = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.running?.startedAt ?? []);
  return Math.min(...started.map(msOf));
}
