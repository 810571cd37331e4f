import { ProvisionerError } from '../../../errors.ts';
import { noteFinishedJobs } from './jobs.ts';
import { pruneOrphans } from '../prune.ts';
import { type ExplainedReason, explainReason, toPropagation } from '../../model/reporting/known-causes.ts';
import { note } from '../../model/record-event.ts';
import type { EnvironmentRecord } from '../../model/record.ts';
import type { InventoryEntry } from '../../ports/cluster.ts';
import { type Readiness, type Reason, sayReasons } from '../../ports/readiness.ts';
import { DONE, type Outcome, type Reconciliation, audit, named, step, toErrorField, toIso } from '../reconciliation.ts';
import { repairPod } from './repair-pod.ts';

/** When an environment that became ready is checked again: early crashes are seen before the next sweep. */
const LOOKS_MS = [10_000, 30_000, 90_000];
const FIRST_MS = 1_500;
/** While pods come up, the record lags the last of them by at most this much. */
const CLOSE_MS = 3_000;
const LONGEST_MS = 15_000;
/** Waiting for these takes a person, a node or a registry: nobody misses some seconds. */
const SLOW = new Set(['quota', 'refused', 'capacity', 'unschedulable', 'image', 'configuration', 'crash', 'unread']);
/** A failed environment that recovers is ready within a minute; after an hour within five. */
const FAILED_MS = 30_000;
const FAILED_LONG_MS = 300_000;
const HOUR_MS = 3_600_000;

/** Starts the time that READY_DEADLINE counts: something was applied. */
export function beginReadiness(record: EnvironmentRecord, at: string): void {
  record.appliedAt = at;
  record.unreadySince = at;
  delete record.fellAt;
  delete record.readyAt;
}

/** Whether a check of this record reads its health: it was applied, and only its health decides its phase. */
export function awaitsReadiness({ phase, applied, error }: EnvironmentRecord): boolean {
  if (applied === undefined) return false;
  return phase === 'starting' || phase === 'ready' || (phase === 'failed' && error?.step === 'readiness');
}

/** One reading of everything that was applied: ready, starting or failed, with the reasons, and when to check again. */
export async function awaitReadiness(run: Reconciliation): Promise<Outcome> {
  const { record, ports } = run;
  const { namespace } = record;
  // what is to be pruned once all is ready must not hold that up
  const inventory = record.inventory.filter(({ orphaned }) => orphaned !== true);
  const found = await step(run, 'readiness', () =>
    ports.cluster.readiness(inventory, { namespace, hasFallen: record.fellAt !== undefined }),
  );
  keepFinished(record, found);
  setRemarks(record, found);
  if (found.health === 'ready') return becomeReady(run);
  const now = ports.clock.now();
  const propagation = toPropagation(record, { now, readyDeadlineMs: ports.settings.readyDeadlineMs });
  const explained = found.reasons.map((reason) => explainReason(reason, propagation));
  record.reasons = explained.map(({ reason }) => withSince(reason, record, now));
  if (record.phase === 'ready') fall(run, now);
  const repaired = found.stuckPod === undefined ? undefined : await repairPod(run, found.stuckPod);
  if (repaired !== undefined) return repaired;
  return isFailure(run, { found, explained, now }) ? becomeFailed(run, now) : becomeStarting(run, { found, now });
}

async function becomeReady(run: Reconciliation): Promise<Outcome> {
  const { record, ports } = run;
  // a later check has nothing new to prune
  if (record.phase !== 'ready' || run.request.reason !== 'check') {
    await named(run, 'readiness', () => noteFinishedJobs(run));
    await pruneOrphans(run);
  }
  const now = ports.clock.now();
  if (record.phase !== 'ready' || record.readyAt === undefined) {
    const ms = now - Date.parse(record.unreadySince ?? record.appliedAt ?? toIso(now));
    note(record, { at: toIso(now), what: 'ready', ms });
    record.readyAt = toIso(now);
    ports.log.info('ready', { environment: record.name, ms });
  }
  record.phase = 'ready';
  delete record.error;
  delete record.waitingOn;
  delete record.reasons;
  delete record.unreadySince;
  delete record.fellAt;
  return lookAgain(run);
}

/** The next check that is due after an environment became ready. */
export function lookAgain({ record, ports }: Reconciliation): Outcome {
  if (record.readyAt === undefined) return DONE;
  const age = ports.clock.now() - Date.parse(record.readyAt);
  const next = LOOKS_MS.find((ms) => ms > age);
  return next === undefined ? DONE : { kind: 'later', reason: 'check', delayMs: next - age };
}

/** It was ready and is so no more, though nothing was applied. Told once, not at each swing. */
function fall(run: Reconciliation, now: number): void {
  const { record, ports } = run;
  record.fellAt = toIso(now);
  record.unreadySince = toIso(now);
  delete record.readyAt;
  const why = sayReasons(record.reasons ?? []) ?? 'it is not ready';
  note(record, { at: toIso(now), what: 'unready', why });
  audit(run, { action: 'unready', result: 'done', reason: why });
  ports.log.warn('ready no more', { environment: record.name, reason: why });
}

function isFailure(
  { record, ports }: Reconciliation,
  { found, explained, now }: { found: Readiness; explained: ExplainedReason[]; now: number },
): boolean {
  const [first] = explained;
  // a refused token makes nothing fail while its credential is new
  if (first?.isPropagating === true) return false;
  if (found.health === 'failed') return true;
  const { readyDeadlineMs } = ports.settings;
  const isOver = now >= unreadyFrom(record, now) + readyDeadlineMs;
  return isOver && (!awaitsImage(record, first?.reason) || now >= imageDeadline(record, ports.settings));
}

/** CI builds the image of a push meanwhile; whoever provisions by hand or from CI names one that is there. */
function awaitsImage({ event }: EnvironmentRecord, first: Reason | undefined): boolean {
  const isOfPush = event.reason === 'push' || event.reason === 'create';
  return isOfPush && first?.code === 'image' && first.cause.endsWith('not found');
}

function imageDeadline({ event }: EnvironmentRecord, { imageWaitMs }: { imageWaitMs: number }): number {
  return Date.parse(event.at) + imageWaitMs;
}

function unreadyFrom({ unreadySince, appliedAt }: EnvironmentRecord, now: number): number {
  return Date.parse(unreadySince ?? appliedAt ?? toIso(now));
}

function becomeFailed({ record, ports }: Reconciliation, now: number): Outcome {
  const reasons = record.reasons ?? [];
  const [first] = reasons;
  const words = sayReasons(reasons) ?? 'the workloads are not ready';
  const error = new ProvisionerError('not-ready', words, {
    ...(first !== undefined && { object: first.object }),
    fix: first?.fix ?? 'nothing known fits these words: look at the object and its events (kubectl describe)',
  });
  record.phase = 'failed';
  record.error = toErrorField(error, 'readiness');
  delete record.waitingOn;
  const last = record.history.findLast(({ what }) => VERDICTS.has(what));
  if (last?.what !== 'failed' || last.why !== error.message) {
    note(record, { at: toIso(now), what: 'failed', why: error.message });
    ports.log.warn('not ready', { environment: record.name, reason: error.message });
  }
  const isNew = now - unreadyFrom(record, now) < HOUR_MS;
  return { kind: 'later', reason: 'check', delayMs: isNew ? FAILED_MS : FAILED_LONG_MS };
}

const VERDICTS = new Set(['failed', 'ready', 'unready', 'applied']);

function becomeStarting({ record, ports }: Reconciliation, of: { found: Readiness; now: number }): Outcome {
  const { found, now } = of;
  const { readyDeadlineMs, imageWaitMs } = ports.settings;
  record.phase = 'starting';
  delete record.error;
  record.unreadySince ??= record.appliedAt ?? toIso(now);
  const words = sayReasons(record.reasons ?? []);
  if (words === undefined) delete record.waitingOn;
  else record.waitingOn = words;
  const delayMs = delayOf(found, { now, sinceMs: unreadyFrom(record, now) });
  return { kind: 'later', reason: 'check', delayMs, deadlineMs: Math.max(readyDeadlineMs, imageWaitMs) };
}

/** Close behind what comes up by itself, slower behind what waits, and exactly when a quiet time ends. */
function delayOf({ reasons, quietUntil }: Readiness, { now, sinceMs }: { now: number; sinceMs: number }): number {
  const quiet = quietUntil === undefined ? 0 : Date.parse(quietUntil) - now;
  if (quiet > 0) return Math.min(Math.max(quiet, FIRST_MS), LONGEST_MS);
  const age = now - sinceMs;
  const isSlow = SLOW.has(reasons[0]?.code ?? '') || age > 120_000;
  return Math.round(Math.min(isSlow ? LONGEST_MS : CLOSE_MS, Math.max(FIRST_MS, age * 0.5)));
}

/** What is said again keeps its time: a record that says the same is the same. */
function withSince(reason: Reason, { reasons = [] }: EnvironmentRecord, now: number): Reason {
  const before = reasons.find(({ object, code }) => object === reason.object && code === reason.code);
  return { ...reason, since: before?.since ?? reason.since ?? toIso(now) };
}

function keepFinished(record: EnvironmentRecord, { finished }: Readiness): void {
  const done = new Set(finished);
  const isDone = ({ apiVersion, kind, name }: InventoryEntry): boolean => done.has(`${apiVersion} ${kind} ${name}`);
  record.inventory = record.inventory.map((entry) =>
    isDone(entry) && entry.finished !== true ? { ...entry, finished: true as const } : entry,
  );
}

/** Remarks come and go with their causes; other warnings stay. While it is not ready nothing is known of them. */
function setRemarks(record: EnvironmentRecord, { remarks, ignored, health }: Readiness): void {
  if (ignored > 0) record.ignored = ignored;
  else delete record.ignored;
  if (health !== 'ready') return;
  const before = new Set(record.remarks);
  record.warnings = [...record.warnings.filter((warning) => !before.has(warning)), ...remarks];
  if (remarks.length > 0) record.remarks = remarks;
  else delete record.remarks;
}
