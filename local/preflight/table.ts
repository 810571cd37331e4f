import type { Check } from '../../lib/preflight/check.ts';

const SIGNS = { ok: '✓', failed: '✗', skipped: '-' };

/** One line for each check, and under each that failed what was expected and the fix. */
export function toTable(checks: readonly Check[]): string {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  return checks
    .flatMap(({ name, state, found, expected, fix }) => [
      `${SIGNS[state]} ${name.padEnd(width)}  ${found}`,
      ...(state === 'failed' ? [`    expected: ${expected}`, `    fix: ${fix ?? 'see the log'}`] : []),
    ])
    .join('\n');
}
