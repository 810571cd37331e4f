import type { Cluster, Inspected, InventoryEntry, KubeObject } from '../environment/ports/cluster.ts';
import type { EnvironmentRecord } from '../environment/model/record.ts';
import { toSafeLine } from '../secrets.ts';
import { type Pod, requestedBy } from './pods.ts';

/** One object of an environment as the cluster has it. */
export interface LiveObject {
  kind: string;
  name: string;
  state: 'ready' | 'starting' | 'failed' | 'absent' | 'unknown';
  reason?: string;
}

/** A warning of the cluster. */
export interface LiveEvent {
  /** `Kind/name`. */
  object: string;
  reason: string;
  message: string;
  at: string;
  count: number;
}

export interface LiveDetails {
  objects: LiveObject[];
  events: LiveEvent[];
  requested?: { cpu: number; memoryGiB: number };
  /** When the oldest object was made. */
  since?: string;
  cost?: { perHour: number; soFar: number };
}

export interface LiveDetailsDeps {
  cluster: Pick<Cluster, 'inspect'>;
  judge(
    type: { apiVersion: string; kind: string },
    object: KubeObject,
  ): { state: 'ready' | 'starting' | 'failed'; reason?: string };
  prices?: { cpuHour: number; gibHour: number };
  /** Ms since the epoch. */
  now: number;
}

const POD = { apiVersion: 'v1', kind: 'Pod' };
const EVENT = { apiVersion: 'v1', kind: 'Event' };
const SHOWN_EVENTS = 20;
const HOUR_MS = 3_600_000;

/** Each applied object with its readiness, the cluster's warnings, and what the pods ask for: one list for each kind. */
export async function readLiveDetails(deps: LiveDetailsDeps, record: EnvironmentRecord): Promise<LiveDetails> {
  const { inventory, namespace } = record;
  const kinds = new Map(
    [POD, EVENT, ...inventory].map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]),
  );
  const inspected = await deps.cluster.inspect([...kinds.values()], { namespace });
  const found = new Map(inspected.map((one) => [`${one.apiVersion} ${one.kind}`, one]));
  const pods: Pod[] | undefined = itemsOf(found.get('v1 Pod'));
  const since = oldest(inspected);
  const requested = pods && requestedBy(pods);
  return {
    objects: inventory.map((entry) =>
      toObject(deps, entry, { record, inspected: found.get(`${entry.apiVersion} ${entry.kind}`) }),
    ),
    events: toEvents(itemsOf(found.get('v1 Event')) ?? []),
    ...(requested && { requested }),
    ...(since !== undefined && { since }),
    ...(requested && deps.prices && { cost: toCost(requested, { ...deps, prices: deps.prices, since }) }),
  };
}

function toObject(
  deps: LiveDetailsDeps,
  entry: InventoryEntry,
  { record, inspected }: { record: EnvironmentRecord; inspected: Inspected | undefined },
): LiveObject {
  const { kind, name } = entry;
  if (inspected === undefined || 'why' in inspected) {
    return { kind, name, state: 'unknown', reason: inspected?.why ?? 'not asked for' };
  }
  const live = inspected.items.find(({ metadata }) => metadata.name === name);
  if (live === undefined) return { kind, name, state: 'absent' };
  const { state, reason: ownReason } = deps.judge(entry, live);
  // the record's words know its pods, and are the same everywhere
  const told = record.reasons?.find(({ object }) => object === `${kind}/${record.namespace}/${name}`);
  const reason = state === 'ready' ? ownReason : (told?.cause ?? ownReason);
  return { kind, name, state, ...(reason !== undefined && { reason: toSafeLine(reason) }) };
}

/** Warnings, the newest first. */
function toEvents(items: readonly KubeObject[]): LiveEvent[] {
  return (items as RawEvent[])
    .filter(({ type }) => type === 'Warning')
    .map((event) => ({
      object: `${event.involvedObject?.kind ?? ''}/${event.involvedObject?.name ?? ''}`,
      reason: toSafeLine(event.reason ?? ''),
      message: toSafeLine(event.message ?? ''),
      at: event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? '',
      count: event.series?.count ?? event.count ?? 1,
    }))
    .sort((one, other) => (one.at < other.at ? 1 : -1))
    .slice(0, SHOWN_EVENTS);
}

interface RawEvent extends KubeObject {
  type?: string;
  involvedObject?: { kind?: string; name?: string };
  reason?: string;
  message?: string;
  lastTimestamp?: string;
  eventTime?: string;
  count?: number;
  series?: { count?: number; lastObservedTime?: string };
}

/** At today's requests: what was asked for before is nowhere kept. */
function toCost(
  { cpu, memoryGiB }: { cpu: number; memoryGiB: number },
  { prices, since, now }: { prices: { cpuHour: number; gibHour: number }; since: string | undefined; now: number },
): { perHour: number; soFar: number } {
  const perHour = cpu * prices.cpuHour + memoryGiB * prices.gibHour;
  const hours = since === undefined ? 0 : Math.max(0, now - Date.parse(since)) / HOUR_MS;
  const round = (amount: number): number => Math.round(amount * 10_000) / 10_000;
  return { perHour: round(perHour), soFar: round(perHour * hours) };
}

function oldest(inspected: readonly Inspected[]): string | undefined {
  return inspected
    .flatMap((one) => itemsOf(one) ?? [])
    .map(({ metadata }) => metadata['creationTimestamp'])
    .filter((at) => typeof at === 'string')
    .sort()[0];
}

function itemsOf(inspected: Inspected | undefined): KubeObject[] | undefined {
  return inspected !== undefined && 'items' in inspected ? inspected.items : undefined;
}
