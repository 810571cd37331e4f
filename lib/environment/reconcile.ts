import { ProvisionerError } from '../errors.ts';
import { type Desired, toDesired } from './model/desired.ts';
import { clearAway, deprovision } from './deprovision.ts';
import {
  type Outcome,
  type Session,
  fail,
  growingDelay,
  refuse,
  save,
  toErrorField,
  toIso,
} from './steps/reconciliation.ts';
import { guardRecord } from './model/guards.ts';
import { findRecord } from './find-record.ts';
import { newRecord, note, observe } from './model/record-event.ts';
import { observeOnly } from './plan.ts';
import type { Lease, Peers, StoredRecord } from './ports/ports.ts';
import { provision } from './provision.ts';
import { awaitReadiness } from './steps/readiness.ts';
import type { EnvironmentRequest } from './model/request.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Reads may lag events: GitHub is asked again after these before it, or the event, is believed. */
const ASK_AGAIN_MS = [5_000, 30_000, 120_000];

export type Handled = 'done' | 'put-back' | 'dropped' | 'refused' | 'nothing-to-do';

/** Finds out what should be true of the request's environment now, and makes it so; throws what is worth a retry. */
export async function reconcile(peers: Peers, request: EnvironmentRequest): Promise<Handled> {
  const found = await findRecord(peers, request);
  if (found === 'nothing-to-do' || found === 'refused') return found;
  const slug = found.record.name;
  const lease = await peers.records.lease(slug);
  if (lease === 'busy') return putBackBusy(peers, request);
  try {
    // read again under the lease: what was read before may be older than the last holder's write
    const stored = await peers.records.read(slug);
    if (stored === undefined)
      throw new ProvisionerError('conflict', `the record of environment ${slug} went away`, {
        object: `record ${slug}`,
      });
    return await reconcileHeld(peers, { request, stored, lease });
  } finally {
    await lease.release();
  }
}

async function reconcileHeld(
  peers: Peers,
  held: { request: EnvironmentRequest; stored: StoredRecord; lease: Lease },
): Promise<Handled> {
  const { request, lease } = held;
  let { record } = held.stored;
  if (request.attempt > 0 && record.next?.id !== request.id) {
    peers.log.info('dropped', { environment: record.name, reason: 'a newer request took its place' });
    return 'dropped';
  }
  const other = guardRecord(record, request);
  if (other !== undefined && record.phase !== 'gone') {
    note(record, { at: toIso(peers.clock.now()), what: 'refused', reason: request.reason, why: other.reason });
    await peers.records.write(record, { etag: held.stored.etag, lease });
    peers.log.warn('refused', { environment: record.name, guard: other.guard, reason: other.reason });
    return 'refused';
  }
  if (other !== undefined) record = newRecord(request);
  const session: Session = {
    peers,
    request,
    record: observe(record, request).record,
    etag: held.stored.etag,
    lease,
    confirmedAt: 0,
  };
  // what was put back before knows nothing of this: once anything is written, how often it asked GitHub counts no more
  if (request.attempt === 0) delete session.record.next;
  let outcome: Outcome;
  try {
    outcome = await decide(session);
  } catch (thrown) {
    const error = fail(session, thrown);
    if (error.code === 'lease-lost') throw error;
    if (error.retryable && error.retryAfterMs === undefined) {
      await save(session);
      throw error;
    }
    outcome = error.retryable
      ? { kind: 'later', delayMs: error.retryAfterMs ?? 0, deadlineMs: DAY_MS }
      : { kind: 'done' };
  }
  return conclude(session, outcome);
}

async function decide(session: Session): Promise<Outcome> {
  const { peers, record, request } = session;
  if (request.reason === 'check' && record.phase === 'starting' && record.applied !== undefined) {
    return awaitReadiness(session);
  }
  const answer =
    record.stop === undefined && peers.branches !== undefined
      ? await peers.branches.look(record.repository, record.ref)
      : undefined;
  const desired = toDesired(record, answer);
  if (desired.state === 'unknown') return askLater(session, desired);
  const asked = request.asked ?? 0;
  const delayMs = ASK_AGAIN_MS[asked];
  if (desired.disagrees && delayMs !== undefined) {
    peers.log.info('asking again', {
      environment: record.name,
      event: record.event.reason,
      answer: desired.why,
      delayMs,
    });
    return { kind: 'later', delayMs, asked: asked + 1 };
  }
  if (desired.state === 'absent' && record.event.reason === 'provision' && request.reason === 'provision') {
    return refuse(session, {
      guard: 'branch',
      reason: `branch ${record.ref} does not exist; push it, then provision again`,
    });
  }
  if (peers.settings.mode === 'observe') return observeOnly(session, desired.state);
  if (desired.state === 'present') return provision(session);
  return record.phase === 'gone' ? clearAway(session) : deprovision(session);
}

function askLater(session: Session, desired: Desired): Outcome {
  const { peers, record, request } = session;
  record.waitingOn = desired.why;
  peers.log.warn('GitHub does not say whether the branch exists', { environment: record.name, why: desired.why });
  const delayMs = growingDelay({ attempt: request.attempt, firstMs: 15_000, longestMs: 300_000 });
  return { kind: 'later', delayMs, deadlineMs: DAY_MS };
}

/** Sends the put-back first and names it in the record then: a crash between the two leaves one that is dropped. */
async function conclude(session: Session, outcome: Outcome): Promise<Handled> {
  const { peers, record, request } = session;
  delete record.next;
  if (outcome.kind === 'done') {
    await save(session);
    return record.phase === 'refused' ? 'refused' : 'done';
  }
  const now = peers.clock.now();
  const reason = outcome.reason ?? request.reason;
  const goesOn = request.attempt > 0 && reason === request.reason;
  const since = goesOn ? request.since : toIso(now);
  const deadline =
    goesOn && request.deadline !== undefined
      ? request.deadline
      : outcome.deadlineMs === undefined
        ? undefined
        : toIso(now + outcome.deadlineMs);
  if (deadline !== undefined && toIso(now) >= deadline && outcome.deadlineMs !== undefined) {
    const error = new ProvisionerError('abandoned', `gave up waiting for ${record.waitingOn ?? 'an answer'}`, {
      object: `Namespace/${record.namespace}`,
    });
    record.phase = 'failed';
    record.error = toErrorField(error);
    await save(session);
    return 'done';
  }
  const next: EnvironmentRequest = {
    ...request,
    id: peers.newId(),
    reason,
    since,
    attempt: goesOn ? request.attempt + 1 : 1,
  };
  delete next.deadline;
  delete next.asked;
  if (deadline !== undefined && outcome.deadlineMs !== undefined) next.deadline = deadline;
  if (outcome.asked !== undefined) next.asked = outcome.asked;
  await peers.requests.send(next, outcome.delayMs);
  record.next = { id: next.id, at: toIso(now + outcome.delayMs) };
  await save(session);
  return 'put-back';
}

/** The same request again, unchanged: it has not been taken up yet, so nothing in the record may name it. */
async function putBackBusy(peers: Peers, request: EnvironmentRequest): Promise<Handled> {
  const now = peers.clock.now();
  if (now - Date.parse(request.attempt > 0 ? request.since : request.at) > DAY_MS) {
    throw new ProvisionerError('abandoned', `environment ${request.environment} was busy for a day`, {
      object: `record ${request.environment}`,
    });
  }
  await peers.requests.send(request, Math.round(2_000 + peers.random() * 3_000));
  return 'put-back';
}
