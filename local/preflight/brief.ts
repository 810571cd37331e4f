import type { Check } from '../../lib/preflight/check.ts';

/** What a check's name begins with, to the line that sums it up; the first that fits wins. */
const LINES: readonly (readonly [prefix: string, line: string])[] = [
  ['settings', 'settings'],
  ['storage', 'storage'],
  ['cluster: admission policies', 'policies'],
  ['cluster', 'cluster'],
  ['rights', 'rights'],
  ['identit', 'identities'],
  ['issuer', 'identities'],
  ['GitHub', 'GitHub'],
];

const LATE = /^no answer in \d+ s$/;

/** A line for the settings and for each peer, and for each fault what was found and its fix; each is said once. */
export function toBrief(checks: readonly Check[]): string {
  const owners = new Map<string, string>();
  const saidFixes = new Set<string>();
  const lines = [...Map.groupBy(checks, ({ name }) => lineOf(name))].flatMap(([line, group]) => {
    const head = (sign: string, words: string) => `${sign} ${line.padEnd(10)}  ${words}`;
    const failed = group.filter(({ state }) => state === 'failed');
    if (failed.length === 0) return [head(group.every(({ state }) => state === 'skipped') ? '-' : '✓', sumUp(group))];
    // a fault of the settings or of one peer shows in others that need it; no answer is each peer's own
    const own = failed.filter(({ found }) => LATE.test(found) || (owners.get(found) ?? line) === line);
    for (const { found } of own) owners.set(found, line);
    if (own.length === 0) return [head('✗', 'not asked: see above')];
    return own.flatMap(({ name, found, fix }) => {
      const isSaid = fix === undefined || found.includes(fix) || saidFixes.has(fix);
      if (fix !== undefined) saidFixes.add(fix);
      return [head('✗', `${aboutOf(name, line)}${found}`), ...(isSaid ? [] : [`    fix: ${fix}`])];
    });
  });
  return lines.join('\n');
}

function lineOf(name: string): string {
  return LINES.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 'overlays';
}

function sumUp(group: readonly Check[]): string {
  const found = new Set(group.map((check) => check.found));
  return found.size === 1 ? ([...found][0] ?? '') : `${group.length} checks`;
}

/** What the check is about, where its line does not say it. */
function aboutOf(name: string, line: string): string {
  if (name === line || line === 'settings' || line === 'policies') return '';
  return `${name.startsWith(`${line}: `) ? name.slice(line.length + 2) : name}: `;
}
