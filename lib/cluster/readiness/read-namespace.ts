import type { InventoryEntry } from '../../environment/ports/cluster.ts';
import type { Readiness } from '../../environment/ports/readiness.ts';
import { forEachLimited } from '../../concurrency.ts';
import type { Send } from '../api/client.ts';
import type { LiveObject } from '../api/object-meta.ts';
import { type Discovery, type TypeOfObject, isSecret } from '../api/rest-mapping.ts';
import { listKind } from '../list.ts';
import { isUp, judgeEnvironment } from './judge.ts';
import { isJudged } from './kinds/conditions.ts';
import { isWayIn } from './kinds/way-in.ts';
import { type EndpointSlice, type LiveEvent, type LivePod, type ReadObject, type Reading, msOf } from './reading.ts';

const POD: TypeOfObject = { apiVersion: 'v1', kind: 'Pod' };
const EVENT: TypeOfObject = { apiVersion: 'v1', kind: 'Event' };
const REPLICA_SET: TypeOfObject = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
const JOB: TypeOfObject = { apiVersion: 'batch/v1', kind: 'Job' };
const SERVICE: TypeOfObject = { apiVersion: 'v1', kind: 'Service' };
const SLICE: TypeOfObject = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
const CLASS: TypeOfObject = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass' };
/** Kinds whose objects can earn a remark and nothing else. */
const REMARKED = new Set(['CronJob', 'HorizontalPodAutoscaler', 'PodDisruptionBudget']);

type Listing<T> = { kind: 'items'; items: T[] } | { kind: 'unserved' } | { kind: 'forbidden' };

export interface ReadinessContext {
  send: Send;
  discovery: Discovery;
  concurrency: number;
  clock: { now(): number };
}

export interface ReadinessTarget {
  namespace: string;
  /** Whether it was ready since its last apply and is so no more. */
  hasFallen: boolean;
}

/**
 * One reading of a namespace and its verdict: workloads and pods first, by one list per kind; then what explains them
 * where some are not up, else the way in and what earns a remark. An environment that starts costs no list of the latter.
 */
export async function readReadiness(
  context: ReadinessContext,
  inventory: readonly InventoryEntry[],
  target: ReadinessTarget,
): Promise<Readiness> {
  const lists = new Map<string, Listing<LiveObject>>();
  const read = (types: TypeOfObject[], query?: Record<string, string>): Promise<void> =>
    readKinds(context, { types, lists, namespace: target.namespace, ...(query && { query }) });
  const isFirst = (type: TypeOfObject): boolean => isJudged(type) && !isWayIn(type);
  await read([...inventory.filter(isFirst), POD]);
  const reading = (more: Partial<Reading> = {}): Reading => ({
    ...target,
    now: context.clock.now(),
    objects: [...inventory.map((entry) => toObject(entry, lists)), ...unreadPods(lists)],
    pods: itemsOf<LivePod>(lists, POD),
    ...more,
  });
  const first = judgeEnvironment(reading());
  if (!isUp(first)) {
    await Promise.all([read([REPLICA_SET]), read([EVENT], { fieldSelector: 'type=Warning' })]);
    const events = itemsOf<LiveEvent & LiveObject>(lists, EVENT);
    return judgeEnvironment(reading({ evidence: { replicaSets: itemsOf(lists, REPLICA_SET), events } }));
  }
  const later = inventory.filter((entry) => isWayIn(entry) || REMARKED.has(entry.kind));
  const isEntered = later.some(isWayIn);
  const hasIngress = later.some(({ kind }) => kind === 'Ingress');
  const hasCronJob = later.some(({ kind }) => kind === 'CronJob');
  await read([
    ...later,
    ...(isEntered ? [SERVICE, SLICE] : []),
    ...(hasIngress ? [CLASS] : []),
    ...(hasCronJob ? [JOB] : []),
  ]);
  const unreadSlices = unreadOf(lists, SLICE);
  const wayIn = isEntered && unreadSlices.length === 0 ? toWayIn(lists) : undefined;
  const full = reading({ ...(wayIn && { wayIn }), ...(hasCronJob && { cronRuns: itemsOf(lists, JOB) }) });
  return judgeEnvironment({ ...full, objects: [...full.objects, ...unreadSlices] });
}

function toWayIn(lists: Map<string, Listing<LiveObject>>): NonNullable<Reading['wayIn']> {
  const classes = lists.get(keyOf(CLASS));
  return {
    services: itemsOf(lists, SERVICE),
    slices: itemsOf<EndpointSlice>(lists, SLICE),
    ...(classes?.kind === 'items' && { classes: classes.items }),
    events: [],
  };
}

async function readKinds(
  { send, discovery, concurrency }: ReadinessContext,
  options: {
    types: TypeOfObject[];
    lists: Map<string, Listing<LiveObject>>;
    namespace: string;
    query?: Record<string, string>;
  },
): Promise<void> {
  const { types, lists, namespace, query } = options;
  const open = new Map(
    types.filter((type) => !isSecret(type) && !lists.has(keyOf(type))).map((type) => [keyOf(type), type]),
  );
  await forEachLimited([...open.values()], concurrency, async (type) => {
    const resource = await discovery.resourceOf(type);
    const items =
      resource && (await listKind<LiveObject>(send, { type, resource, namespace, ...(query && { query }) }));
    lists.set(keyOf(type), items ? { kind: 'items', items } : { kind: resource ? 'forbidden' : 'unserved' });
  });
}

function toObject(entry: InventoryEntry, lists: Map<string, Listing<LiveObject>>): ReadObject {
  const { apiVersion, kind, name, managed } = entry;
  const listing = lists.get(keyOf(entry));
  const live = listing?.kind === 'items' ? listing.items.find(({ metadata }) => metadata.name === name) : undefined;
  const appliedAt = msOf(managed?.split(' ')[0]);
  return {
    type: { apiVersion, kind },
    name,
    live,
    ...(listing !== undefined && listing.kind !== 'items' && { unread: sayUnread(kind, listing) }),
    ...(entry.finished === true && { isFinished: true }),
    ...(appliedAt > 0 && { appliedAt }),
  };
}

/** Kinds that no overlay holds and a verdict needs all the same. */
function unreadOf(lists: Map<string, Listing<LiveObject>>, type: TypeOfObject): ReadObject[] {
  const listing = lists.get(keyOf(type));
  if (listing === undefined || listing.kind === 'items') return [];
  return [{ type: { ...type, kind: `${type.kind}List` }, name: 'all', unread: sayUnread(type.kind, listing) }];
}

function unreadPods(lists: Map<string, Listing<LiveObject>>): ReadObject[] {
  return unreadOf(lists, POD);
}

function sayUnread(kind: string, { kind: why }: Exclude<Listing<LiveObject>, { kind: 'items' }>): string {
  if (why === 'unserved') return `the cluster does not serve ${kind} any more`;
  return `nothing is known of it: our principal may not list ${kind}`;
}

function itemsOf<T extends LiveObject>(lists: Map<string, Listing<LiveObject>>, type: TypeOfObject): T[] {
  const listing = lists.get(keyOf(type));
  return listing?.kind === 'items' ? (listing.items as T[]) : [];
}

function keyOf({ apiVersion, kind }: TypeOfObject): string {
  return `${apiVersion} ${kind}`;
}
