import { isWanting } from './desired.ts';
import type { EnvironmentRecord, HistoryEntry } from './record.ts';
import type { EnvironmentRequest } from './request.ts';
import { toNamespace } from './names.ts';

const KEPT = 50;

/** A record for an environment that has none, or whose name a gone one frees. */
export function newRecord(request: EnvironmentRequest): EnvironmentRecord {
  return {
    v: 1,
    name: request.environment,
    namespace: toNamespace(request.environment),
    repository: request.repository,
    ref: request.ref,
    event: {
      reason: request.reason,
      at: request.at,
      ...(request.position !== undefined && { position: request.position }),
    },
    phase: 'queued',
    steps: {},
    inventory: [],
    warnings: [],
    history: [],
    seen: [],
    activityAt: request.at,
  };
}

/** The record with what the request says in it, and whether that was news: a seen or stale one changes nothing wanted. */
export function observe(
  record: EnvironmentRecord,
  request: EnvironmentRequest,
): { record: EnvironmentRecord; news: boolean } {
  const next = structuredClone(record);
  const { deliveryId } = request;
  const seen = deliveryId !== undefined && record.seen.includes(deliveryId);
  if (deliveryId !== undefined && !seen) next.seen = [...record.seen, deliveryId].slice(-KEPT);
  if (next.repository.id === undefined && request.repository.id !== undefined)
    next.repository.id = request.repository.id;
  if (!saysSomething(request) || seen || request.attempt > 0) return { record: next, news: false };
  if (isStale(record, request)) {
    note(next, { at: request.at, what: 'stale', reason: request.reason });
    return { record: next, news: false };
  }
  const position = highest(record.event.position, request.position);
  next.event = {
    reason: request.reason,
    at: request.at,
    ...(position !== undefined && { position }),
    ...(deliveryId !== undefined && { deliveryId }),
  };
  if (request.reason === 'deprovision') next.stop = { at: request.at, why: request.why ?? 'deprovisioned by hand' };
  if (isWanting(request.reason)) {
    delete next.stop;
    delete next.deleteAt;
    if (request.imageTag !== undefined) next.imageTag = request.imageTag;
    if (request.at > next.activityAt) next.activityAt = request.at;
  }
  note(next, {
    at: request.at,
    what: 'event',
    reason: request.reason,
    ...(request.imageTag !== undefined && { imageTag: request.imageTag }),
    ...(request.why !== undefined && { why: request.why }),
  });
  return { record: next, news: true };
}

/** Adds to the history, the newest last, the oldest dropped. */
export function note(record: EnvironmentRecord, entry: HistoryEntry): void {
  record.history = [...record.history, entry].slice(-KEPT);
}

function saysSomething(request: EnvironmentRequest): boolean {
  return isWanting(request.reason) || request.reason === 'delete' || request.reason === 'deprovision';
}

/** Positions order deliveries alone; a tie, and whatever a manual call is part of, goes by receipt. */
function isStale(record: EnvironmentRecord, request: EnvironmentRequest): boolean {
  const { event } = record;
  if (request.position !== undefined && event.position !== undefined) {
    if (request.position < event.position) return true;
    const isManual = event.reason === 'provision' || event.reason === 'deprovision';
    if (request.position > event.position && !isManual) return false;
  }
  return request.at < event.at;
}

function highest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}
