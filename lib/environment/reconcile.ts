import { ProvisionerError } from '../errors.ts';
import { type Desired, isOutdated, isWanting, toDesired } from './model/desired.ts';
import { DAY_MS, type Handled, conclude } from './conclude.ts';
import { clearAway, deprovision } from './deprovision.ts';
import {
  DONE,
  type Outcome,
  type Reconciliation,
  audit,
  fail,
  growingDelay,
  refuse,
  save,
  toIso,
} from './steps/reconciliation.ts';
import { branchGone, guardRecord } from './model/guards.ts';
import { stopExpired, waitForGrace } from './steps/life-span.ts';
import { onlyReports, sendReport } from './steps/report.ts';
import { leaseRecord, wentAway } from './find-record.ts';
import { newRecord, note, recordEvent, saysSomething } from './model/record-event.ts';
import type { Step, StepName } from './model/record.ts';
import { observe } from './observe.ts';
import type { Lease, Ports, StoredRecord } from './ports/ports.ts';
import { provision } from './provision.ts';
import { toAuditSubject } from './ports/audit.ts';
import { awaitReadiness, awaitsReadiness } from './steps/ready/readiness.ts';
import type { EnvironmentRequest } from './model/request.ts';

/** GitHub's reads may lag its events: ask again after these delays before believing either. */
const ASK_AGAIN_MS = [5_000, 30_000, 120_000];

/** Determines what should be true of the request's environment now and makes it so; throws what is worth a retry. */
export async function reconcile(ports: Ports, request: EnvironmentRequest): Promise<Handled> {
  try {
    return await reconcileAudited(ports, request);
  } finally {
    await ports.audit?.flush();
  }
}

async function reconcileAudited(ports: Ports, request: EnvironmentRequest): Promise<Handled> {
  if (await ignoreOutdated(ports, request)) return 'dropped';
  const found = await leaseRecord(ports, request);
  if (found.kind === 'busy') return requeueBusy(ports, request);
  if (found.kind !== 'held') return found.kind;
  const { slug, lease, created } = found;
  try {
    const stored = created ?? (await ports.records.read(slug));
    if (stored === undefined) throw wentAway(slug);
    return await reconcileHeld(ports, { request, stored, lease });
  } finally {
    await lease.release();
  }
}

/** An old delivery counts only where GitHub says the same; before anything is read or made for it. */
async function ignoreOutdated(ports: Ports, request: EnvironmentRequest): Promise<boolean> {
  if (!isOutdated(request, ports.settings)) return false;
  const { repository, ref, environment, reason } = request;
  const answer = await ports.branches?.read(repository, ref);
  const { state } = toDesired({ repository, event: { reason, at: request.at } }, answer, { trustDeliveries: false });
  if (state === (isWanting(reason) ? 'present' : 'absent')) return false;
  const why = `the ${reason} is older than MAX_DELIVERY_AGE, and GitHub does not say the same`;
  ports.log.warn('ignored', { environment, reason: why });
  ports.audit?.note({ ...toAuditSubject(request), action: reason, result: 'ignored', reason: why });
  return true;
}

async function reconcileHeld(
  ports: Ports,
  held: { request: EnvironmentRequest; stored: StoredRecord; lease: Lease },
): Promise<Handled> {
  const { request, lease } = held;
  let { record } = held.stored;
  if (request.attempt > 0 && record.next?.id !== request.id) {
    ports.log.info('dropped', { environment: record.name, reason: 'a newer request took its place' });
    return 'dropped';
  }
  const other = guardRecord(record, request);
  if (other !== undefined && record.phase !== 'gone') {
    note(record, { at: toIso(ports.clock.now()), what: 'refused', reason: request.reason, why: other.reason });
    await ports.records.write(record, { etag: held.stored.etag, lease });
    ports.log.warn('refused', { environment: record.name, guard: other.guard, reason: other.reason });
    audit({ ports, record, request }, { action: request.reason, result: 'refused', reason: `record: ${other.reason}` });
    return 'refused';
  }
  if (other !== undefined) record = newRecord(request);
  const recorded = recordEvent(record, request, ports.settings);
  const run: Reconciliation = {
    ports,
    request,
    record: recorded.record,
    etag: held.stored.etag,
    lease,
    confirmedAt: 0,
  };
  auditRequest(run, recorded.news);
  noteInterrupted(run);
  const isReport = onlyReports(record, request);
  // any write supersedes earlier requeued requests, and with them their count of questions to GitHub
  if (request.attempt === 0) {
    run.superseded = run.record.next;
    delete run.record.next;
  }
  let outcome: Outcome;
  try {
    outcome = isReport ? DONE : await decide(run);
  } catch (thrown) {
    const error = fail(run, thrown);
    if (error.code === 'lease-lost') throw error;
    if (error.retryable && error.retryAfterMs === undefined) {
      await save(run);
      throw error;
    }
    outcome = error.retryable
      ? { kind: 'later', delayMs: error.retryAfterMs ?? 0, deadlineMs: DAY_MS }
      : { kind: 'done' };
  }
  const handled = await conclude(run, outcome);
  await sendReport(run);
  return handled;
}

/** What somebody asked for; the app's own checks belong to the request that caused them. */
function auditRequest(run: Reconciliation, news: boolean): void {
  const { request } = run;
  if (request.attempt > 0 || request.reason === 'sweep' || request.reason === 'check') return;
  const { reason: action, why: reason } = request;
  audit(run, { action, result: saysSomething(request) && !news ? 'nothing-new' : 'accepted', reason });
}

/** A step that still runs in the stored record, which nobody but us may write now, belongs to an execution that was killed. */
function noteInterrupted({ record, ports }: Reconciliation): void {
  for (const [name, step] of Object.entries(record.steps) as [StepName, Step][]) {
    if (step.state !== 'running') continue;
    record.steps[name] = { ...step, state: 'failed' };
    const why = `the execution that began to write at ${step.at}, with step ${name}, did not end: it is done again`;
    note(record, { at: toIso(ports.clock.now()), what: 'interrupted', why });
    ports.log.warn('interrupted', { environment: record.name, step: name, at: step.at });
  }
}

async function decide(run: Reconciliation): Promise<Outcome> {
  const { ports, record, request } = run;
  const isObserved = ports.settings.mode === 'observe';
  if (request.reason === 'check' && awaitsReadiness(record)) {
    // a check may delete what the overlays no longer hold
    if (!isObserved) return awaitReadiness(run);
    if (record.phase === 'ready') return DONE;
  }
  stopExpired(run);
  const answer =
    record.stop === undefined && ports.branches !== undefined
      ? await ports.branches.read(record.repository, record.ref)
      : undefined;
  const desired = toDesired(record, answer, ports.settings);
  run.why = desired.why;
  if (desired.state === 'unbelieved') return refuse(run, { guard: 'branch', reason: desired.why });
  if (desired.state === 'unknown') return askLater(run, desired);
  const asked = request.asked ?? 0;
  const delayMs = ASK_AGAIN_MS[asked];
  if (desired.disagrees && delayMs !== undefined) {
    ports.log.info('asking again', {
      environment: record.name,
      event: record.event.reason,
      answer: desired.why,
      delayMs,
    });
    return { kind: 'later', delayMs, asked: asked + 1 };
  }
  if (desired.state === 'absent' && record.event.reason === 'provision' && request.reason === 'provision') {
    return refuse(run, branchGone(record.ref));
  }
  if (desired.state === 'absent') {
    const waits = waitForGrace(run);
    if (waits !== undefined) return waits;
  } else delete record.deletedAt;
  if (isObserved) return observe(run, desired.state);
  delete record.observed;
  if (desired.state === 'present') return provision(run);
  return record.phase === 'gone' ? clearAway(run) : deprovision(run);
}

function askLater(run: Reconciliation, desired: Desired): Outcome {
  const { ports, record, request } = run;
  record.waitingOn = desired.why;
  ports.log.warn('GitHub does not say whether the branch exists', { environment: record.name, why: desired.why });
  const delayMs = growingDelay({ attempt: request.attempt, firstMs: 15_000, longestMs: 300_000 });
  return { kind: 'later', delayMs, deadlineMs: DAY_MS };
}

/** Requeues the request unchanged: it has not been taken up yet, so the record must not name it. */
async function requeueBusy(ports: Ports, request: EnvironmentRequest): Promise<Handled> {
  const now = ports.clock.now();
  if (now - Date.parse(request.attempt > 0 ? request.since : request.at) > DAY_MS) {
    throw new ProvisionerError('abandoned', `environment ${request.environment} was busy for a day`, {
      object: `record ${request.environment}`,
    });
  }
  await ports.requests.send(request, Math.round(2_000 + ports.random() * 3_000));
  return 'requeued';
}
