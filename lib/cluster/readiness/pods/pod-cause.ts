import {
  CAUSE_CODES,
  type ContainerStatus,
  type Finding,
  type LiveEvent,
  type LivePod,
  conditionOf,
  msOf,
} from '../reading.ts';
import { NOBODY_MAKES_MS, containerOf, findContainerCause, toCrash } from './containers.ts';
import { firstSeen, newestWarning } from './events.ts';
import { isEnding, isReady } from './owners.ts';
import { isRestless } from './quiet.ts';
import { toCause, toSchedulerWords } from './message.ts';

const MOUNTS = ['FailedMount', 'FailedAttachVolume', 'FailedMapVolume'];
const SANDBOX = ['FailedCreatePodSandBox', 'NetworkNotReady'];

/** What keeps a pod from being ready: its own state first, then events that the state has not overtaken. */
export function findPodCause(
  pod: LivePod,
  options: { events: readonly LiveEvent[]; now: number },
): Finding | undefined {
  if (isReady(pod)) return undefined;
  if (isEnding(pod)) return toEnding(pod);
  if (pod.status?.phase === 'Failed' && pod.status.reason !== undefined) return toEvicted(pod);
  return (
    findScheduling(pod) ??
    findInit(pod, options) ??
    findMain(pod, options) ??
    findBeforeStart(pod, options) ??
    findUnready(pod, options)
  );
}

/** The earlier cause of two, in the order in which others follow from them. */
export function earliest(findings: readonly (Finding | undefined)[]): Finding | undefined {
  return findings.reduce(
    (first, finding) =>
      finding !== undefined && (first === undefined || rankOf(finding) < rankOf(first)) ? finding : first,
    undefined,
  );
}

function rankOf({ code, isFinal }: Finding): number {
  return CAUSE_CODES.indexOf(code) - (isFinal ? 0.5 : 0);
}

export function toEvicted({ status }: LivePod): Finding {
  const since = (status?.containerStatuses ?? []).map(({ state }) => state?.terminated?.finishedAt).find(Boolean);
  return {
    code: 'evicted',
    words: `it was ended by the node: ${status?.reason ?? 'Failed'}: ${toCause(status?.message)}`,
    since: since ?? status?.startTime,
    fix: 'give the pod limits and requests that fit what it uses, then push',
  };
}

function toEnding({ spec, metadata }: LivePod): Finding {
  const grace = spec?.terminationGracePeriodSeconds ?? 30;
  return { code: 'ending', words: `it is still ending, with ${grace} s of grace`, since: metadata.deletionTimestamp };
}

function findScheduling(pod: LivePod): Finding | undefined {
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  const words = toSchedulerWords(scheduled.message);
  const since = scheduled.lastTransitionTime;
  if (/persistentvolumeclaim|PersistentVolumeClaims/.test(words)) {
    return { code: 'claim', words: `it waits for its volume: ${words}`, since };
  }
  if (/Insufficient |Too many pods/.test(words)) {
    return {
      code: 'capacity',
      words: `waiting for capacity: ${words}`,
      since,
      fix: 'nothing is wrong with the branch: it goes on when another one goes or a node is added; or lower its requests',
    };
  }
  return {
    code: 'unschedulable',
    words: `it can't be scheduled: ${words || (scheduled.reason ?? 'the scheduler gives no reason')}`,
    since,
    fix: 'let nodeSelector, affinity and tolerations of the pod fit a node that takes pods',
  };
}

/** The first init container that has not ended decides; those after it wait for it. */
function findInit(pod: LivePod, options: { events: readonly LiveEvent[]; now: number }): Finding | undefined {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const inits = statuses.filter(({ name }) => containerOf(pod, name)?.restartPolicy !== 'Always');
  for (const status of statuses) {
    const isSidecar = !inits.includes(status);
    if (isSidecar ? status.started === true : status.state?.terminated?.exitCode === 0) continue;
    const role = isSidecar ? 'sidecar' : 'init container';
    const cause = findContainerCause(status, { pod, role, ...options });
    if (cause !== undefined) return cause;
    const started = status.state?.running?.startedAt;
    if (started === undefined) return undefined;
    if (isSidecar) return toUnready(status, { pod, ...options });
    const place = `${inits.indexOf(status) + 1} of ${inits.length}`;
    const again = status.restartCount ? `, after ${toCrash(status, { pod, role, ...options }).words}` : '';
    return {
      code: 'init',
      words: `init container ${status.name} still runs (${place}, since ${started})${again}`,
      since: started,
      fix: `see what ${status.name} waits for: kubectl logs ${pod.metadata.name} -n ${pod.metadata.namespace ?? ''} -c ${status.name}`,
    };
  }
  return undefined;
}

function findMain(pod: LivePod, options: { events: readonly LiveEvent[]; now: number }): Finding | undefined {
  const statuses = pod.status?.containerStatuses ?? [];
  return earliest(statuses.map((status) => findContainerCause(status, { pod, role: 'container', ...options })));
}

/**
 * Mounts and the sandbox, in the order in which the kubelet makes them: over once the sandbox is there or a container
 * runs. A pod that starts once more, as after its node did, is told by events of this start alone.
 */
function findBeforeStart(
  pod: LivePod,
  { events, now }: { events: readonly LiveEvent[]; now: number },
): Finding | undefined {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const isBegun = statuses.some(({ state }) => state?.running !== undefined || state?.terminated !== undefined);
  if (isBegun || conditionOf(pod, 'PodReadyToStartContainers')?.status === 'True') return undefined;
  const after = Math.max(0, ...statuses.map(({ lastState }) => msOf(lastState?.terminated?.finishedAt)));
  const mount = newestWarning(events, pod, { reasons: MOUNTS, after });
  if (mount !== undefined) return toMount(pod, mount, now);
  const sandbox = newestWarning(events, pod, { reasons: SANDBOX, after });
  if (sandbox === undefined) return undefined;
  return {
    code: 'mount',
    words: `its network is not made: ${toCause(sandbox.message)}`,
    since: firstSeen(sandbox),
    fix: 'look at the node: its container runtime or network plug-in fails',
  };
}

function toMount(pod: LivePod, event: LiveEvent, now: number): Finding {
  const cause = toCause(event.message);
  const absent = /(configmap|secret|secretproviderclass\S*) "([^"]+)" not found/i.exec(cause);
  const isClass = /^secretproviderclass/i.test(absent?.[1] ?? '');
  const isFinal = isClass && now - msOf(pod.status?.startTime) >= NOBODY_MAKES_MS;
  return {
    code: 'mount',
    words: `${event.reason}: ${cause}`,
    since: firstSeen(event),
    ...(absent !== null && {
      fix: `put the ${isClass ? 'SecretProviderClass' : absent[1]} ${absent[2]} into the overlay, then push`,
    }),
    ...(isFinal && { isFinal }),
  };
}

function findUnready(pod: LivePod, options: { events: readonly LiveEvent[]; now: number }): Finding | undefined {
  const unready = (pod.status?.containerStatuses ?? []).find(({ ready, state }) => ready === false && state?.running);
  if (unready !== undefined) {
    // it runs once more, and how it ended a moment ago says more than that its probe waits
    return isRestless(unready, options.now)
      ? toCrash(unready, { pod, role: 'container', ...options })
      : toUnready(unready, { pod, ...options });
  }
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const gate = conditionOf(pod, conditionType);
    if (gate?.status !== 'True') {
      const words = gate?.message === undefined ? '' : `: ${toCause(gate.message)}`;
      return {
        code: 'probe',
        words: `its readiness gate ${conditionType} is not met${words}`,
        since: gate?.lastTransitionTime,
      };
    }
  }
  return undefined;
}

function toUnready(
  status: ContainerStatus,
  { pod, events }: { pod: LivePod; events: readonly LiveEvent[]; now: number },
): Finding {
  const started = status.state?.running?.startedAt;
  const isStarted = status.started !== false;
  const kind = isStarted ? 'Readiness' : 'Startup';
  // what a probe said of the run before is over
  const event = newestWarning(events, pod, {
    reasons: ['Unhealthy'],
    after: msOf(started),
    message: new RegExp(`^${kind} probe`),
  });
  const said = event === undefined ? '' : `: ${toCause(event.message)}`;
  const words = isStarted
    ? `container ${status.name} runs and is not ready${said}`
    : `container ${status.name} runs and has not passed its startup probe yet${said}`;
  return {
    code: 'probe',
    words,
    since: started,
    fix: `see why the ${kind.toLowerCase()} probe of ${status.name} fails: its path, its port, or what the program waits for`,
  };
}
