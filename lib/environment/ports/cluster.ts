import type { LiveNamespace } from '../model/guards.ts';
import type { Readiness, Survey } from './readiness.ts';

/**
 * Called synchronously before every write to the outside, with that call's timeout in ms. Throws `lease-lost` if the lease
 * would not outlive the call by 10 s. Returns a promise while it reads the namespace's owner again: await it, then call again.
 */
export type WriteGuard = (timeoutMs: number) => Promise<void> | undefined;

export type Action = 'created' | 'configured' | 'unchanged' | 'deleted' | 'skipped' | 'unknown';

/** One object that we applied. */
export interface InventoryEntry {
  apiVersion: string;
  kind: string;
  name: string;
  /** Digest of our managedFields entry after our last apply: a different one means that others changed our fields. */
  managed?: string;
  resourceVersion?: string;
  /** A Job that was seen to complete, or was collected by its TTL after that: it is not made again. */
  finished?: true;
  /** Of a Job as it was rendered. */
  digest?: string;
  /** No overlay holds it any more: deleted once everything else is ready. */
  orphaned?: true;
}

/** What happened, or would happen, to one object. */
export interface Change {
  /** `Kind/namespace/name`; `Namespace/name`; `FederatedCredential/identity/name`. */
  object: string;
  action: Action;
  /** Why it was skipped, or why the result is unknown. */
  reason?: string;
  /** How many objects of the kind, where one change stands for several. */
  count?: number;
}

export interface Applied {
  changes: Change[];
  /** Which of the given objects are applied now. */
  inventory: InventoryEntry[];
  /** The first failure, if any: the change set tells what was applied. */
  error?: Error;
}

export interface Pruned {
  changes: Change[];
  /** What may still exist: deletes that were refused or got no answer. */
  left: InventoryEntry[];
  /** The first failure, if any. */
  error?: Error;
}

/** An object that differs from what our last apply left. */
export interface Drifted {
  /** `Kind/namespace/name`. */
  object: string;
  why: 'missing' | 'changed';
}

/** Labels and annotations to be removed. */
export interface DroppedKeys {
  labels: string[];
  annotations: string[];
}

/** `unserved` is a kind whose CRD the cluster lacks. */
export type Scope = 'namespaced' | 'cluster' | 'unserved';

export type CreateResult = { kind: 'created'; namespace: LiveNamespace } | { kind: 'exists' };

export type ListedNamespace = Pick<LiveNamespace, 'name' | 'labels' | 'annotations'>;

/** The Kubernetes cluster. Every failure is a ProvisionerError that names its object. */
export interface Cluster {
  readNamespace(name: string): Promise<LiveNamespace | undefined>;
  /** Every namespace with these labels, by pages; no proof of whose it is. */
  listNamespaces(labels: Record<string, string>): Promise<ListedNamespace[]>;
  /** By POST; `exists` on 409. */
  createNamespace(namespace: KubeObject, writeGuard: WriteGuard): Promise<CreateResult>;
  /** Server-side apply of a Namespace that carries the checked `metadata.uid`; another uid is a `conflict`. */
  applyNamespace(namespace: KubeObject, writeGuard: WriteGuard, dropped?: DroppedKeys): Promise<LiveNamespace>;
  /**
   * Applies side by side, in no order; never throws for a single object: the error comes with the change set.
   * `fresh` says that the namespace was made just now, so that nothing needs to be read first.
   */
  apply(
    objects: KubeObject[],
    options: { namespace: string; fresh: boolean; known: InventoryEntry[]; writeGuard: WriteGuard },
  ): Promise<Applied>;
  /**
   * Deletes what was applied before and is no longer rendered, if it still carries our labels and fields, has no owner
   * reference and is not annotated to stay; anything else is skipped with the reason.
   */
  prune(
    entries: InventoryEntry[],
    options: { namespace: string; labels: Record<string, string>; writeGuard: WriteGuard },
  ): Promise<Pruned>;
  /** The objects that are missing, or whose fields of ours were changed by others, since the apply in `known`. Reads only. */
  drift(objects: KubeObject[], options: { namespace: string; known: InventoryEntry[] }): Promise<Drifted[]>;
  /** Where each object's kind lives, by the cluster's discovery. */
  scopes(objects: readonly KubeObject[]): Promise<Map<KubeObject, Scope>>;
  /** The change set of a server-side dry run, in an existing namespace. */
  plan(objects: KubeObject[], options: { namespace: string }): Promise<Change[]>;
  /** Judges everything that was applied, from one reading of the namespace. Reads only. */
  readiness(
    inventory: readonly InventoryEntry[],
    options: { namespace: string; hasFallen: boolean },
  ): Promise<Readiness>;
  /** Looks at the environments of all namespaces at once, by lists over the whole cluster. Reads only. */
  survey(): Promise<Survey>;
  /** Deletes the Jobs and bare pods among the entries that have failed for good, so that an apply makes them again. */
  removeEnded(
    entries: readonly InventoryEntry[],
    options: { namespace: string; labels: Record<string, string>; writeGuard: WriteGuard },
  ): Promise<Change[]>;
  /** Deletes one pod with its uid as precondition. */
  deletePod(
    target: { namespace: string; name: string; uid: string },
    writeGuard: WriteGuard,
  ): Promise<'deleted' | 'absent' | 'changed'>;
  /** The live objects of each kind, never Secrets; a kind that can't be read says why. Reads only. */
  inspect(kinds: { apiVersion: string; kind: string }[], options: { namespace: string }): Promise<Inspected[]>;
  /** How many objects of each kind the namespace holds, for the kinds that we may list. */
  contents(namespace: string): Promise<Record<string, number>>;
  /** Deletes as the deprovisioner, with uid and resourceVersion as preconditions; `changed` if they no longer match. */
  deleteNamespace(
    target: { name: string; uid: string; resourceVersion: string },
    writeGuard: WriteGuard,
  ): Promise<'deleting' | 'absent' | 'changed'>;
  /** Whether the admission policies that this app ships hold both our principals, and these have no right around them. */
  policies(): Promise<PolicyState>;
}

/**
 * `outdated` where the policies are of another version than the app's, `overprivileged` where a principal could change
 * policies, act as others, read their Secrets or bind rights.
 */
export type PolicyState = 'bound' | 'unbound' | 'outdated' | 'overprivileged';

/** `Kind/namespace/name`, or `Kind/name` for what lies in no namespace: how every log, error and answer names an object. */
export function toSubjectName(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return [object.kind, namespace, name].filter((part) => part !== undefined).join('/');
}

/** Counts changes by action, for one log line: `{created: 12, unchanged: 3}`. */
export function countActions(changes: readonly Change[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of changes) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}
/** An object as the API server accepts it; only the fields that every kind has are typed. */
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

/** One kind as the cluster lists it: its objects, or why they could not be read. */
export type Inspected = { apiVersion: string; kind: string } & ({ items: KubeObject[] } | { why: string });
