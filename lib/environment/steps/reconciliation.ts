import { ProvisionerError } from '../../errors.ts';
import { guardOwner, guardUid } from '../model/guards.ts';
import { note } from '../model/record-event.ts';
import type { Lease, Peers } from '../ports/ports.ts';
import type { EnvironmentRecord, StepName } from '../model/record.ts';
import type { EnvironmentRequest } from '../model/request.ts';
import type { Admit, LiveNamespace } from '../ports/cluster.ts';
import type { Refusal } from '../refusal.ts';

/** A call may be sent only while the lease outlives its timeout by this much (DESIGN, leases). */
const LEASE_MARGIN_MS = 10_000;
/** After a pause this long the world may have changed: the owner is asked again. */
const TRUST_MS = 5_000;
/** So many answers in a row that were too old when they came end the try. */
const SLOW_LOOKS = 3;

const CHECK_MS = 15_000;

/** One holder's work on one environment, under its lease. The record is the working copy; `save` makes it last. */
export interface Session {
  peers: Peers;
  request: EnvironmentRequest;
  record: EnvironmentRecord;
  etag: string;
  lease: Lease;
  /** The namespace as last seen and found ours; absent when there is none. */
  owned?: LiveNamespace;
  /** When `owned` was last confirmed, in ms. */
  confirmedAt: number;
  /** Which step each failure came from. */
  failures?: Map<unknown, StepName>;
  /** Set when the namespace turned out not to be ours in the middle of the work. */
  lost?: Refusal;
}

/** What reconcile does after a piece of work: nothing more, or look again after a delay. */
export type Outcome =
  { kind: 'done' } | { kind: 'later'; delayMs: number; reason?: 'check'; deadlineMs?: number; asked?: number };

export const DONE: Outcome = { kind: 'done' };

export async function save(session: Session): Promise<void> {
  const { peers, record, etag, lease } = session;
  session.etag = (await named(session, 'record', () => peers.records.write(record, { etag, lease }))).etag;
}

/** Looks the namespace up and holds it against guards 3 and 4. */
export async function confirmOwner(session: Session): Promise<Refusal | undefined> {
  const { peers, record } = session;
  // counted from before the call: a host that is paused reads an old answer
  const askedAt = peers.clock.now();
  const live = await peers.cluster.readNamespace(record.namespace);
  session.confirmedAt = askedAt;
  const before = session.owned;
  if (live === undefined) {
    delete session.owned;
    return undefined;
  }
  const refusal =
    guardOwner(live, { repository: record.repository, ref: record.ref, slug: record.name }) ??
    (before === undefined ? undefined : guardUid(live, before.uid));
  if (refusal !== undefined) {
    session.lost = refusal;
    return refusal;
  }
  session.owned = live;
  return undefined;
}

/** The check before every write that rests on the lease alone: removals that carry guards of their own. */
export function admitByLease(session: Session): Admit {
  return (timeoutMs) => {
    if (session.lease.remainingMs() < timeoutMs + LEASE_MARGIN_MS) {
      throw new ProvisionerError(
        'lease-lost',
        `the lease of environment ${session.record.name} ends too soon to write`,
        { object: `record ${session.record.name}` },
      );
    }
    return undefined;
  };
}

/** The check before every write into the namespace, or for it: the lease, and that the namespace is still ours. */
export function admitByOwner(session: Session): Admit {
  const byLease = admitByLease(session);
  const object = `Namespace/${session.record.namespace}`;
  let pending: Promise<void> | undefined;
  let slow = 0;
  const confirm = async (): Promise<void> => {
    const refusal = await confirmOwner(session);
    if (refusal !== undefined) throw new ProvisionerError('conflict', refusal.reason, { object });
    if (session.owned === undefined) {
      throw new ProvisionerError('gone', `namespace ${session.record.namespace} went away while it was written to`, {
        object,
      });
    }
    slow = session.peers.clock.now() - session.confirmedAt <= TRUST_MS ? 0 : slow + 1;
    if (slow < SLOW_LOOKS) return;
    throw new ProvisionerError('unavailable', 'the API server answers too slowly to write by its answers', { object });
  };
  return (timeoutMs) => {
    void byLease(timeoutMs);
    if (session.lost !== undefined) throw new ProvisionerError('conflict', session.lost.reason, { object });
    if (session.peers.clock.now() - session.confirmedAt <= TRUST_MS) return undefined;
    pending ??= confirm().finally(() => (pending = undefined));
    return pending;
  };
}

/** Runs one step and writes into the record how it ended and how long it took. */
export async function step<T>(session: Session, name: StepName, work: () => Promise<T>): Promise<T> {
  const { clock } = session.peers;
  const started = clock.now();
  const end = (state: 'done' | 'failed'): void => {
    session.record.steps[name] = { state, at: toIso(started), ms: clock.now() - started };
  };
  try {
    const result = await named(session, name, work);
    end('done');
    return result;
  } catch (error) {
    end('failed');
    throw error;
  }
}

/** Runs what belongs to a step and is no step of its own, so that its failure has the step's name. */
export async function named<T>(session: Session, name: StepName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    session.failures = (session.failures ?? new Map<unknown, StepName>()).set(error, name);
    throw error;
  }
}

/** A guard said no: the record says which and why. An environment that is there keeps its phase. */
export function refuse(session: Session, refusal: Refusal): Outcome {
  const { record, peers, request } = session;
  const isNew = record.refused?.guard !== refusal.guard || record.refused.reason !== refusal.reason;
  // a sweep that is refused again is no history
  if (isNew || request.reason !== 'sweep') {
    note(record, { at: toIso(peers.clock.now()), what: 'refused', reason: request.reason, why: refusal.reason });
  }
  record.refused = refusal;
  delete record.waitingFor;
  delete record.waitingOn;
  const stands = record.uid !== undefined && (record.phase === 'ready' || record.phase === 'starting');
  if (!stands || refusal.guard === 'owner' || refusal.guard === 'uid') record.phase = 'refused';
  if (record.phase === 'refused') delete record.error;
  peers.log.warn('refused', { environment: record.name, guard: refusal.guard, reason: refusal.reason });
  if (record.phase !== 'starting') return DONE;
  // what was applied before goes on to become ready: nobody else looks
  return { kind: 'later', reason: 'check', delayMs: CHECK_MS, deadlineMs: peers.settings.readyDeadlineMs };
}

export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}
