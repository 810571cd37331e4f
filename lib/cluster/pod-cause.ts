import { toSafeLine } from '../secrets.ts';
import type { LiveObject } from './readiness/kstatus.ts';

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

/** Longer words are cut: a mount's failure repeats whole paths and answers. */
const LIMIT = 300;

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

export function say(what: string, more: string | undefined): string {
  const line = toSafeLine(more ?? '');
  const words = line === '' ? what : `${what}: ${line}`;
  return words.length > LIMIT ? `${words.slice(0, LIMIT)}…` : words;
}
