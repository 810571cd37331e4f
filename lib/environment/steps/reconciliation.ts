import { type ProvisionerError, markLogged, toLogFields, toProvisionerError } from '../../errors.ts';
import type { LiveNamespace, Refusal } from '../model/guards.ts';
import { note } from '../model/record-event.ts';
import { type AuditEntry, toAuditSubject } from '../ports/audit.ts';
import type { Change } from '../ports/cluster.ts';
import type { Lease, Ports } from '../ports/ports.ts';
import type { EnvironmentRecord, Phase, StepName, WaitingFor } from '../model/record.ts';
import type { EnvironmentRequest } from '../model/request.ts';

const CHECK_MS = 15_000;

/** One run for one environment under its lease. `record` is the working copy; `save` writes it. */
export interface Reconciliation {
  ports: Ports;
  request: EnvironmentRequest;
  record: EnvironmentRecord;
  etag: string;
  lease: Lease;
  /** The namespace as last read and found ours; absent if there is none. */
  owned?: LiveNamespace;
  /** When `owned` was last confirmed, in ms. */
  confirmedAt: number;
  /** Which step each failure came from. */
  failures?: Map<unknown, StepName>;
  /** The requeued request that the record named until this one came, which is the first of a chain. */
  superseded?: { id: string; at: string } | undefined;
  /** Why the environment shall be there, or not. */
  why?: string;
  /** Set if the namespace turned out not to be ours during the run. */
  lost?: Refusal;
}

/** What the guards need of a run; a dry run has this much, and neither lease nor request. */
export type Guarded = Omit<Reconciliation, 'request' | 'etag' | 'lease'>;

/** What reconcile does next: nothing, what was to come anyway, or requeue after a delay. */
export type Outcome =
  | { kind: 'done' }
  | { kind: 'as-planned' }
  | { kind: 'later'; delayMs: number; reason?: 'check'; deadlineMs?: number; asked?: number };

export const DONE: Outcome = { kind: 'done' };
/** The request that the record named stays the one that counts. */
export const AS_PLANNED: Outcome = { kind: 'as-planned' };

export async function save(run: Reconciliation): Promise<void> {
  const { ports, record, etag, lease } = run;
  run.etag = (await named(run, 'record', () => ports.records.write(record, { etag, lease }))).etag;
}

/** Runs one step and records how it ended and how long it took. */
export async function step<T>(run: Guarded, name: StepName, work: () => Promise<T>): Promise<T> {
  const { clock } = run.ports;
  const started = clock.now();
  const end = (state: 'done' | 'failed'): void => {
    run.record.steps[name] = { state, at: toIso(started), ms: clock.now() - started };
  };
  try {
    const { step: traced } = run.ports;
    const result = await named(run, name, traced === undefined ? work : () => traced(name, work));
    end('done');
    return result;
  } catch (error) {
    end('failed');
    throw error;
  }
}

/** Runs work that belongs to a step without recording it, so that its failure carries the step's name. */
export async function named<T>(run: Guarded, name: StepName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    run.failures = (run.failures ?? new Map<unknown, StepName>()).set(error, name);
    throw error;
  }
}

/** Writes a line of the audit trail for the run's environment and request. */
export function audit(
  { ports, record, request, why }: Pick<Reconciliation, 'ports' | 'record' | 'request' | 'why'>,
  line: Pick<AuditEntry, 'action' | 'result' | 'reason' | 'object'>,
): void {
  ports.audit?.note({ ...toAuditSubject(request), environment: record.name, reason: why, ...line });
}

/** Federated credentials that came or went. */
export function auditCredentials(run: Parameters<typeof audit>[0], changes: readonly Change[]): void {
  for (const { object, action } of changes)
    if (action === 'created' || action === 'deleted')
      audit(run, {
        action: action === 'created' ? 'credential-created' : 'credential-removed',
        result: 'done',
        object,
      });
}

/** Whether a refusal keeps the phase: for one that runs, and, where only the branch is in doubt, for one on its way out. */
function stands({ uid, phase }: EnvironmentRecord, { guard }: Refusal): boolean {
  const phases: readonly Phase[] =
    guard === 'branch' ? ['ready', 'starting', 'expiring', 'deleting'] : ['ready', 'starting'];
  return uid !== undefined && phases.includes(phase);
}

/** Records a guard's refusal. An environment that exists keeps its phase. */
export function refuse(run: Reconciliation, refusal: Refusal): Outcome {
  const { record, ports, request } = run;
  const isNew = record.refused?.guard !== refusal.guard || record.refused.reason !== refusal.reason;
  // a sweep that is refused again leaves no history
  if (isNew || request.reason !== 'sweep') {
    note(record, { at: toIso(ports.clock.now()), what: 'refused', reason: request.reason, why: refusal.reason });
  }
  record.refused = refusal;
  if (isNew || request.reason !== 'sweep')
    audit(run, { action: request.reason, result: 'refused', reason: `${refusal.guard}: ${refusal.reason}` });
  delete record.waitingFor;
  delete record.waitingOn;
  if (!stands(record, refusal) || refusal.guard === 'owner' || refusal.guard === 'uid') record.phase = 'refused';
  if (record.phase === 'refused') delete record.error;
  ports.log.warn('refused', { environment: record.name, guard: refusal.guard, reason: refusal.reason });
  if (record.phase !== 'starting') return DONE;
  // what was applied before may still become ready: keep checking
  return { kind: 'later', reason: 'check', delayMs: CHECK_MS, deadlineMs: ports.settings.readyDeadlineMs };
}

export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

/** A failure as the record shows it: nothing that a developer may not see. */
export function toErrorField(error: ProvisionerError, step?: StepName): NonNullable<EnvironmentRecord['error']> {
  return {
    code: error.code,
    message: error.message,
    ...(error.object !== undefined && { object: error.object }),
    ...(step !== undefined && { step }),
    fix: error.fix,
    retryable: error.retryable,
  };
}

/** Records a failure; a permanent one sets phase failed. */
export function fail(run: Reconciliation, thrown: unknown): ProvisionerError {
  const { record, ports } = run;
  const error = toProvisionerError(thrown);
  const failedStep = run.failures?.get(thrown);
  record.error = toErrorField(error, failedStep);
  if (!error.retryable) {
    record.phase = 'failed';
    note(record, { at: toIso(ports.clock.now()), what: 'failed', why: error.message });
  }
  ports.log.error('failed', {
    environment: record.name,
    ...toLogFields(error),
    step: failedStep,
    retryable: error.retryable,
  });
  markLogged(error);
  return error;
}

const DAY_MS = 24 * 60 * 60 * 1000;

const WAITS: Record<WaitingFor, { words: string; firstMs: number; longestMs: number; deadlineMs?: number }> = {
  'namespace-terminating': {
    words: 'the old namespace to be gone',
    firstMs: 2_000,
    longestMs: 30_000,
    deadlineMs: DAY_MS,
  },
  'credential-slot': { words: 'a free credential slot', firstMs: 15_000, longestMs: 30_000 },
  capacity: { words: 'an environment to go', firstMs: 15_000, longestMs: 60_000 },
};

/** Nothing can be done now and nothing was applied: records what it waits for and requeues. */
export function wait(run: Reconciliation, waitingFor: WaitingFor, on?: string): Outcome {
  const { record, request, ports } = run;
  const { words, firstMs, longestMs, deadlineMs } = WAITS[waitingFor];
  record.phase = 'waiting';
  record.waitingFor = waitingFor;
  record.waitingOn = on ?? words;
  delete record.error;
  delete record.refused;
  ports.log.info('waiting', { environment: record.name, waitingFor, on: record.waitingOn });
  return {
    kind: 'later',
    delayMs: growingDelay({ attempt: request.attempt, firstMs, longestMs }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
}

/** The delay in ms before try `attempt` + 1: 1.5 times the last one, up to `longestMs`. */
export function growingDelay(options: { attempt: number; firstMs: number; longestMs: number }): number {
  return Math.min(options.longestMs, Math.round(options.firstMs * 1.5 ** Math.min(options.attempt, 40)));
}
