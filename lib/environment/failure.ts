import { type ProvisionerError, toLogFields, toProvisionerError } from '../errors.ts';
import { note } from './model/record-event.ts';
import type { EnvironmentRecord, StepName } from './model/record.ts';
import { type Session, toIso } from './steps/reconciliation.ts';

/** What a record says of a failure: nothing that a developer may not see. */
export function toErrorField(error: ProvisionerError, step?: StepName): NonNullable<EnvironmentRecord['error']> {
  return {
    code: error.code,
    message: error.message,
    ...(error.object !== undefined && { object: error.object }),
    ...(step !== undefined && { step }),
    mend: error.mend,
    retryable: error.retryable,
  };
}

/** Writes a failure into the working copy; a terminal one ends the work with phase failed. */
export function fail(session: Session, thrown: unknown): ProvisionerError {
  const { record, peers } = session;
  const error = toProvisionerError(thrown);
  const failedStep = session.failures?.get(thrown);
  record.error = toErrorField(error, failedStep);
  if (!error.retryable) {
    record.phase = 'failed';
    note(record, { at: toIso(peers.clock.now()), what: 'failed', why: error.message });
  }
  peers.log.error('failed', {
    environment: record.name,
    ...toLogFields(error),
    step: failedStep,
    retryable: error.retryable,
  });
  return error;
}
