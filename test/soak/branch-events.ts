import { playBranchEvents } from '../faults/branch-events/play.ts';
import type { SoakPart } from './part.ts';

const SEEDS = 20;

/** 20 seeds of 500 branch events each: a matter of seconds. */
export const soakBranchEvents: SoakPart = {
  name: 'branch-events',
  weight: 0.1,
  async run({ seed }) {
    const wrong: string[] = [];
    for (let n = 0; n < SEEDS; n += 1) {
      const played = await playBranchEvents(seed + n);
      wrong.push(...played.wrong.map((one) => `seed ${seed + n}: ${one}`));
    }
    for (const one of wrong.slice(0, 10)) console.log(one);
    return { ok: wrong.length === 0, line: `${SEEDS} seeds of 500 events, ${wrong.length} wrong` };
  },
};
