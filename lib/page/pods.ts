import type { KubeObject } from '../environment/ports/cluster.ts';
import { parseQuantity } from './quantity.ts';

interface Container {
  name: string;
  resources?: { requests?: Record<string, unknown> };
}

interface Ended {
  exitCode?: number;
  reason?: string;
  finishedAt?: string;
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string }; running?: object; terminated?: Ended };
  lastState?: { terminated?: Ended };
}

/** A pod, of what the page shows. */
export interface Pod extends KubeObject {
  spec?: { containers?: Container[]; initContainers?: (Container & { restartPolicy?: string })[] };
  status?: { phase?: string; containerStatuses?: ContainerStatus[]; initContainerStatuses?: ContainerStatus[] };
}

/** What the pods that have not ended ask of the cluster together. */
export function requestedBy(pods: readonly Pod[]): { cpu: number; memoryGiB: number } {
  const total = { cpu: 0, memoryGiB: 0 };
  for (const { spec, status } of pods) {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
    for (const { resources } of [...(spec?.containers ?? []), ...sidecars]) {
      total.cpu += parseQuantity(resources?.requests?.['cpu'] ?? 0);
      total.memoryGiB += parseQuantity(resources?.requests?.['memory'] ?? 0) / 2 ** 30;
    }
  }
  const round = (number: number): number => Math.round(number * 1_000) / 1_000;
  return { cpu: round(total.cpu), memoryGiB: round(total.memoryGiB) };
}

/** A log that says why something is not up. */
export interface WantedLog {
  pod: string;
  container: string;
  previous: boolean;
  why: string;
}

/** The logs of each container that crashed or is not ready: the life that ended first, since it says why. */
export function findWantedLogs(pods: readonly Pod[]): WantedLog[] {
  return pods.flatMap(({ metadata, status }) => {
    if (status?.phase === 'Succeeded') return [];
    const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    return statuses.flatMap((one) => logsOf(metadata.name, one));
  });
}

function logsOf(pod: string, status: ContainerStatus): WantedLog[] {
  const { name: container, ready = false, restartCount = 0, state = {}, lastState } = status;
  const isDone = state.terminated?.exitCode === 0;
  if ((ready || isDone) && restartCount === 0) return [];
  const times = restartCount === 1 ? 'once' : `${restartCount} times`;
  const previous = lastState?.terminated;
  const now = state.terminated
    ? sayEnd(state.terminated)
    : state.waiting
      ? `waits: ${state.waiting.reason ?? 'not said for what'}`
      : ready
        ? 'runs'
        : 'runs, not ready';
  return [
    ...(previous ? [{ pod, container, previous: true, why: `${sayEnd(previous)}; restarted ${times}` }] : []),
    // before its first start there is nothing to read
    ...(state.waiting && restartCount === 0 ? [] : [{ pod, container, previous: false, why: now }]),
  ];
}

function sayEnd({ exitCode, reason }: Ended): string {
  const because = reason === undefined || reason === 'Error' || reason === 'Completed' ? '' : `, ${reason}`;
  return `ended with exit code ${exitCode ?? 'unknown'}${because}`;
}
