import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { CallsOf } from './cases/calls.ts';
import type { Figures } from './figures.ts';
import type { Result } from './measure.ts';

const FILE = join(import.meta.dirname, 'results.json');

interface Kept {
  machine: Record<string, unknown>;
  results: (Result & { at: string; load: number })[];
  calls: CallsOf[];
  figures: (Figures & { at: string; load: number })[];
}

/** Writes what was measured over what results.json holds of the same cases: a bench may run in parts. */
export async function keepResults(
  { results, calls, figures }: { results: Result[]; calls: CallsOf[]; figures: Figures[] },
  { load }: { load: number },
): Promise<void> {
  const kept = await readKept();
  const at = new Date().toISOString();
  const names = new Set([...results, ...figures].map(({ name }) => name));
  const others = <T extends { name: string }>(all: T[]): T[] => all.filter(({ name }) => !names.has(name));
  const machine = { processors: cpus().length, model: cpus()[0]?.model, node: process.version };
  const all: Kept = {
    machine,
    results: [...others(kept.results), ...results.map((result) => ({ ...result, at, load }))],
    calls: calls.length > 0 ? calls : kept.calls,
    figures: [...others(kept.figures), ...figures.map((each) => ({ ...each, at, load }))],
  };
  await writeFile(FILE, `${JSON.stringify(all, null, 2)}\n`);
}

async function readKept(): Promise<Kept> {
  const text = await readFile(FILE, 'utf8').catch(() => undefined);
  const {
    results = [],
    calls = [],
    figures = [],
    machine = {},
  } = text === undefined ? {} : (JSON.parse(text) as Partial<Kept>);
  return { results: results.filter(({ at }) => at !== undefined), calls, figures, machine };
}

export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
