/** A number in [0, 1) from a seed and a place: the same place draws the same, whatever was drawn elsewhere. */
export function drawAt(seed: number, place: number): number {
  let mixed = (seed ^ Math.imul(place + 0x9e3779b9, 0x85ebca6b)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
}

export interface Dice {
  /** In [0, 1). */
  roll(): number;
  /** A whole number in [from, to]. */
  whole(from: number, to: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  /** Whether something of this probability happens. */
  chance(probability: number): boolean;
}

/** A stream of numbers that its seed decides. */
export function diceOf(seed: number): Dice {
  let place = 0;
  const roll = (): number => drawAt(seed, (place += 1));
  return {
    roll,
    whole: (from, to) => from + Math.floor(roll() * (to - from + 1)),
    pick: (from) => from[Math.floor(roll() * from.length)] ?? from[0],
    chance: (probability) => roll() < probability,
  };
}
