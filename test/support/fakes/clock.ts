import type { Clock } from '../../../lib/environment/ports/ports.ts';

export interface VirtualClock extends Clock {
  advance(ms: number): void;
}

/** Called at every step of a model, with its name: a scheduler may stop, kill or fail the caller there. */
export type Turn = (what: string) => Promise<void>;

/** Time that passes only when told to, or when somebody sleeps. */
export function virtualClock(startMs = Date.parse('2026-11-23T10:00:00.000Z')): VirtualClock {
  let now = startMs;
  return {
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
    advance(ms) {
      now += ms;
    },
  };
}
