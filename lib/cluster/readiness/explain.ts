import type { LiveObject } from '../api/object-meta.ts';
import { PUSH_AGAIN, toRefused } from './kinds/workloads.ts';
import { NOBODY_MAKES_MS } from './pods/containers.ts';
import { newestWarning } from './pods/events.ts';
import { toCause } from './pods/message.ts';
import { type OwnedPods, isEnding, isReady, ownedPods } from './pods/owners.ts';
import { earliest, findPodCause } from './pods/pod-cause.ts';
import { findStuckPod } from './stuck-pod.ts';
import {
  type Finding,
  type LiveEvent,
  type LivePod,
  type ReadObject,
  type Reading,
  type Verdict,
  countOf,
  msOf,
} from './reading.ts';

/** A workload's verdict with the cause that the pods of its newest template tell, or the events where none are made. */
export function explainWorkload(
  { type }: ReadObject,
  live: LiveObject,
  { verdict, reading }: { verdict: Verdict; reading: Reading },
): Verdict {
  const owned = ownedPods(type, live, reading);
  if (type.kind === 'Pod') return ofBarePod(live, { verdict, reading });
  const stuck = findStuckPod({ type, live }, reading);
  if (stuck !== undefined) return toStuckVerdict(stuck, reading);
  const cause = verdict.code === 'quota' || verdict.code === 'refused' ? undefined : findCause(live, owned, reading);
  const said: Verdict =
    cause === undefined ? verdict : { ...cause, health: verdict.health, words: toWords(verdict, cause) };
  const serves = owned.older.some((pod) => isReady(pod) && !isEnding(pod));
  return serves && said.words !== undefined ? { ...said, words: `${said.words}; the build before it serves on` } : said;
}

/** The controller's own words stay where they say more than that pods are missing. */
function toWords({ health, words }: Verdict, cause: Finding): string {
  return health === 'failed' && words !== undefined ? `${words}; ${cause.words}` : cause.words;
}

function ofBarePod(pod: LivePod, { verdict, reading }: { verdict: Verdict; reading: Reading }): Verdict {
  const options = { events: reading.evidence?.events ?? [], now: reading.now };
  if (verdict.health === 'failed') {
    const ended = (pod.status?.containerStatuses ?? []).find(({ state }) => state?.terminated?.exitCode);
    const code = ended?.state?.terminated?.exitCode;
    if (ended === undefined) return verdict;
    return {
      ...verdict,
      words: `container ${ended.name} ended with exit code ${code}, and the pod will not restart`,
      fix: PUSH_AGAIN,
    };
  }
  const cause = findPodCause(pod, options);
  return cause === undefined ? verdict : { ...cause, health: verdict.health };
}

function findCause(live: LiveObject, owned: OwnedPods, reading: Reading): Finding | undefined {
  const events = reading.evidence?.events ?? [];
  const open = owned.newest.filter((pod) => !isReady(pod) && pod.status?.phase !== 'Failed');
  const ofPods = earliest(open.map((pod) => toPodFinding(pod, reading)));
  if (ofPods !== undefined) return ofPods;
  const wanted = countOf(live.spec, 'replicas', 1);
  // once the pods exist, whatever kept them from being created is over
  if (owned.newest.length < wanted) {
    const makers = owned.replicaSet === undefined ? [live] : [owned.replicaSet, live];
    const refused = makers.map((maker) => newestWarning(events, maker, { reasons: ['FailedCreate'] })).find(Boolean);
    const ending = owned.older.find(isEnding);
    if (ending === undefined && refused !== undefined) return { ...toRefused(refused.message) };
  }
  const failed = owned.newest.find((pod) => pod.status?.phase === 'Failed');
  const left = owned.older.find(isEnding) ?? failed;
  return left === undefined ? undefined : toPodFinding(left, reading);
}

function toPodFinding(pod: LivePod, { evidence, now }: Reading): Finding | undefined {
  const events = evidence?.events ?? [];
  const found = findPodCause(pod, { events, now });
  if (found === undefined) return undefined;
  const cause = found.code === 'claim' ? toClaimCause(pod, { found, events, now }) : found;
  return { ...cause, words: `${cause.words} (Pod ${pod.metadata.name})` };
}

/** The pod says that it has no volume; the claim's own event says why. */
function toClaimCause(
  pod: LivePod,
  { found, events, now }: { found: Finding; events: readonly LiveEvent[]; now: number },
): Finding {
  const names = (pod.spec?.volumes ?? []).flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  );
  const event = events.findLast(
    ({ reason, involvedObject }) =>
      reason === 'ProvisioningFailed' &&
      involvedObject?.kind === 'PersistentVolumeClaim' &&
      names.includes(involvedObject.name ?? ''),
  );
  if (event === undefined)
    return { ...found, fix: 'let the claims of the pod exist and name a StorageClass of the cluster' };
  const words = `claim ${event.involvedObject?.name} gets no volume: ${toCause(event.message)}`;
  const isFinal =
    /storageclass\S* "[^"]*" not found/i.test(words) && now - msOf(pod.metadata.creationTimestamp) >= NOBODY_MAKES_MS;
  const fix =
    'name a StorageClass that the cluster has (kubectl get storageclass) in the claim, under a new name, then push';
  return { ...found, words, fix, ...(isFinal && { isFinal }) };
}

function toStuckVerdict(pod: LivePod, { namespace }: Reading): Verdict {
  const { name } = pod.metadata;
  return {
    health: 'starting',
    code: 'stuck',
    words: `it waits for Pod ${name} of an older build, which was never ready, before it starts the newest one`,
    since: pod.metadata.creationTimestamp,
    fix: `delete it: kubectl delete pod ${name} -n ${namespace}`,
  };
}
