import type { ErrorCode } from '../../errors.ts';
import type { Guard } from './guards.ts';
import type { Observed } from './reporting/observed.ts';
import type { InventoryEntry } from '../ports/cluster.ts';
import type { Reason as NotReady } from '../ports/readiness.ts';
import type { Actor, Reason, Repository } from './request.ts';

export type Phase =
  | 'queued'
  | 'waiting'
  | 'provisioning'
  | 'starting'
  | 'ready'
  | 'failed'
  | 'refused'
  | 'expiring'
  | 'deleting'
  | 'gone';

export type WaitingFor = 'credential-slot' | 'capacity' | 'namespace-terminating';

export type StepName =
  | 'guards'
  | 'identity'
  | 'render'
  | 'namespace'
  | 'credential'
  | 'foundation'
  | 'workloads'
  | 'exposure'
  | 'drift'
  | 'prune'
  | 'readiness'
  | 'deletion'
  | 'record';

export interface Step {
  state: 'done' | 'failed' | 'running';
  at: string;
  ms: number;
}

/** The newest thing that somebody wanted. */
export interface RecordEvent {
  reason: Reason;
  /** Ms since the epoch; the highest position of any delivery. */
  position?: number;
  at: string;
  deliveryId?: string;
  actor?: Actor;
}

export interface HistoryEntry {
  /** Of the request whose event it is: a repeated one adds no entry. */
  id?: string;
  at: string;
  what: string;
  reason?: Reason;
  actor?: Actor;
  imageTag?: string;
  ms?: number;
  why?: string;
  /** Number of objects by action. */
  changes?: Record<string, number>;
}

/** Objects by what the branch's own manifests do to the app's overlays. */
export interface TemplateDifference {
  added: string[];
  changed: string[];
  removed: string[];
}

/** What we know of one environment: a JSON blob, written under its lease and by its ETag. */
export interface EnvironmentRecord {
  v: 1;
  /** The slug. */
  name: string;
  namespace: string;
  repository: Repository;
  ref: string;
  /** The namespace's. */
  uid?: string;
  /** What the namespace is annotated with: written here before the namespace is made. */
  claim?: string;
  /** A person lets a namespace pass by its labels and annotations alone. */
  adopt?: true;
  /** It was deprovisioned by hand or expired; only a newer event starts it again. */
  stop?: { at: string; why: string };
  event: RecordEvent;
  /** The newest event of the other kind: the delivery that a manual call overtook, or the other way round. */
  passed?: RecordEvent;
  phase: Phase;
  waitingFor?: WaitingFor;
  /** What it waits for, in words. */
  waitingOn?: string;
  /** What keeps it from being ready, first causes first; absent while it is ready. */
  reasons?: NotReady[];
  /** Since when it has not been ready, an apply or a fall: READY_DEADLINE counts from then. */
  unreadySince?: string;
  /** When it was last found to be ready no more, though nothing was applied. */
  fellAt?: string;
  /** When it last became ready: it is checked again 10, 30 and 90 s later. */
  readyAt?: string;
  /** How many objects are left out of what ready means, on request. */
  ignored?: number;
  /** Those of `warnings` that readiness found, and takes back when their cause is gone. */
  remarks?: string[];
  /** The uid of the last pod that was deleted to let its StatefulSet go on: each is deleted once. */
  repaired?: string;
  steps: Partial<Record<StepName, Step>>;
  /** The one requeued request that counts. */
  next?: { id: string; at: string };
  /** ARM id of the managed identity that holds its credentials. */
  identity?: string;
  /** Identities that it had before, until its credentials there are removed. */
  formerIdentities?: string[];
  /** Names of the credentials we wrote on `identity`. */
  credentials?: string[];
  /** When Azure acknowledged the newest of them: parts of Entra ID may not know it for a while. */
  credentialAt?: string;
  imageTag?: string;
  /** The commit that was pushed last. */
  sha?: string;
  /** Digest of the branch's own manifests; absent while it runs the app's overlays. */
  manifests?: string;
  /** Hash of the overlays that were applied last: the app's compiled ones, or the branch's own manifests. */
  template?: string;
  /** Whose the overlays applied last are. */
  from?: 'branch' | 'app';
  /** How the branch's own manifests differ from the app's overlays, as `Kind/name`. */
  differs?: TemplateDifference;
  /** Hash of everything applied last, identity included: the same again needs no call per object. */
  applied?: string;
  /** When the last apply that changed something ended. */
  appliedAt?: string;
  /** When every object was last compared: a sweep does so again after DRIFT_INTERVAL. */
  checkedAt?: string;
  inventory: InventoryEntry[];
  url?: string;
  warnings: string[];
  error?: { code: ErrorCode; message: string; object?: string; step?: StepName; fix?: string; retryable: boolean };
  refused?: { guard: Guard; reason: string };
  history: HistoryEntry[];
  /** The last delivery ids. */
  seen: string[];
  /** Signed bodies of the last 30 days: the same one under another delivery id says nothing new. */
  digests?: { digest: string; at: string }[];
  activityAt: string;
  keepUntil?: string;
  /** When the last keep mark was set or taken away. */
  keptAt?: string;
  /** When it goes: at the end of its grace or its life span. */
  deleteAt?: string;
  /** Since when the branch is known to be gone, while DELETE_GRACE keeps the environment. */
  deletedAt?: string;
  /** What GitHub was told last, and whether something newer is to be told. */
  github?: { deploymentId?: number; imageTag?: string; told?: string; isPending?: true };
  /** Our comments by the number of their pull request, what they say, and whether something newer is to be said. */
  comments?: { ids: Record<string, number>; told?: string; isPending?: true };
  /** What MODE=observe would have done at the last reconciliation. */
  observed?: Observed;
  /** When a sweep tries again after a failure, and how many of its tries have failed. */
  retry?: { count: number; at: string };
}

/** Whether the environment may still use slots reserved for it on an identity: not if it is gone, refused or has another. */
export function namesIdentity(
  record: Pick<EnvironmentRecord, 'phase' | 'identity'> | undefined,
  identityId: string,
): boolean {
  if (record === undefined || record.phase === 'gone' || record.phase === 'refused') return false;
  return record.identity?.toLowerCase() === identityId.toLowerCase();
}
