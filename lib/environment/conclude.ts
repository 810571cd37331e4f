import { ProvisionerError } from '../errors.ts';
import { toRetry } from './model/life-span.ts';
import type { EnvironmentRequest } from './model/request.ts';
import { markExpiring } from './steps/life-span.ts';
import { type Outcome, type Reconciliation, save, toErrorField, toIso } from './steps/reconciliation.ts';
import { noteReport } from './steps/report.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

export type Handled = 'done' | 'requeued' | 'dropped' | 'refused' | 'nothing-to-do';

/** Sends the request first, then names it in the record: a crash in between leaves a message that is dropped. */
export async function conclude(run: Reconciliation, outcome: Outcome): Promise<Handled> {
  const { ports, record, request } = run;
  delete record.next;
  if (outcome.kind === 'as-planned' && run.superseded !== undefined) record.next = run.superseded;
  markExpiring(run);
  noteRetry(run);
  noteReport(run);
  if (outcome.kind !== 'later') {
    await save(run);
    return record.phase === 'refused' ? 'refused' : 'done';
  }
  const now = ports.clock.now();
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
    noteReport(run);
    await save(run);
    return 'done';
  }
  const next: EnvironmentRequest = {
    ...request,
    id: ports.newId(),
    reason,
    since,
    attempt: goesOn ? request.attempt + 1 : 1,
    ...(outcome.asked !== undefined && { asked: outcome.asked }),
  };
  if (outcome.asked === undefined) delete next.asked;
  delete next.deadline;
  if (deadline !== undefined && outcome.deadlineMs !== undefined) next.deadline = deadline;
  await ports.requests.send(next, outcome.delayMs);
  record.next = { id: next.id, at: toIso(now + outcome.delayMs) };
  await save(run);
  return 'requeued';
}

/** Pauses between a sweep's tries of a failed environment grow; anything else starts them again. */
function noteRetry({ ports, record, request }: Reconciliation): void {
  if (record.phase !== 'failed') delete record.retry;
  // a health check does not count as a try
  else if (request.reason !== 'check' || record.retry === undefined)
    record.retry = toRetry(request.reason === 'sweep' ? (record.retry?.count ?? 0) + 1 : 0, ports.clock.now());
}
