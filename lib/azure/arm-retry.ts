import { noteRetry } from '../telemetry/retries.ts';
import { ProvisionerError } from '../errors.ts';
import type { Clock } from '../environment/ports/ports.ts';
import { type ArmFault, readArmFault, toArmError } from './arm-error.ts';

/** A function waits no longer than this in all; its request is requeued. */
export const MAX_WAIT_MS = 8_000;
const FIRST_WAIT_MS = 300;
/** What Azure admits of lists and writes on one identity where it names no time: one in 4 s (FACTS A8). */
export const THROTTLED_WAIT_MS = 4_000;
/** A read that is throttled asks sooner at first: it may have been the subscription's rate, which is some per second. */
const FIRST_THROTTLED_WAIT_MS = 600;

export interface RetryOptions {
  /** What an error names. */
  object: string;
  /** When to give up, in ms since the epoch; 8 s from now when left out. */
  deadline?: number;
}

/**
 * Tries a call to ARM again on 409, 429, 5xx and no answer, with jittered back-off, for 8 s; then throws `conflict` or
 * `unavailable` with the time after which to retry. Each attempt must check again what an earlier one has done.
 */
export async function retrying<T>(
  context: { clock: Clock; random(): number },
  { object, ...options }: RetryOptions,
  attempt: (deadline: number) => Promise<T>,
): Promise<T> {
  const { clock } = context;
  const deadline = options.deadline ?? clock.now() + MAX_WAIT_MS;
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(deadline);
    } catch (error) {
      const fault = readArmFault(error);
      if (fault === undefined || !isTransient(fault)) throw toArmError(error, { object });
      const wait = waitFor(fault, tries, context.random());
      if (clock.now() + wait >= deadline) throw withRetryAfter(toArmError(error, { object }), wait);
      noteRetry('azure', String(fault.status ?? 'no answer'));
      await clock.sleep(wait);
    }
  }
}

function isTransient({ status }: ArmFault): boolean {
  return status === undefined || status === 408 || status === 409 || status === 429 || status >= 500;
}

function waitFor({ status, retryAfterMs }: ArmFault, tries: number, random: number): number {
  if (retryAfterMs !== undefined) return retryAfterMs + random * FIRST_WAIT_MS;
  if (status === 429) return Math.min(THROTTLED_WAIT_MS, FIRST_THROTTLED_WAIT_MS * 2 ** tries) * (0.75 + random / 2);
  return FIRST_WAIT_MS * 2 ** Math.min(tries, 4) * (0.5 + random);
}

function withRetryAfter(error: unknown, ms: number): unknown {
  if (!(error instanceof ProvisionerError) || error.retryAfterMs !== undefined) return error;
  const { code, message, object, fix, cause } = error;
  return new ProvisionerError(code, message, {
    ...(object && { object }),
    ...(fix && { fix }),
    retryAfterMs: ms,
    cause,
  });
}
