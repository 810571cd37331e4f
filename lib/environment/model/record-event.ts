import { isWanting } from './desired.ts';
import type { EnvironmentRecord, HistoryEntry, RecordEvent } from './record.ts';
import type { EnvironmentRequest } from './request.ts';
import { toCommitTag } from './image-tag.ts';
import { toNamespace } from './names.ts';
import type { EnvironmentSettings } from './settings.ts';

const KEPT = 50;
const DIGEST_MS = 30 * 24 * 60 * 60 * 1000;
/** More deliveries for one branch than a month brings. */
const MOST_DIGESTS = 1_000;

/** A new record, for a slug that has none or whose record is gone. */
export function newRecord(request: EnvironmentRequest): EnvironmentRecord {
  return {
    v: 1,
    name: request.environment,
    namespace: toNamespace(request.environment),
    repository: request.repository,
    ref: request.ref,
    event: toEvent(request),
    phase: 'queued',
    steps: {},
    inventory: [],
    warnings: [],
    history: [],
    seen: [],
    activityAt: request.at,
  };
}

/** Folds the request into the record; `news` is false for a seen or stale request, which changes nothing wanted. */
export function recordEvent(
  record: EnvironmentRecord,
  request: EnvironmentRequest,
  { imageTagTemplate }: Pick<EnvironmentSettings, 'imageTagTemplate'> = {},
): { record: EnvironmentRecord; news: boolean } {
  // copy what is changed in place; everything else is replaced
  const next = { ...record, repository: { ...record.repository }, steps: { ...record.steps } };
  const { deliveryId } = request;
  const seen = (deliveryId !== undefined && record.seen.includes(deliveryId)) || hasDigest(record, request);
  keepDigest(next, request);
  if (deliveryId !== undefined && !record.seen.includes(deliveryId))
    next.seen = [...record.seen, deliveryId].slice(-KEPT);
  if (next.repository.id === undefined && request.repository.id !== undefined)
    next.repository.id = request.repository.id;
  if (request.reason === 'keep' && request.attempt === 0) keep(next, request);
  if (!saysSomething(request) || seen || request.attempt > 0) return { record: next, news: false };
  const { event, passed } = toSlots(record, request);
  next.event = event;
  if (passed === undefined) delete next.passed;
  else next.passed = passed;
  const isNewest = isFrom(request, event);
  // passed only by an event of the other kind, so it was merely taken up late: apply it once, as if in time
  const isLate = isSlot(request, passed) && !isSlot(request, record.passed);
  if (!isNewest && !isLate) {
    noteOnce(next, { id: request.id, at: request.at, what: 'stale', reason: request.reason });
    return { record: next, news: false };
  }
  const { sha } = request;
  const isFollowed = imageTagTemplate !== undefined && sha !== undefined && request.reason === 'push';
  const imageTag = isFollowed ? toCommitTag(imageTagTemplate, { slug: record.name, sha }) : request.imageTag;
  // use the repository's current name: another repository may own the old one by now
  if (request.repository.id !== undefined && request.repository.id === next.repository.id)
    next.repository.fullName = request.repository.fullName;
  if (request.reason === 'deprovision' && (isNewest || !isWanting(event.reason)))
    next.stop = { at: request.at, why: request.why ?? 'deprovisioned by hand' };
  if (isWanting(request.reason)) {
    if (isNewest || (next.stop !== undefined && next.stop.at < request.at)) delete next.stop;
    delete next.deleteAt;
    delete next.deletedAt;
    if (request.sha !== undefined) next.sha = request.sha;
    if (imageTag !== undefined) next.imageTag = imageTag;
    if (request.adopt === true) next.adopt = true;
    if (request.manifests === null) delete next.manifests;
    else if (request.manifests !== undefined) next.manifests = request.manifests;
    if (request.at > next.activityAt) next.activityAt = request.at;
  }
  noteOnce(next, {
    id: request.id,
    at: request.at,
    what: 'event',
    reason: request.reason,
    ...(imageTag !== undefined && { imageTag }),
    ...(request.why !== undefined && { why: request.why }),
    ...(request.actor !== undefined && { actor: request.actor }),
  });
  return { record: next, news: isNewest };
}

const hasDigest = ({ digests = [] }: EnvironmentRecord, request: EnvironmentRequest): boolean =>
  request.digest !== undefined && digests.some(({ digest }) => digest === request.digest);

/** Kept from its first receipt on: a replay must not prolong what it is held against. */
function keepDigest(record: EnvironmentRecord, request: EnvironmentRequest): void {
  const { digest, at } = request;
  if (digest === undefined || hasDigest(record, request)) return;
  const oldest = new Date(Date.parse(at) - DIGEST_MS).toISOString();
  const kept = (record.digests ?? []).filter((one) => one.at >= oldest);
  record.digests = [...kept, { digest, at }].slice(-MOST_DIGESTS);
}

/** Sets the keep mark, or takes it away; the newest call counts, whenever it is taken up. */
function keep(record: EnvironmentRecord, { at, keepUntil, why }: EnvironmentRequest): void {
  if (record.keptAt !== undefined && record.keptAt >= at) return;
  record.keptAt = at;
  if (keepUntil === undefined) delete record.keepUntil;
  else record.keepUntil = keepUntil;
  const words = keepUntil === undefined ? 'no longer kept' : `kept until ${keepUntil}`;
  note(record, { at, what: 'keep', reason: 'keep', why: why === undefined ? words : `${words}: ${why}` });
}

/** Whether the record's newest event came from this request. */
export function isFrom(request: EnvironmentRequest, event: RecordEvent): boolean {
  return event.at === request.at && event.reason === request.reason && event.deliveryId === request.deliveryId;
}

function isSlot(request: EnvironmentRequest, slot: RecordEvent | undefined): boolean {
  return slot !== undefined && isFrom(request, slot);
}

/** Appends to the history and drops the oldest entries. */
export function note(record: EnvironmentRecord, entry: HistoryEntry): void {
  record.history = [...record.history, entry].slice(-KEPT);
}

/** The host hands a failed request over again: its event stays one entry, and pushes no other one out. */
function noteOnce(record: EnvironmentRecord, entry: HistoryEntry): void {
  if (!record.history.some(({ id, what }) => id === entry.id && what === entry.what)) note(record, entry);
}

/** Whether the request wants something, rather than only a check. */
export function saysSomething(request: EnvironmentRequest): boolean {
  return isWanting(request.reason) || request.reason === 'delete' || request.reason === 'deprovision';
}

/**
 * Positions order deliveries only; between the newest delivery and the newest manual call, receipt decides. Both are kept:
 * a late delivery must be compared with the newer delivery, whatever a person asked for meanwhile.
 */
function toSlots(record: EnvironmentRecord, request: EnvironmentRequest): Pick<EnvironmentRecord, 'event' | 'passed'> {
  const { event: newest, passed } = record;
  const same = isManual(newest) === isManual(request) ? newest : passed;
  const other = same === newest ? passed : newest;
  if (same !== undefined && isOlder(request, same)) return { event: newest, ...(passed && { passed }) };
  const taken = toEvent(request);
  if (other === undefined) return { event: taken };
  const [manual, delivery] = isManual(taken) ? [taken, other] : [other, taken];
  const placed = { ...manual, ...(delivery.position !== undefined && { position: delivery.position }) };
  return manual.at < delivery.at ? { event: delivery, passed: placed } : { event: placed, passed: delivery };
}

function isOlder(request: EnvironmentRequest, same: RecordEvent): boolean {
  const isOrdered = request.position !== undefined && same.position !== undefined;
  if (isOrdered && request.position !== same.position) return Number(request.position) < Number(same.position);
  return request.at < same.at;
}

function toEvent({ reason, at, position, deliveryId, actor }: EnvironmentRequest): RecordEvent {
  return {
    reason,
    at,
    ...(position !== undefined && { position }),
    ...(deliveryId !== undefined && { deliveryId }),
    ...(actor !== undefined && { actor }),
  };
}

function isManual({ reason }: Pick<EnvironmentRequest, 'reason'>): boolean {
  return reason === 'provision' || reason === 'deprovision';
}
