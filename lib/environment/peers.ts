import type { EnvironmentRecord, InventoryEntry, RecordSummary } from './record.ts';
import type { EnvironmentRequest, Repository } from './request.ts';
import type { Refusal } from './refusal.ts';

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

/**
 * Called synchronously before every write to the outside, with that call's timeout in ms. Throws `lease-lost` where the
 * lease would not outlive the call by 10 s. A promise means: wait for it, then ask again (the owner is looked up anew).
 */
export type Admit = (timeoutMs: number) => Promise<void> | undefined;

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}

export type Action = 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped' | 'unknown';

/** What happened, or would happen, to one object. */
export interface Change {
  /** `Kind/namespace/name`; `Namespace/name`; `FederatedCredential/identity/name`. */
  object: string;
  action: Action;
  /** Why it was skipped, or is not known. */
  reason?: string;
}

export interface LiveNamespace {
  name: string;
  uid: string;
  resourceVersion: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  terminating: boolean;
  conditions: { type: string; status: string; reason: string; message: string }[];
}

export interface Applied {
  changes: Change[];
  /** What is applied now, of the objects given. */
  inventory: InventoryEntry[];
  /** The first failure, where not every object went through: the change set tells how far it came. */
  error?: Error;
}

export interface Pruned {
  changes: Change[];
  /** What may still be there: deletes that were refused or got no answer. */
  left: InventoryEntry[];
  /** The first failure, where not every delete went through. */
  error?: Error;
}

/** An object that is not as our last apply left it. */
export interface Drifted {
  /** `Kind/namespace/name`. */
  object: string;
  why: 'missing' | 'changed';
}

export interface Readiness {
  state: 'ready' | 'starting' | 'failed';
  /** What is waited for, or what failed, in one line. */
  reason?: string;
  /** `Kind/namespace/name` of the object that decides. */
  object?: string;
}

/** The Kubernetes cluster. Every failure is a ProvisionerError that names its object. */
export interface Cluster {
  readNamespace(name: string): Promise<LiveNamespace | undefined>;
  /** By POST; `exists` on 409. */
  createNamespace(namespace: KubeObject, admit: Admit): Promise<LiveNamespace | 'exists'>;
  /** Server-side apply of a Namespace that carries the checked `metadata.uid`; another uid is a `conflict`. */
  applyNamespace(namespace: KubeObject, admit: Admit): Promise<LiveNamespace>;
  /**
   * Applies side by side, in no order; never throws for a single object: the error comes with the change set.
   * `fresh` says that the namespace was made just now, so that nothing needs to be read first.
   */
  apply(
    objects: KubeObject[],
    options: { namespace: string; fresh: boolean; known: InventoryEntry[]; admit: Admit },
  ): Promise<Applied>;
  /**
   * Deletes what was applied once and is rendered no more, where it is still ours by our labels and our fields, nobody
   * else's by an owner reference, and not annotated to stay; what is not is skipped with the reason.
   */
  prune(
    entries: InventoryEntry[],
    options: { namespace: string; labels: Record<string, string>; admit: Admit },
  ): Promise<Pruned>;
  /** Which of the objects are gone, or changed by others in fields of ours, since the apply that `known` tells of. Reads only. */
  drift(objects: KubeObject[], options: { namespace: string; known: InventoryEntry[] }): Promise<Drifted[]>;
  /** The change set of a server-side dry run, in an existing namespace. */
  plan(objects: KubeObject[], options: { namespace: string }): Promise<Change[]>;
  readiness(objects: KubeObject[], options: { namespace: string }): Promise<Readiness>;
  /** How many objects of each kind a namespace holds, of the kinds that we may list. */
  contents(namespace: string): Promise<Record<string, number>>;
  /** By the deprovisioner's principal, with uid and resourceVersion as preconditions; `changed` when they did not hold. */
  deleteNamespace(
    target: { name: string; uid: string; resourceVersion: string },
    admit: Admit,
  ): Promise<'deleting' | 'absent' | 'changed'>;
  /** Whether admission policies hold both our principals to namespaces of ours, asked by dry run. */
  policies(): Promise<'bound' | 'unbound'>;
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
  /** The name that a service account's credential of this environment bears; how ours are told from others'. */
  nameOf(serviceAccount: string): string;
}

export interface Reserved {
  /** ARM id; absent where the pool is empty. */
  identity?: string;
  clientId: string;
  tenantId: string;
  warnings: string[];
}

/** A way to give the workloads of a branch an Azure identity. Federated credentials are one; others may come. */
export interface Access {
  /** Guard 5 and the choice of an identity, before the first write outside; `full` where no slot is free. */
  reserve(request: AccessRequest): Promise<{ reserved: Reserved } | { refused: Refusal } | { full: string }>;
  /** Makes what is missing; resolves when Azure has acknowledged it. */
  grant(request: AccessRequest, reserved: Reserved, admit: Admit): Promise<Change[]>;
  /** Removes what is exactly ours; absent is success. */
  revoke(request: AccessRequest, admit: Admit): Promise<Change[]>;
  /** What grant (`present`) or revoke (`absent`) would do. Reads only. */
  plan(request: AccessRequest, state: 'present' | 'absent'): Promise<{ changes: Change[]; refused?: Refusal }>;
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
