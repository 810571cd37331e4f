import { setTimeout as pass } from 'node:timers/promises';
import type { Clock } from '../../lib/environment/ports/ports.ts';

export interface JumpClock extends Clock {
  /** Lets time pass at once. */
  pass(ms: number): void;
}

/** How much shorter a sleep really is. */
const SCALE = 100;

/** Real time, but for sleeps, of which all but a hundredth passes at once. */
export function createJumpClock(): JumpClock {
  let skipped = 0;
  const now = (): number => Date.now() + skipped;
  return {
    now,
    async sleep(ms) {
      const end = now() + ms;
      await pass(ms / SCALE);
      skipped += Math.max(0, end - now());
    },
    pass: (ms) => void (skipped += ms),
  };
}
