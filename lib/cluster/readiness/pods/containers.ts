import { shorten } from '../../api/status.ts';
import {
  type Container,
  type ContainerStatus,
  type Finding,
  type LiveEvent,
  type LivePod,
  type Terminated,
  msOf,
} from '../reading.ts';
import { newestWarning } from './events.ts';
import { toImageCause } from './images.ts';
import { toCause } from './message.ts';

/** A key or class that is absent so long after the pod's start is one that nobody makes. */
export const NOBODY_MAKES_MS = 30_000;
/** So many quick ends in a row are as many as a person would watch with kubectl. */
const QUICK_ENDS = 4;
const QUICK_MS = 10_000;

const CONFIGURATION = new Set(['CreateContainerConfigError', 'CreateContainerError']);
const CAN_NOT_START = new Set(['RunContainerError', 'StartError', 'ContainerCannotRun']);
const NO_PROGRAM =
  /executable file not found|no such file or directory|permission denied|exec format error|not a directory/;

interface Place {
  pod: LivePod;
  events: readonly LiveEvent[];
  now: number;
  /** `container` or `init container`. */
  role: string;
}

/** Why one container does not run; undefined where its own state says nothing. */
export function findContainerCause(status: ContainerStatus, place: Place): Finding | undefined {
  const { waiting, terminated } = status.state ?? {};
  const container = containerOf(place.pod, status.name);
  const reason = waiting?.reason ?? '';
  const image = toImageCause(reason, { container, message: waiting?.message, ...place });
  if (image !== undefined) return image;
  if (CONFIGURATION.has(reason)) return toConfiguration(status, waiting?.message, place);
  const last = terminated ?? status.lastState?.terminated;
  if (CAN_NOT_START.has(reason) || (last !== undefined && CAN_NOT_START.has(last.reason ?? '')))
    return toNoStart(status, last?.message ?? waiting?.message, place);
  if (reason === 'CrashLoopBackOff' || (terminated !== undefined && terminated.exitCode !== 0))
    return toCrash(status, place);
  if (waiting === undefined || reason === '' || reason === 'ContainerCreating' || reason === 'PodInitializing')
    return undefined;
  const { role } = place;
  return { code: 'unknown', words: `${role} ${status.name}: ${reason}: ${toCause(waiting.message)}` };
}

/** How a container ended and how often it was restarted. */
export function toCrash(status: ContainerStatus, { pod, events, now, role }: Place): Finding {
  const last = status.state?.terminated ?? status.lastState?.terminated;
  const restarts = status.restartCount ?? 0;
  const times = restarts === 0 ? '' : `, ${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
  const probe = newestWarning(events, pod, { reasons: ['Unhealthy'], message: /^Liveness probe/ });
  const since = last?.finishedAt;
  // a kill by the probe ends with 137 or as the program likes; the event alone tells
  if (probe !== undefined && last?.reason !== 'OOMKilled') {
    const words = toCause(probe.message).replace(/^Liveness probe failed: /, '');
    return {
      code: 'crash',
      words: `${role} ${status.name} is ended by its liveness probe${times}: ${words}`,
      since,
      fix: `let ${status.name} pass its liveness probe, or give the probe more time, then push`,
    };
  }
  const ended = `exit code ${last?.exitCode ?? '?'}${sayEnd(last)}`;
  const words =
    restarts === 0
      ? `${role} ${status.name} ended with ${ended}`
      : `${role} ${status.name} ends again and again, ${ended}${times}`;
  return {
    code: 'crash',
    words,
    since,
    fix:
      last?.reason === 'OOMKilled'
        ? `raise the memory limit of ${status.name}, or let it use less, then push`
        : `read its log (kubectl logs ${pod.metadata.name} -n ${pod.metadata.namespace ?? ''} -c ${status.name} --previous), fix the program, then push`,
    ...(isHopeless(status, now) && { isHopeless: true }),
  };
}

function sayEnd(last: Terminated | undefined): string {
  const reason = last?.reason === 'Error' || last?.reason === 'Completed' ? undefined : last?.reason;
  const more = [reason, last?.message === undefined ? undefined : shorten(toCause(last.message), 200)];
  return more
    .filter((part) => part !== undefined && part !== '')
    .map((part) => `: ${part}`)
    .join('');
}

function isHopeless({ restartCount = 0, lastState, state }: ContainerStatus, now: number): boolean {
  const last = state?.terminated ?? lastState?.terminated;
  if (last === undefined || last.exitCode === 0 || restartCount < QUICK_ENDS) return false;
  const isQuick = msOf(last.finishedAt) - msOf(last.startedAt) < QUICK_MS;
  const started = state?.running?.startedAt;
  return isQuick && (started === undefined || now - msOf(started) < QUICK_MS);
}

function toNoStart({ name }: ContainerStatus, message: string | undefined, { role }: Place): Finding {
  const words = toCause(message)
    .replace(/^.*?(?=exec:? )/, '')
    .replace(/: unknown$/, '');
  const isFinal = NO_PROGRAM.test(words);
  return {
    code: 'crash',
    words: `${role} ${name} can't start: ${words}`,
    fix: `fix command and args of ${name}, or build the program into its image, then push`,
    ...(isFinal && { isFinal }),
  };
}

function toConfiguration({ name }: ContainerStatus, message: string | undefined, place: Place): Finding {
  const { role, pod, now } = place;
  const cause = toCause(message);
  const found: Finding = { code: 'configuration', words: `${role} ${name} can't be made: ${cause}` };
  if (/runAsNonRoot|run as root/.test(cause)) {
    return {
      ...found,
      isFinal: true,
      fix: `set runAsUser of ${name} to the number of a user other than root, or give its image such a USER, then push`,
    };
  }
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (\S+)/i.exec(cause);
  if (key !== null) {
    const isFinal = now - msOf(pod.status?.startTime) >= NOBODY_MAKES_MS;
    const fix = `add the key ${key[1]} to ${key[2]} ${key[3]}, or name one that it has, then push`;
    return { ...found, fix, ...(isFinal && { isFinal }) };
  }
  const absent = /(configmap|secret) "([^"]+)" not found/i.exec(cause);
  if (absent !== null) return { ...found, fix: `put the ${absent[1]} ${absent[2]} into the overlay, then push` };
  return found;
}

export function containerOf({ spec }: LivePod, name: string): Container | undefined {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((container) => container.name === name);
}
