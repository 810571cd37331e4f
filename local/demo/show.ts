/** Seconds since the demo began, in front of every line. */
const began = performance.now();

export function say(line: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)}s  ${line}`);
}

export function heading(title: string): void {
  console.log(`\n        ${title}`);
}

export interface Tally {
  held: number;
  failed: string[];
}

/** Says whether a step of the story held; one that did not fails the demo at its end. */
export function check(tally: Tally, step: { what: string; holds: boolean; saw?: string }): void {
  const { what, holds, saw } = step;
  say(`${holds ? '✓' : '✗'} ${what}${saw === undefined ? '' : `: ${saw}`}`);
  if (holds) tally.held += 1;
  else tally.failed.push(what);
}

export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const from = performance.now();
  const result = await work();
  return { result, ms: Math.round(performance.now() - from) };
}
