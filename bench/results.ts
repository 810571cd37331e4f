import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { CallsOf } from './cases/calls.ts';
import type { Result } from './measure.ts';

const FILE = join(import.meta.dirname, 'results.json');

interface Kept {
  machine: Record<string, unknown>;
  results: (Result & { at: string; load: number })[];
  calls: CallsOf[];
}

/** Writes what was measured over what results.json holds of the same cases: a bench may run in parts. */
export async function keepResults(results: Result[], calls: CallsOf[], { load }: { load: number }): Promise<void> {
  const kept = await readKept();
  const at = new Date().toISOString();
  const names = new Set(results.map(({ name }) => name));
  const others = kept.results.filter(({ name }) => !names.has(name));
  const machine = { processors: cpus().length, model: cpus()[0]?.model, node: process.version };
  const all: Kept = {
    machine,
    results: [...others, ...results.map((result) => ({ ...result, at, load }))],
    calls: calls.length > 0 ? calls : kept.calls,
  };
  await writeFile(FILE, `${JSON.stringify(all, null, 2)}\n`);
}

async function readKept(): Promise<Kept> {
  const text = await readFile(FILE, 'utf8').catch(() => undefined);
  const { results = [], calls = [], machine = {} } = text === undefined ? {} : (JSON.parse(text) as Partial<Kept>);
  return { results: results.filter(({ at }) => at !== undefined), calls, machine };
}

export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
