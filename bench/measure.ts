/** One line of the table: two ways to the same end, in ms, round by round. */
export interface Comparison {
  name: string;
  against: string;
  goal: number;
  ours: number[];
  theirs: number[];
  /** Further figures worth keeping. */
  notes?: Record<string, unknown>;
}

export interface Result extends Omit<Comparison, 'ours' | 'theirs'> {
  oursMs: number;
  theirsMs: number;
  ratio: number;
  met: boolean;
  rounds: { ours: number[]; theirs: number[] };
}

/** Runs both ways in every round, each first in every other one, so that neither always meets the warmer machine. */
export async function alternate(
  rounds: number,
  ways: { ours: (round: number) => Promise<number>; theirs: (round: number) => Promise<number> },
): Promise<{ ours: number[]; theirs: number[] }> {
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
    for (const way of order) times[way].push(await ways[way](round));
  }
  return times;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

export function judge({ ours, theirs, ...comparison }: Comparison): Result {
  const [oursMs, theirsMs] = [median(ours), median(theirs)];
  const ratio = oursMs / theirsMs;
  return { ...comparison, oursMs, theirsMs, ratio, met: ratio <= comparison.goal, rounds: { ours, theirs } };
}

export function toLine({ name, against, oursMs, theirsMs, ratio, goal, met }: Result): string {
  const ms = (value: number) => `${value < 1 ? value.toFixed(4) : value.toFixed(1)} ms`.padStart(12);
  const verdict = met ? 'met' : 'MISSED';
  return `${name.padEnd(44)}${ms(oursMs)}${ms(theirsMs)}  ${ratio.toFixed(3).padStart(7)}  <= ${goal.toFixed(2)}  ${verdict.padEnd(6)}  ${against}`;
}
