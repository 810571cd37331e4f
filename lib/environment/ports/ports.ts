import type { Admit, Change, Cluster } from './cluster.ts';
import type { AccessFacts, Holdings } from './credentials.ts';
import type { EnvironmentRecord, RecordSummary } from '../model/record.ts';
import type { EnvironmentRequest, Repository } from '../model/request.ts';
import type { Refusal } from '../refusal.ts';
import type { KubeObject } from '../kube-object.ts';

/** Milliseconds since the epoch, and a way to let them pass: a virtual clock in simulations. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A constant message and fields; the part of the host's context that the app uses. */
export interface Log {
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** A credential as the rendered service accounts want it; the names are built by names.ts alone. */
export interface WantedCredential {
  serviceAccount: string;
  name: string;
  subject: string;
  audience: string;
  /** A literal client id in the overlay; absent where the overlay has the placeholder. */
  clientId?: string;
}

export interface AccessRequest {
  slug: string;
  namespace: string;
  wanted: WantedCredential[];
  /** The identity that the record names: kept for life while it is in the pool. */
  identity?: string;
  /** Names that credentials were written under before: FEDERATED_CREDENTIAL_NAME may have changed since. */
  written?: readonly string[];
  /** The name that a service account's credential of this environment bears; how ours are told from others'. */
  nameOf(serviceAccount: string): string;
}

export interface Reserved {
  /** ARM id; absent where the pool is empty. */
  identity?: string;
  clientId: string;
  tenantId: string;
  warnings: string[];
  /** What grant would answer, where every credential was found in place and nothing of the environment is left elsewhere. */
  settled?: Change[];
}

/** A way to give the workloads of a branch an Azure identity. Federated credentials are one; others may come. */
export interface Access {
  /** Guard 5 and the choice of an identity, before the first write outside; `full` where no slot is free. */
  reserve(request: AccessRequest): Promise<{ reserved: Reserved } | { refused: Refusal } | { full: string }>;
  /** Makes what is missing; resolves when Azure has acknowledged it. */
  grant(request: AccessRequest, reserved: Reserved, admit: Admit): Promise<Change[]>;
  /** Removes what is exactly ours; absent is success. */
  revoke(request: AccessRequest, admit: Admit): Promise<Change[]>;
  /**
   * What grant (`present`) or revoke (`absent`) would do, and what reserve would answer where it would choose an identity.
   * Reads only.
   */
  plan(
    request: AccessRequest,
    state: 'present' | 'absent',
  ): Promise<{ changes: Change[]; refused?: Refusal; reserved?: Reserved }>;
  /** What Azure says of the environment's identity and credentials. Reads only. */
  inspect(request: AccessRequest): Promise<AccessFacts>;
  /** Everything on every identity of the pool, by one list each; one that cannot be listed fails nothing. Reads only. */
  holdings(): Promise<Holdings>;
}

/** What GitHub said of a branch. A status is absent where nothing was asked or no answer came. */
export interface BranchAnswer {
  /** Status of `git/ref/heads/{ref}`, and whether the ref it names is exactly this one. */
  ref?: number;
  exact?: boolean;
  /** Asked only where `ref` is 404. */
  repository?: { status?: number; id?: number; fullName?: string };
  /** Status of the default branch's own ref. */
  defaultRef?: number;
  /** Why an answer is missing, in one line. */
  why?: string;
}

export interface Branches {
  look(repository: Repository, ref: string): Promise<BranchAnswer>;
}

export interface RenderValues {
  slug: string;
  database: string;
  namespace: string;
  imageTag: string;
  clientId: string;
  tenantId: string;
  /** Put on every object. */
  labels: Record<string, string>;
}

/** The compiled overlays. */
export interface Overlays {
  /** Of what was compiled. */
  hash: string;
  /**
   * Replaces the placeholders and passes the gate; throws `render`. The environment's own Namespace is among the objects
   * where an overlay holds one: it is made apart, with the marks that the overlay gives it.
   */
  render(values: RenderValues): KubeObject[];
}

export interface StoredRecord {
  record: EnvironmentRecord;
  etag: string;
}

/** A lease that its adapter renews until it is released. */
export interface Lease {
  id: string;
  /** Ms until it may have ended, by our own clock and counted from before it was asked for. */
  remainingMs(): number;
  release(): Promise<void>;
}

export interface Records {
  read(slug: string): Promise<StoredRecord | undefined>;
  /** With If-None-Match; `exists` where somebody was first. */
  create(record: EnvironmentRecord): Promise<StoredRecord | 'exists'>;
  /** By ETag and lease; throws `conflict` where either is not ours any more. */
  write(record: EnvironmentRecord, held: { etag: string; lease: Lease }): Promise<StoredRecord>;
  remove(slug: string, etag: string): Promise<void>;
  list(): AsyncIterable<RecordSummary>;
  /** Whether environments of each of these owners were named in this way and no other; false where that is not known. */
  areNamed(owners: readonly string[], way: string): Promise<boolean>;
  /** Notes that environments of each of the owners may be named in these ways too. */
  noteNamings(owners: readonly string[], ways: readonly string[]): Promise<void>;
  lease(slug: string): Promise<Lease | 'busy'>;
}

export interface Requests {
  send(request: EnvironmentRequest, delayMs?: number): Promise<void>;
  /** Back on the poison queue, where abandon takes it up again after the delay. */
  sendToPoison(message: unknown, delayMs: number): Promise<void>;
}

/** The settings that the core decides by. */
export interface EnvironmentSettings {
  repositories: readonly { fullName: string; prefix?: string }[];
  /** BRANCH_INCLUDE and BRANCH_EXCLUDE. */
  admits: (ref: string) => boolean;
  defaultBranches: readonly string[];
  protectedNamespaces: readonly string[];
  /** `{slug}` stands for the slug. */
  initialImageTag: string;
  credentialName?: string;
  allowUnguarded: boolean;
  mode: 'apply' | 'observe';
  maxEnvironments?: number;
  readyDeadlineMs: number;
  /** DRIFT_INTERVAL: how long a sweep trusts what was last found as applied. */
  driftIntervalMs: number;
  /** SWEEP_MAX_DELETIONS; without it 3 or a quarter, whichever is more. */
  sweepMaxDeletions?: number;
}

/** Everything the core gets from outside. */
export interface Peers {
  settings: EnvironmentSettings;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  newId(): string;
  log: Log;
  records: Records;
  requests: Requests;
  cluster: Cluster;
  access: Access;
  /** Absent without GitHub credentials. */
  branches?: Branches;
  overlays: Overlays;
}
