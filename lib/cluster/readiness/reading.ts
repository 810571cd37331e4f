import type { CauseCode } from '../../environment/ports/readiness.ts';
import type { Condition, LiveObject } from '../api/object-meta.ts';
import type { TypeOfObject } from '../api/rest-mapping.ts';

/** Kinds of causes, in the order in which the later ones follow from the earlier ones. */
export const CAUSE_CODES: readonly CauseCode[] = [
  'unread',
  'quota',
  'refused',
  'capacity',
  'unschedulable',
  'claim',
  'image',
  'stuck',
  'configuration',
  'mount',
  'credential',
  'crash',
  'evicted',
  'job',
  'init',
  'probe',
  'ending',
  'rollout',
  'way-in',
  'unknown',
];

/** One object of the environment as the cluster has it now. */
export interface ReadObject {
  type: TypeOfObject;
  name: string;
  /** Absent if the cluster has no such object. */
  live?: LiveObject | undefined;
  /** Why the kind can't be read. */
  unread?: string | undefined;
  /** A Job that was once seen to end well: it stays done after it was collected. */
  isFinished?: boolean | undefined;
  /** When our last effective apply wrote it, in ms; it is recorded for Secrets too, which nobody reads. */
  appliedAt?: number | undefined;
}

/** Everything one reading of a namespace says; what was not read is absent, and then not judged. */
export interface Reading {
  namespace: string;
  /** Ms since the epoch. */
  now: number;
  /** Whether the environment was ready since its last apply and is so no more. */
  hasFallen: boolean;
  objects: ReadObject[];
  pods: LivePod[];
  /** Read only where a workload is not up. */
  evidence?: { replicaSets: LiveObject[]; events: LiveEvent[] } | undefined;
  /** Read only once all workloads are up. */
  wayIn?: WayIn | undefined;
  /** Jobs of CronJobs, read once all workloads are up. */
  cronRuns?: LiveObject[] | undefined;
}

export interface WayIn {
  services: LiveObject[];
  slices: EndpointSlice[];
  /** Absent if the classes can't be read. */
  classes?: LiveObject[] | undefined;
  events: LiveEvent[];
}

/** What one object says of itself. */
export interface Verdict {
  health: 'ready' | 'starting' | 'failed';
  words?: string;
  code?: CauseCode;
  since?: string | undefined;
  fix?: string | undefined;
  /** It can't recover: there is no point in waiting for the deadline. */
  isFinal?: boolean;
  /** It has failed so often that a person would stop waiting. */
  isHopeless?: boolean;
}

/** Why something is not ready. */
export interface Finding extends Omit<Verdict, 'health'> {
  code: CauseCode;
  words: string;
}

export const READY: Verdict = { health: 'ready' };

export interface ContainerStatus {
  name: string;
  ready?: boolean;
  started?: boolean;
  restartCount?: number;
  state?: ContainerState;
  lastState?: ContainerState;
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: Terminated;
}

export interface Terminated {
  exitCode?: number;
  reason?: string;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
}

export interface Container {
  name: string;
  image?: string;
  restartPolicy?: string;
  ports?: { name?: string; containerPort?: number }[];
  env?: { valueFrom?: { configMapKeyRef?: { name?: string }; secretKeyRef?: { name?: string } } }[];
  envFrom?: { configMapRef?: { name?: string }; secretRef?: { name?: string } }[];
  volumeMounts?: { name?: string; subPath?: string }[];
}

export interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  readinessGates?: { conditionType: string }[];
  terminationGracePeriodSeconds?: number;
  volumes?: {
    name?: string;
    configMap?: { name?: string };
    secret?: { secretName?: string };
    persistentVolumeClaim?: { claimName?: string };
  }[];
  [field: string]: unknown;
}

export interface LivePod extends LiveObject {
  spec?: PodSpec;
  status?: LiveObject['status'] & {
    phase?: string;
    reason?: string;
    message?: string;
    startTime?: string;
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface LiveEvent {
  type?: string;
  reason?: string;
  message?: string;
  involvedObject?: { kind?: string; name?: string; uid?: string; fieldPath?: string };
  firstTimestamp?: string;
  lastTimestamp?: string;
  eventTime?: string;
  series?: { lastObservedTime?: string };
}

export interface EndpointSlice extends LiveObject {
  endpoints?: { conditions?: { ready?: boolean } }[];
  ports?: { name?: string; port?: number }[];
}

/** A condition of an object, by its type. */
export function conditionOf(object: LiveObject, type: string): Condition | undefined {
  return object.status?.conditions?.find((candidate) => candidate.type === type);
}

/** A count in a spec or status; a controller leaves zeros out. */
export function countOf(from: Record<string, unknown> | undefined, field: string, otherwise = 0): number {
  const value = from?.[field];
  return typeof value === 'number' ? value : otherwise;
}

/** The one that was made last; of one second, the later in the list. */
export function newestOf<T extends Pick<LiveObject, 'metadata'>>(objects: readonly T[]): T | undefined {
  const createdAt = ({ metadata }: T): number => msOf(metadata.creationTimestamp);
  return objects.reduce<T | undefined>(
    (newest, one) => (newest === undefined || createdAt(one) >= createdAt(newest) ? one : newest),
    undefined,
  );
}

/** Ms since the epoch; 0 for a time that is absent. */
export function msOf(time: string | undefined): number {
  return time === undefined ? 0 : Date.parse(time) || 0;
}
