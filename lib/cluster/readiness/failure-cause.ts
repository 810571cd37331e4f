import type { Discovery } from '../discovery.ts';
import type { TypeOfObject } from '../api/rest-mapping.ts';
import type { Judgement, LiveObject } from './kstatus.ts';
import { listKind } from '../list.ts';
import { type Cause, type LiveEvent, type LivePod, causeOfPod, lastWarning, sayEvent } from '../pod-cause.ts';
import type { Send } from '../api/client.ts';

const POD: TypeOfObject = { apiVersion: 'v1', kind: 'Pod' };
const EVENT: TypeOfObject = { apiVersion: 'v1', kind: 'Event' };

/** What tells why objects are not ready; asked for only where some are not. */
export interface Evidence {
  pods: LivePod[];
  /** Warnings alone. */
  events: LiveEvent[];
}

export async function gatherEvidence(
  { send, discovery }: { send: Send; discovery: Discovery },
  namespace: string,
): Promise<Evidence> {
  const list = async <T>(type: TypeOfObject, query: Record<string, string> = {}): Promise<T[]> => {
    const resource = await discovery.resourceOf(type);
    return (resource && (await listKind<T>(send, { type, resource, namespace, query }))) ?? [];
  };
  const [pods, events] = await Promise.all([
    list<LivePod>(POD),
    list<LiveEvent>(EVENT, { fieldSelector: 'type=Warning' }),
  ]);
  return { pods, events };
}

export interface Verdict extends Judgement {
  name: string;
  type: TypeOfObject;
  live?: LiveObject | undefined;
}

export interface Explained extends Verdict {
  /** Whether a pod or an event says why, and not the object's status alone. */
  isKnown: boolean;
}

/** The verdict with the cause that its pods and events tell. A missing image is no failure: it may be in the making. */
export function explain(verdict: Verdict, evidence: Evidence): Explained {
  const cause = causeOf(verdict, evidence);
  if (!cause) return { ...verdict, isKnown: false };
  const isWaiting = cause.image !== undefined && verdict.state === 'failed' && verdict.type.kind === 'Deployment';
  // the status' own words stay where they say more than that pods are missing
  const words =
    verdict.state === 'failed' && !isWaiting ? `${verdict.reason ?? 'it failed'}; ${cause.reason}` : cause.reason;
  return { ...verdict, state: isWaiting ? 'starting' : verdict.state, reason: words, isKnown: true };
}

function causeOf({ type, live }: Verdict, { pods, events }: Evidence): Cause | undefined {
  if (!live) return undefined;
  const { name } = live.metadata;
  for (const pod of podsOf(type, live, pods)) {
    const cause = causeOfPod(pod, events);
    if (cause)
      return { ...cause, reason: type.kind === 'Pod' ? cause.reason : `${cause.reason} (Pod ${pod.metadata.name})` };
  }
  // a quota's refusal is told of the ReplicaSet, whose name begins with the Deployment's
  const isAbout = (about: { kind?: string; name?: string }): boolean =>
    (about.kind === type.kind && about.name === name) ||
    (type.kind === 'Deployment' && about.kind === 'ReplicaSet' && isReplicaSetOf(name, about.name));
  const event = lastWarning(events, isAbout);
  return event && { reason: sayEvent(event) };
}

/** `<deployment>-<hash>`, and not `<deployment>-other-<hash>`. */
function isReplicaSetOf(deployment: string, name = ''): boolean {
  return name.startsWith(`${deployment}-`) && !name.slice(deployment.length + 1).includes('-');
}

function isReady(status: LivePod['status']): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
}

/** The pods of a workload that are not ready, those of its newest template first. */
function podsOf(type: TypeOfObject, live: LiveObject, pods: LivePod[]): LivePod[] {
  if (type.kind === 'Pod') return [live];
  const { selector } = (live.spec ?? {}) as { selector?: { matchLabels?: Record<string, string> } };
  const wanted = Object.entries(selector?.matchLabels ?? {});
  if (wanted.length === 0) return [];
  return pods
    .filter(({ metadata, status }) => !metadata.deletionTimestamp && !isReady(status))
    .filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value))
    .sort((one, other) => (other.metadata.creationTimestamp ?? '').localeCompare(one.metadata.creationTimestamp ?? ''));
}
