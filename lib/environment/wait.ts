import type { WaitingFor } from './model/record.ts';
import type { Outcome, Session } from './steps/reconciliation.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const WAITS: Record<WaitingFor, { words: string; firstMs: number; longestMs: number; deadlineMs?: number }> = {
  'namespace-terminating': {
    words: 'the old namespace to be gone',
    firstMs: 2_000,
    longestMs: 30_000,
    deadlineMs: DAY_MS,
  },
  'credential-slot': { words: 'a free credential slot', firstMs: 15_000, longestMs: 30_000 },
  capacity: { words: 'an environment to go (MAX_ENVIRONMENTS)', firstMs: 15_000, longestMs: 60_000 },
};

/** Nothing can be done now, and nothing was applied: the record says what is waited for, and the request comes back. */
export function wait(session: Session, waitingFor: WaitingFor, on?: string): Outcome {
  const { record, request, peers } = session;
  const { words, firstMs, longestMs, deadlineMs } = WAITS[waitingFor];
  record.phase = 'waiting';
  record.waitingFor = waitingFor;
  record.waitingOn = on ?? words;
  delete record.error;
  delete record.refused;
  peers.log.info('waiting', { environment: record.name, waitingFor, on: record.waitingOn });
  return {
    kind: 'later',
    delayMs: growingDelay({ attempt: request.attempt, firstMs, longestMs }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
}

/** The delay before try number `attempt` + 1: half as long again each time, up to a longest. */
export function growingDelay(options: { attempt: number; firstMs: number; longestMs: number }): number {
  return Math.min(options.longestMs, Math.round(options.firstMs * 1.5 ** Math.min(options.attempt, 40)));
}
