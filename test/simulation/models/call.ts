import { ProvisionerError, codeOfStatus, toProvisionerError } from '../../../lib/errors.ts';
import { type Activity, isAlive, resume } from './hosts.ts';
import type { Fault } from '../histories/history.ts';
import { type Stage, drawFor } from '../stage.ts';
import type { WriteGuard } from '../../../lib/environment/ports/cluster.ts';

export const CALL_TIMEOUT_MS = 10_000;

/**
 * One call to a peer: a while until the peer acts, a while until the answer is read. The host may be killed or paused in
 * both; a call that was sent may still be carried out.
 */
export function call<T>(stage: Stage, who: Activity, step: { what: string; on: string; act: () => T }): Promise<T> {
  const number = (stage.calls += 1);
  if (!stage.isCalm) stage.onCall?.(number, who, step.on);
  const isOut = step.what === 'READ' && stage.now() < stage.outageUntil;
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
  step: { what: string; on: string; writeGuard: WriteGuard; begin?: () => void; act: () => T },
): Promise<T> {
  const number = (stage.calls += 1);
  if (drawFor(stage, -number) < 0.3) await passTime(stage, who, latency(stage, number));
  for (let wait = step.writeGuard(CALL_TIMEOUT_MS); wait !== undefined; wait = step.writeGuard(CALL_TIMEOUT_MS))
    await wait;
  step.begin?.();
  return call(stage, who, step);
}

/** Time passes for the activity, and whatever happens to its host meanwhile. */
export function passTime(stage: Stage, who: Activity, ms: number): Promise<void> {
  return new Promise((resolve) => {
    stage.scheduler.at(stage.now() + ms, () => resume(stage, who, resolve));
  });
}

function carryOut<T>(
  step: { what: string; on: string; act: () => T },
  fault: Fault | undefined,
): { answer?: T; error?: Error } {
  const name = `${step.what} ${step.on}`;
  if (fault !== undefined && fault !== 'cut-after' && fault !== 'timeout-after') return { error: toError(fault, name) };
  try {
    const answer = step.act();
    return fault === undefined ? { answer } : { error: toError(fault, name) };
  } catch (thrown) {
    return { error: toProvisionerError(thrown) };
  }
}

function toError(fault: Fault, name: string): ProvisionerError {
  const status = typeof fault === 'number' ? fault : undefined;
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
