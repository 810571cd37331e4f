import { toProvisionerError } from '../errors.ts';

/** One thing that must be right before the first branch. */
export interface Check {
  name: string;
  /** `skipped` where it could not be asked, or does not apply. */
  state: 'ok' | 'failed' | 'skipped';
  found: string;
  expected: string;
  /** What a person can do; there where it failed. */
  fix?: string;
}

export interface Preflight {
  verdict: 'ok' | 'failed';
  checks: Check[];
}

/** What is asked of one peer. */
export interface Group {
  name: string;
  /** What it should find, for where it could not look. */
  expected: string;
  run(): Promise<Check[]>;
}

/** Runs every group side by side; one that throws, or is not done in time, fails alone. */
export async function runPreflight(
  groups: readonly Group[],
  { limitMs, sleep }: { limitMs: number; sleep: (ms: number) => Promise<void> },
): Promise<Preflight> {
  const late = sleep(limitMs).then(() => 'late' as const);
  const answered = await Promise.all(
    groups.map(async ({ name, expected, run }): Promise<Check[]> => {
      try {
        const checks = await Promise.race([run(), late]);
        if (checks !== 'late') return checks;
        const found = `no answer in ${limitMs / 1_000} s`;
        return [failed({ name, expected, found, fix: 'start it, or fix the setting that names it, then ask again' })];
      } catch (thrown) {
        return [failedBy(thrown, { name, expected })];
      }
    }),
  );
  const checks = answered.flat();
  return { verdict: checks.some(({ state }) => state === 'failed') ? 'failed' : 'ok', checks };
}

/** A check that came out well, or not, by one condition. */
export function judge(isOk: boolean, check: Omit<Check, 'state'>): Check {
  if (!isOk) return { ...check, state: 'failed' };
  const { name, found, expected } = check;
  return { name, state: 'ok', found, expected };
}

export function failed(check: Omit<Check, 'state'>): Check {
  return { ...check, state: 'failed' };
}

export function skipped(check: Omit<Check, 'state'>): Check {
  return { ...check, state: 'skipped' };
}

/** A check that failed as a call to its peer did. */
export function failedBy(thrown: unknown, check: { name: string; expected: string }): Check {
  const { code, message, fix, isFixOwn } = toProvisionerError(thrown);
  // nobody tries again on its own here
  const isOut = code === 'unavailable' && !isFixOwn;
  return failed({
    ...check,
    found: message,
    fix: isOut ? 'start it, or fix the setting that names it, then ask again' : fix,
  });
}
