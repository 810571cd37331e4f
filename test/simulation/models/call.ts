import { ProvisionerError, codeOfStatus, toProvisionerError } from '../../../lib/errors.ts';
import { type Activity, isAlive, resume } from './hosts.ts';
import type { Fault } from '../histories/history.ts';
import { type Stage, drawFor } from '.././stage.ts';
import type { Call, Step } from '../../support/fakes/call.ts';

export const CALL_TIMEOUT_MS = 10_000;

/**
 * One call to a peer: a while until the peer acts, a while until the answer is read. The host may be killed or paused in
 * both; a call that was sent may still be carried out.
 */
export function call<T>(stage: Stage, who: Activity, step: Step<T>): Promise<T> {
  const number = (stage.calls += 1);
  if (!stage.isCalm) stage.onCall?.(number, who, step.on);
  const isOut = step.what === 'read' && stage.now() < stage.outageUntil;
  const fault = stage.isCalm ? undefined : isOut ? 'refused' : stage.faults.get(number);
  return new Promise((resolve, reject) => {
    if (!isAlive(who)) return;
    stage.scheduler.at(stage.now() + latency(stage, number), () => {
      const isOrphan = !isAlive(who);
      if (isOrphan && drawFor(stage, -number) < 0.5) return;
      const { answer, error } = carryOut(step, fault);
      stage.tell?.(
        `${who.name}  [${number}] ${step.what} ${step.on}${fault === undefined ? '' : ` FAULT ${fault}`}` +
          `${error === undefined ? '' : ` -> ${error.message}`}${isOrphan ? ' (killed meanwhile)' : ''}`,
      );
      const go = (): void => resume(stage, who, () => (error === undefined ? resolve(answer as T) : reject(error)));
      const wait = answerDelay(stage, number, fault);
      if (wait === 0) go();
      else stage.scheduler.at(stage.now() + wait, go);
    });
  });
}

/** A write: time passes before it is its turn, then it is asked whether it may, and is sent at once. */
export async function send<T>(
  stage: Stage,
  who: Activity,
  step: Step<T> & Required<Pick<Step<T>, 'guard'>>,
): Promise<T> {
  const number = (stage.calls += 1);
  if (drawFor(stage, -number) < 0.3) await passTime(stage, who, latency(stage, number));
  for (let wait = step.guard(CALL_TIMEOUT_MS); wait !== undefined; wait = step.guard(CALL_TIMEOUT_MS)) await wait;
  step.begin?.();
  return call(stage, who, step);
}

/** How one activity's calls reach the fakes. */
export function callFor(stage: Stage, who: Activity): Call {
  return (step) => {
    const { guard } = step;
    return guard === undefined ? call(stage, who, step) : send(stage, who, { ...step, guard });
  };
}

/** Time passes for the activity, and whatever happens to its host meanwhile. */
export function passTime(stage: Stage, who: Activity, ms: number): Promise<void> {
  return new Promise((resolve) => {
    stage.scheduler.at(stage.now() + ms, () => resume(stage, who, resolve));
  });
}

function carryOut<T>(step: Step<T>, fault: Fault | undefined): { answer?: T; error?: Error } {
  if (fault !== undefined && fault !== 'cut-after' && fault !== 'timeout-after') return { error: toError(fault, step) };
  try {
    const answer = step.act();
    return fault === undefined ? { answer } : { error: toError(fault, step) };
  } catch (thrown) {
    // a client of an SDK throws errors of its own, which the adapter reads
    return { error: step.toError === undefined ? toProvisionerError(thrown) : (thrown as Error) };
  }
}

function toError<T>(fault: Fault, step: Step<T>): Error {
  const name = `${step.what} ${step.on}`;
  const status = typeof fault === 'number' ? fault : undefined;
  if (step.toError !== undefined) return step.toError(status, `${name}: ${fault}`);
  return new ProvisionerError(codeOfStatus(status), `${name}: ${fault}`, {
    ...(fault === 429 && { retryAfterMs: 7_000 }),
  });
}

/** Most calls are quick; some take seconds; none outlasts its timeout. */
function latency(stage: Stage, number: number): number {
  const roll = drawFor(stage, number * 2);
  if (roll < 0.85 || stage.isCalm) return 1 + Math.floor(roll * 90);
  return roll < 0.97 ? Math.floor((roll - 0.84) * 15_000) : Math.floor((roll - 0.97) * 150_000) + 2_000;
}

function answerDelay(stage: Stage, number: number, fault: Fault | undefined): number {
  if (fault === 'timeout' || fault === 'timeout-after') return CALL_TIMEOUT_MS;
  const roll = drawFor(stage, number * 2 + 1);
  if (roll < 0.8 || stage.isCalm) return 0;
  return 1 + Math.floor((roll - 0.8) * 4_000);
}
