import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';
import type { KubeObject, PolicyState } from '../../../lib/environment/ports/cluster.ts';
import type { CauseCode, Readiness, Survey } from '../../../lib/environment/ports/readiness.ts';

export interface FakeNamespace {
  live: LiveNamespace;
  /** As JSON, by `Kind/namespace/name`. */
  objects: Map<string, string>;
  /** Since when it bears the labels and annotations that it bears. */
  marksSince: number;
  /** When it is gone, once it terminates. */
  goneAt?: number;
  /** Somebody else made it with our labels and annotations, from a backup. */
  isRestored?: boolean;
}

/** What a cluster holds; every caller has a client of its own over it. */
export interface FakeCluster {
  now(): number;
  namespaces: Map<string, FakeNamespace>;
  versions: number;
  /** Jobs and pods that have failed for good, as `Kind/namespace/name`. */
  ended: Set<string>;
  terminationMs: number;
  readinessIs: Readiness;
  surveyIs: Survey;
  policiesAre: PolicyState;
}

export function createCluster(now: () => number): FakeCluster {
  return {
    now,
    namespaces: new Map(),
    versions: 0,
    ended: new Set(),
    terminationMs: 5_000,
    readinessIs: READY,
    surveyIs: { suspect: new Set(), unread: [] },
    policiesAre: 'bound',
  };
}

export const READY: Readiness = { health: 'ready', reasons: [], remarks: [], ignored: 0, finished: [] };

/** A reading that one object keeps from being ready. */
export function unready(
  cause: string,
  { health = 'starting', object = 'Deployment/x/web', code = 'unknown' }: UnreadyOptions = {},
): Readiness {
  return { ...READY, health, reasons: [{ object, cause, code }] };
}

interface UnreadyOptions {
  health?: 'starting' | 'failed';
  object?: string;
  code?: CauseCode;
}

export function namespaceAt({ namespaces, now }: FakeCluster, name: string): FakeNamespace | undefined {
  const found = namespaces.get(name);
  if (found?.goneAt === undefined || now() < found.goneAt) return found;
  namespaces.delete(name);
  return undefined;
}

/** Puts a namespace there, whoever makes it. */
export function makeNamespace(cluster: FakeCluster, metadata: KubeObject['metadata']): FakeNamespace {
  const version = (cluster.versions += 1);
  const live: LiveNamespace = {
    name: metadata.name,
    uid: `uid-${version}`,
    resourceVersion: String(version),
    // frozen, so that every reader may share them
    labels: Object.freeze({ ...metadata.labels }),
    annotations: Object.freeze({ ...metadata.annotations }),
    ours: ownedKeys(metadata),
    terminating: false,
    conditions: [],
  };
  const made: FakeNamespace = { live, objects: new Map(), marksSince: cluster.now() };
  cluster.namespaces.set(metadata.name, made);
  return made;
}

export function terminate(cluster: FakeCluster, found: FakeNamespace): void {
  found.live.terminating = true;
  found.live.resourceVersion = String((cluster.versions += 1));
  found.goneAt ??= cluster.now() + cluster.terminationMs;
}

/** What our apply owns. */
export function ownedKeys({
  labels = {},
  annotations = {},
}: KubeObject['metadata']): NonNullable<LiveNamespace['ours']> {
  return { labels: Object.keys(labels), annotations: Object.keys(annotations) };
}
