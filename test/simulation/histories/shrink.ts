import type { Core } from '../models/core.ts';
import type { History } from './history.ts';
import { play } from '../run.ts';

/** The history without whatever is not needed to break the same invariant. */
export async function shrink(history: History, options: { core?: Core } = {}): Promise<History> {
  const broken = invariantOf((await play(history, options)).violation);
  if (broken === undefined) return history;
  const breaks = async (smaller: History): Promise<boolean> =>
    invariantOf((await play(smaller, options)).violation) === broken;
  let current = history;
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const part of ['events', 'faults', 'strikes', 'twists'] as const) {
      for (let index = current[part].length - 1; index >= 0; index -= 1) {
        const smaller: History = { ...current, [part]: current[part].toSpliced(index, 1) };
        if (!(await breaks(smaller))) continue;
        current = smaller;
        isSmaller = true;
      }
    }
  }
  return current;
}

function invariantOf(violation: string | undefined): string | undefined {
  return violation?.split(':')[0];
}
