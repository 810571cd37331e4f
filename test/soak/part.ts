/** One long-running check of `npm run test:soak`. */
export interface SoakPart {
  name: string;
  /** Its share of the time, beside those of the others. */
  weight: number;
  /** Left out unless it is asked for by name. */
  onlyNamed?: true;
  /** Plays as much as fits into the time, drawn by the seed, and says in one line how much of all that was. */
  run(options: { seed: number; ms: number }): Promise<SoakResult>;
}

export interface SoakResult {
  ok: boolean;
  line: string;
}
