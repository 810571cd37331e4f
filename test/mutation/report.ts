import { dirname } from 'node:path';
import type { Verdict } from './judge.ts';
import type { Mutant } from './mutants/mutants.ts';

export interface Judged {
  mutant: Mutant;
  verdict: Verdict | { kind: 'equivalent' };
}

interface Row {
  killed: number;
  survived: number;
  equivalent: number;
  unclear: number;
}

/** The share of mutants that the tests noticed, by folder of lib, and what survived. */
export function toReport(judged: readonly Judged[]): string {
  const rows = new Map<string, Row>();
  const all: Row = newRow();
  for (const { mutant, verdict } of judged) {
    const folder = dirname(mutant.file).split('/').slice(0, 2).join('/');
    const row = rows.get(folder) ?? newRow();
    rows.set(folder, row);
    const column = verdict.kind === 'unreached' ? 'survived' : verdict.kind;
    row[column] += 1;
    all[column] += 1;
  }
  const table = [...rows].toSorted(([one], [other]) => (one < other ? -1 : 1)).concat([['all', all]]);
  const lines = table.map(([folder, row]) => {
    const { killed, survived, equivalent, unclear } = row;
    const score = killed + survived === 0 ? '-' : `${((100 * killed) / (killed + survived)).toFixed(1)} %`;
    return [folder.padEnd(18), score.padStart(8), ...[killed, survived, equivalent, unclear].map(toColumn)].join(' ');
  });
  const survivors = judged
    .filter(({ verdict }) => verdict.kind === 'survived' || verdict.kind === 'unreached')
    .map(({ mutant, verdict }) => `${toLine(mutant)}${remarkOn(verdict)}`)
    .toSorted();
  return [
    `${'folder'.padEnd(18)}    score   killed survived equivalent unclear`,
    ...lines,
    ...(survivors.length > 0 ? ['', 'survived:', ...survivors] : []),
  ].join('\n');
}

export function toLine({ file, line, what }: Mutant): string {
  return `${file}:${line}  ${what}`;
}

/** A mutant may owe its life to the tests that were not run. */
function remarkOn(verdict: Judged['verdict']): string {
  if (verdict.kind === 'unreached') return ' (no test reaches it)';
  if (verdict.kind !== 'survived' || verdict.leftOut === 0) return '';
  return ` (${verdict.ran} tests ran, ${verdict.leftOut} left out for time: --per-mutant)`;
}

function newRow(): Row {
  return { killed: 0, survived: 0, equivalent: 0, unclear: 0 };
}

function toColumn(count: number): string {
  return String(count).padStart(8);
}
