import { setTimeout as pass } from 'node:timers/promises';
import type { Clock } from './environment/ports/ports.ts';

/** The machine's own time. A sleep keeps no process from ending. */
export const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => pass(ms, undefined, { ref: false }),
};
