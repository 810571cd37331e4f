import type { Comment } from '../model/reporting/comment.ts';
import type { DeploymentState } from '../model/reporting/report.ts';
import type { Cluster, KubeObject } from './cluster.ts';
import type { Audit } from './audit.ts';
import type { Credentials } from './credentials.ts';
import type { EnvironmentRecord } from '../model/record.ts';
import type { RecordSummary } from '../model/record-summary.ts';
import type { EnvironmentRequest, Repository } from '../model/request.ts';
import type { BranchAnswer } from '../model/desired.ts';
import type { EnvironmentSettings } from '../model/settings.ts';

/** The time in ms since the epoch, and a way to wait: a virtual clock in simulations. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** Structured log: a constant message and fields. */
export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export interface Branches {
  read(repository: Repository, ref: string): Promise<BranchAnswer>;
  list(repository: Repository): Promise<BranchList>;
}

/** Every branch of a repository. A list that failed, was cut short, is empty or lacks the default branch is unknown. */
export type BranchList =
  | {
      kind: 'list';
      repository: Required<Repository>;
      defaultBranch: string;
      names: ReadonlySet<string>;
      /** The commit that each is at. */
      heads?: ReadonlyMap<string, string>;
    }
  | { kind: 'unknown'; why: string };

export interface RenderValues {
  slug: string;
  database: string;
  namespace: string;
  imageTag: string;
  clientId: string;
  tenantId: string;
  /** Added to every object. */
  labels: Record<string, string>;
}

/** The compiled overlays. */
export interface Overlays {
  /** Hash of the compiled overlays, or digest of the branch's own manifests. */
  hash: string;
  /** Whose they are. */
  from: 'branch' | 'app';
  /** What the build warned of: goes into each record. */
  warnings?: readonly string[];
  /**
   * Replaces the placeholders and validates the objects; throws `render`. If an overlay holds the environment's Namespace,
   * it is among the objects, with its labels and annotations; the caller creates it separately.
   */
  render(values: RenderValues): KubeObject[];
}

/** The manifests that branches bring along, each environment's under its own slug. */
export interface BranchTemplates {
  /** The overlays of the branch's own manifests; undefined if they are not stored. */
  load(slug: string, digest: string): Promise<Overlays | undefined>;
  store(slug: string, manifests: { objects: KubeObject[]; digest: string }): Promise<void>;
  /** Deletes what is stored for the slug, but for `keep` and what was stored in the last minutes; all of it without `keep`. */
  prune(slug: string, keep?: string): Promise<void>;
  /** Everything that is stored; `storedAt` in ms since the epoch. */
  list(): AsyncIterable<{ slug: string; digest: string; storedAt: number }>;
  remove(slug: string, digest: string): Promise<void>;
}

export interface StoredRecord {
  record: EnvironmentRecord;
  etag: string;
}

/** A lease that its adapter renews until it is released. */
export interface Lease {
  id: string;
  /** Ms until it may have ended, counted from before the service was asked. */
  remainingMs(): number;
  release(): Promise<void>;
}

export type LeaseResult = { kind: 'held'; lease: Lease } | { kind: 'busy' };

export interface Records {
  read(slug: string): Promise<StoredRecord | undefined>;
  /** Creates with If-None-Match; `exists` if somebody was faster. */
  create(record: EnvironmentRecord): Promise<{ kind: 'created'; stored: StoredRecord } | { kind: 'exists' }>;
  /** Writes by ETag and lease; throws `conflict` if either is no longer ours. */
  write(record: EnvironmentRecord, held: { etag: string; lease: Lease }): Promise<StoredRecord>;
  remove(slug: string, etag: string): Promise<void>;
  list(): AsyncIterable<RecordSummary>;
  /** Whether all environments of these owners were named in this way; false if unknown. */
  areNamed(owners: readonly string[], way: string): Promise<boolean>;
  /** Notes that environments of these owners may also be named in these ways. */
  noteNamings(owners: readonly string[], ways: readonly string[]): Promise<void>;
  /** `busy` if somebody else holds it, `missing` if there is no record. */
  lease(slug: string): Promise<LeaseResult | { kind: 'missing' }>;
}

export interface Requests {
  send(request: EnvironmentRequest, delayMs?: number): Promise<void>;
  /** Puts the message on the poison queue again: abandon takes it up after the delay. */
  sendToPoison(message: unknown, delayMs: number): Promise<void>;
}

/** Deletions that a person may confirm, as one set. */
export interface SweepPlan {
  id: string;
  at: string;
  deletions: string[];
  confirmedAt?: string;
}

/** What the last sweep did. */
export interface LastSweep {
  at: string;
  looked: number;
  queued: number;
  removed: number;
  orphans: number;
  failed: number;
  redelivered: number;
  /** Repositories whose branches could not be listed. */
  unlisted: { repository: string; why: string }[];
  /** MODE=observe: the first of what would have been deleted. */
  would?: { environment: string; kind: string; why: string }[];
}

/**
 * What sweeps remember from one to the next: the blob `environments/sweep`, which `Sweeps.read` reads without a lease.
 * Health and page take `held` and `last` from it.
 */
export interface SweepState {
  v: 1;
  plans: SweepPlan[];
  last?: LastSweep;
  /** The last sweep found more to delete than SWEEP_MAX_DELETIONS allows, and deleted nothing. */
  held?: { at: string; deletions: number; limit: number; planId: string };
  /** Failed deliveries up to then were redelivered. */
  deliveriesAt?: string;
}

export interface Sweeps {
  /** One sweep at a time, whatever the number of instances. */
  lease(): Promise<LeaseResult>;
  read(): Promise<SweepState>;
  /** Only by the holder of the lease. */
  write(state: SweepState, lease: Lease): Promise<void>;
}

export type TakeResult = { kind: 'taken' } | { kind: 'full'; holders: string[] };

/** Who is about to begin, as all instances see it: what makes MAX_ENVIRONMENTS exact. */
export interface Places {
  /** Takes a place unless all are held: by the environments of `held`, or by others that began and may not be in it yet. */
  take(
    slug: string,
    options: { places: number; held: readonly string[]; underWay: ReadonlySet<string> },
  ): Promise<TakeResult>;
  release(slug: string): Promise<void>;
}

/** The webhook deliveries of a GitHub App. */
export interface Deliveries {
  /** Has GitHub send failed deliveries since then again. Never throws: `why` says what kept it. */
  redeliverFailed(since: string | undefined): Promise<{ redelivered: number; why?: string }>;
}

export interface ReportAbout {
  repository: Repository;
  ref: string;
  slug: string;
}

/** `busy`: nothing was sent, since others write. `failed`: worth another try. `refused`: a right is missing, or the branch is gone. */
export type ReportAnswer =
  | { kind: 'told'; deploymentId: number }
  | { kind: 'removed' }
  | { kind: 'busy' }
  | { kind: 'failed'; why: string }
  | { kind: 'refused'; why: string };

/** What GitHub shows of environments. Never throws for a fault of GitHub's. */
export interface Reports {
  tell(
    about: ReportAbout & { state: DeploymentState; description: string; url?: string; imageTag: string },
    known: { deploymentId?: number; imageTag?: string },
  ): Promise<ReportAnswer>;
  remove(about: ReportAbout): Promise<ReportAnswer>;
}

export type CommentAnswer =
  | { kind: 'told'; /** Ids of the comments by the number of their pull request. */ ids: Record<string, number> }
  | { kind: 'busy' }
  | { kind: 'failed'; why: string }
  | { kind: 'refused'; why: string };

/** Numbers of open pull requests by branch. */
export type PullList =
  { kind: 'list'; numbers: ReadonlyMap<string, readonly number[]> } | { kind: 'unknown'; why: string };

/** Comments on the pull requests of a branch. Never throws for a fault of GitHub's. */
export interface Comments {
  tell(about: ReportAbout & { comment: Comment }, known: Readonly<Record<string, number>>): Promise<CommentAnswer>;
  /** Every open pull request that may have a comment. */
  list(repository: Repository): Promise<PullList>;
}

/** Everything the core gets from outside. */
export interface Ports {
  settings: EnvironmentSettings;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  newId(): string;
  log: Log;
  records: Records;
  requests: Requests;
  sweeps: Sweeps;
  /** Absent where one process alone does the work, one environment at a time. */
  places?: Places;
  cluster: Cluster;
  credentials: Credentials;
  /** Absent without GitHub credentials. */
  branches?: Branches;
  /** Absent without GitHub credentials. */
  reports?: Reports;
  /** Absent unless GITHUB_COMMENT is true. */
  comments?: Comments;
  /** Absent unless a GitHub App is configured. */
  deliveries?: Deliveries;
  overlays: Overlays;
  /** Absent in tests that need none. */
  audit?: Audit;
  /** Absent in tests that need none. */
  branchTemplates?: BranchTemplates;
  /** Runs a step in a span of its own; absent without telemetry. */
  step?<T>(name: string, work: () => Promise<T>): Promise<T>;
}
