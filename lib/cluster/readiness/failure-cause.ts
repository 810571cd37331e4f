import type { Discovery, TypeOfObject } from '../api/rest-mapping.ts';
import type { Judgement } from './kstatus.ts';
import { listKind } from '../list.ts';
import type { Send } from '../api/client.ts';
import type { LiveObject } from '../api/object-meta.ts';
import { say } from '../api/status.ts';

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

/** Why an object is not ready, as a developer needs it. */
export interface Cause {
  reason: string;
  /** An image that is not there, or not yet: a fresh branch's is still being built. */
  image?: string;
}

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: Terminated };
  lastState?: { terminated?: Terminated };
}

interface Terminated {
  exitCode?: number;
  reason?: string;
  message?: string;
}

export interface LivePod extends LiveObject {
  spec?: { containers?: Container[]; initContainers?: Container[]; [field: string]: unknown };
  status?: LiveObject['status'] & {
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

interface Container {
  name: string;
  image?: string;
}

export interface LiveEvent {
  type?: string;
  reason?: string;
  message?: string;
  involvedObject?: { kind?: string; name?: string };
  lastTimestamp?: string;
  eventTime?: string;
  series?: { lastObservedTime?: string };
}

/** https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/images/types.go */
const IMAGE_REASONS = new Set([
  'ErrImageNeverPull',
  'ErrImagePull',
  'ErrRegistryUnavailable',
  'ImageInspectError',
  'ImagePullBackOff',
  'InvalidImageName',
  'RegistryUnavailable',
]);
/** These say only that something has not come yet; an event says what. */
const NO_REASONS = new Set(['ContainerCreating', 'PodInitializing']);

/** What keeps a pod from being ready: a container's waiting reason, the scheduler's words, or the last warning. */
export function causeOfPod(pod: LivePod, events: LiveEvent[]): Cause | undefined {
  const own = lastWarning(events, ({ kind, name }) => kind === 'Pod' && name === pod.metadata.name);
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const status of statuses) {
    const cause = causeOfContainer(pod, status, own);
    if (cause) return cause;
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return { reason: say('it can not be scheduled', scheduled.message) };
  return own && { reason: sayEvent(own) };
}

function causeOfContainer(pod: LivePod, status: ContainerStatus, event: LiveEvent | undefined): Cause | undefined {
  const { waiting, terminated } = status.state ?? {};
  const last = terminated ?? status.lastState?.terminated;
  const failed = last !== undefined && last.exitCode !== 0;
  if (waiting?.reason !== undefined && IMAGE_REASONS.has(waiting.reason)) {
    const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    const image = all.find(({ name }) => name === status.name)?.image ?? 'unknown';
    return { reason: say(`waiting for image ${image}`, event?.message ?? waiting.message ?? waiting.reason), image };
  }
  const words = last && [last.reason, last.message].filter(Boolean).join(': ');
  if (waiting?.reason === 'CrashLoopBackOff') {
    return { reason: say(`container ${status.name} ends again and again, exit code ${last?.exitCode ?? '?'}`, words) };
  }
  if (waiting?.reason !== undefined && !NO_REASONS.has(waiting.reason)) {
    return { reason: say(`container ${status.name}: ${waiting.reason}`, waiting.message) };
  }
  if (terminated && failed) {
    return { reason: say(`container ${status.name} ended with exit code ${last.exitCode ?? '?'}`, words) };
  }
  return undefined;
}

/** The newest warning about an object; undefined where there is none. */
export function lastWarning(
  events: LiveEvent[],
  about: (object: { kind?: string; name?: string }) => boolean,
): LiveEvent | undefined {
  return events
    .filter(({ type, involvedObject }) => type === 'Warning' && about(involvedObject ?? {}))
    .sort((one, other) => timeOf(one).localeCompare(timeOf(other)))
    .at(-1);
}

function timeOf({ series, lastTimestamp, eventTime }: LiveEvent): string {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? '';
}

export function sayEvent({ reason = 'warning', message }: LiveEvent): string {
  return say(reason, message);
}
