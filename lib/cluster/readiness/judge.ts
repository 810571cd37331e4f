import type { Health, Readiness, Reason, StuckPod } from '../../environment/ports/readiness.ts';
import type { LiveObject } from '../api/object-meta.ts';
import { type TypeOfObject, objectName } from '../api/rest-mapping.ts';
import { isJudged, judgeByConditions, judgeClaim } from './kinds/conditions.ts';
import { isComplete, judgeJob } from './kinds/jobs.ts';
import { findRemarks } from './kinds/remarks.ts';
import { isWayIn, judgeWayIn } from './kinds/way-in.ts';
import { judgeDaemonSet, judgeDeployment, judgePod, judgeReplicaSet, judgeStatefulSet } from './kinds/workloads.ts';
import { ownedPods } from './pods/owners.ts';
import { type Unrest, findUnrest } from './pods/unrest.ts';
import { findStuckPod } from './stuck-pod.ts';
import { CAUSE_CODES, READY, type ReadObject, type Reading, type Verdict } from './reading.ts';
import { explainWorkload } from './explain.ts';

/** Leaves an object out of what ready means. Part of the overlays' contract. */
const IGNORE = 'feature-branch-provisioner/ignore-health';

type Judge = (object: LiveObject, reading: Reading) => Verdict;

const WORKLOADS: Record<string, Judge> = {
  'apps/v1 Deployment': judgeDeployment,
  'apps/v1 StatefulSet': judgeStatefulSet,
  'apps/v1 DaemonSet': judgeDaemonSet,
  'apps/v1 ReplicaSet': judgeReplicaSet,
  'v1 ReplicationController': judgeReplicaSet,
  'v1 Pod': judgePod,
};

const OTHERS: Record<string, Judge> = { 'batch/v1 Job': judgeJob, 'v1 PersistentVolumeClaim': judgeClaim };

/** Causes that pass by themselves: a rollout's own deadline does not make them failures. */
const PASSING = new Set(['image', 'capacity', 'quota', 'mount']);

/**
 * Whether a person can use the environment, and why not: every object of it judged from one reading of its namespace.
 * Pure. docs/ready.md lists the rules by kind, with their sources.
 */
export function judgeEnvironment(reading: Reading): Readiness {
  const isIgnored = ({ live }: ReadObject): boolean => live?.metadata.annotations?.[IGNORE] === 'true';
  const judged = reading.objects.filter((object) => isJudged(object.type) && !isIgnored(object));
  const open = judged.flatMap((object) => {
    const verdict = judgeObject(object, reading);
    return verdict.health === 'ready' ? [] : [{ object, verdict }];
  });
  const unrest = open.length > 0 ? [] : judged.flatMap((object) => toUnrest(object, reading));
  const reasons = [
    ...open.map(({ object, verdict }) => toReason(object, verdict, reading)),
    ...unrest.map(({ object, found }) => toReason(object, sayUnrest(found), reading)),
  ];
  const stuckPod = findStuck(judged, reading);
  return {
    health: toHealth(reasons, reading),
    reasons: inOrder(reasons, reading),
    remarks:
      reasons.length > 0 ? [] : findRemarks({ ...reading, objects: reading.objects.filter((one) => !isIgnored(one)) }),
    ignored: reading.objects.filter(isIgnored).length,
    finished: judged
      .filter(
        ({ type, live, isFinished }) => type.kind === 'Job' && (live === undefined ? isFinished : isComplete(live)),
      )
      .map(({ type, name }) => `${type.apiVersion} ${type.kind} ${name}`),
    ...(unrest.length > 0 && {
      quietUntil: new Date(Math.max(...unrest.map(({ found }) => found.until))).toISOString(),
    }),
    ...(stuckPod !== undefined && { stuckPod }),
  };
}

/** Whether all workloads are up, so that the way in is worth reading. */
export function isUp({ reasons }: Readiness): boolean {
  return reasons.every(({ code }) => code === 'way-in');
}

function judgeObject(object: ReadObject, reading: Reading): Verdict {
  const { type, live, unread } = object;
  if (unread !== undefined) return { health: 'starting', code: 'unread', words: unread, fix: GRANT };
  // not read before the workloads are up
  if (isWayIn(type) && reading.wayIn === undefined) return READY;
  if (object.isFinished === true && live === undefined) return READY;
  if (live === undefined) return { health: 'starting', words: 'it is not there' };
  if (live.metadata.deletionTimestamp) return { health: 'starting', code: 'ending', words: 'it is being deleted' };
  const key = `${type.apiVersion} ${type.kind}`;
  const observed = live.status?.observedGeneration;
  if (observed !== undefined && observed < (live.metadata.generation ?? 0))
    return { health: 'starting', code: 'rollout', words: 'its newest spec is not yet observed' };
  const workload = WORKLOADS[key];
  if (workload !== undefined) {
    const verdict = workload(live, reading);
    return verdict.health === 'ready' ? verdict : explainWorkload(object, live, { verdict, reading });
  }
  if (isWayIn(type)) return judgeWayIn(type.kind, live, reading);
  return (OTHERS[key] ?? judgeByConditions)(live, reading);
}

const GRANT =
  'apply manifests/cluster of this version, or grant get and list on the kind in a ClusterRole labelled feature-branch-provisioner/aggregate: "true"';

function toUnrest(object: ReadObject, reading: Reading): { object: ReadObject; found: Unrest }[] {
  const { type, live } = object;
  if (live === undefined || WORKLOADS[`${type.apiVersion} ${type.kind}`] === undefined) return [];
  const { newest, older } = ownedPods(type, live, reading);
  const found = findUnrest([...newest, ...older], reading);
  return found === undefined ? [] : [{ object, found }];
}

function sayUnrest({ pod, ...found }: Unrest): Verdict {
  return { health: 'starting', ...found, words: `${found.words} (Pod ${pod})` };
}

function findStuck(judged: ReadObject[], reading: Reading): StuckPod | undefined {
  for (const object of judged) {
    const stuck = findStuckPod(object, reading);
    if (stuck !== undefined) return { name: stuck.metadata.name, uid: stuck.metadata.uid, set: object.name };
  }
  return undefined;
}

interface Judged extends Reason {
  rank: number;
  isFailed: boolean;
  /** It has failed so often that a person would stop waiting; an earlier cause may be the reason. */
  isHopeless: boolean;
}

function toReason({ type, name }: ReadObject, verdict: Verdict, { namespace }: Reading): Judged {
  const { words, code = 'unknown', since, fix, health, isFinal = false, isHopeless = false } = verdict;
  return {
    object: objectName({ kind: type.kind, metadata: { name } }, namespace),
    cause: words ?? health,
    code,
    ...(since !== undefined && { since }),
    ...(fix !== undefined && { fix }),
    rank: CAUSE_CODES.indexOf(code),
    isFailed: isFinal || (health === 'failed' && !PASSING.has(code)),
    isHopeless,
  };
}

/** After a fall only READY_DEADLINE makes a failure of restarts: it has worked before. */
function failsNow({ isFailed, isHopeless, rank }: Judged, reasons: readonly Judged[], { hasFallen }: Reading): boolean {
  return isFailed || (isHopeless && !hasFallen && reasons.every((other) => other.rank >= rank));
}

function toHealth(reasons: readonly Judged[], reading: Reading): Health {
  if (reasons.length === 0) return 'ready';
  return reasons.some((reason) => failsNow(reason, reasons, reading)) ? 'failed' : 'starting';
}

/** What has failed first; else in the order in which causes follow from each other, and of the overlays. */
function inOrder(reasons: readonly Judged[], reading: Reading): Reason[] {
  return reasons
    .map((reason) => ({ reason, fails: failsNow(reason, reasons, reading) }))
    .sort((one, other) => Number(other.fails) - Number(one.fails) || one.reason.rank - other.reason.rank)
    .map(({ reason: { object, cause, code, since, fix } }) => ({
      object,
      cause,
      code,
      ...(since !== undefined && { since }),
      ...(fix !== undefined && { fix }),
    }));
}

/** One object by its own status alone, for whoever shows it beside others. */
export function judgeAlone(
  type: TypeOfObject,
  live: LiveObject,
  now: number,
): { state: 'ready' | 'starting' | 'failed'; reason?: string } {
  const namespace = live.metadata.namespace ?? '';
  const object: ReadObject = { type, name: live.metadata.name, live };
  const { health, reasons } = judgeEnvironment({ namespace, now, hasFallen: false, objects: [object], pods: [] });
  const [first] = reasons;
  return { state: health, ...(first !== undefined && { reason: first.cause }) };
}
