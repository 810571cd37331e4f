import { createRandom } from '../../support/random.ts';

export interface Draw {
  /** In [0, 1). */
  random(): number;
  /** Below the limit. */
  whole(limit: number): number;
  pick<T>(from: readonly T[]): T;
  chance(probability: number): boolean;
}

export function createDraw(seed: number): Draw {
  const random = createRandom(seed);
  const whole = (limit: number): number => Math.floor(random() * limit);
  return {
    random,
    whole,
    chance: (probability) => random() < probability,
    pick<T>(from: readonly T[]): T {
      const picked = from[whole(from.length)];
      if (picked === undefined && from.length === 0) throw new Error('nothing to pick from');
      return picked as T;
    },
  };
}
