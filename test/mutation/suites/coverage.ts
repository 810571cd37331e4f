import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Profiler } from 'node:inspector/promises';
import { join } from 'node:path';
import type { ImportGraph } from './import-graph.ts';
import type { Mutant } from '../mutants/mutants.ts';

/** The parts of each file of lib that ran not once, as offsets from and to. A file that is not in it was not loaded. */
export type Covered = Record<string, [number, number][]>;

/** What V8 counted: the types are blanked out before it reads a file, so its offsets are those of the text. */
export function toCovered(counted: Profiler.TakePreciseCoverageReturnType, root: string): Covered {
  const covered: Covered = {};
  for (const { url, functions } of counted.result) {
    const place = url.replace(/^file:\/\//, '');
    if (!place.startsWith(join(root, 'lib/'))) continue;
    // loaded for an earlier test file of the same process
    if (functions[0]?.ranges[0]?.count === 0) continue;
    covered[place.slice(root.length + 1)] = functions
      .flatMap(({ ranges }) => ranges)
      .filter(({ count }) => count === 0)
      .map(({ startOffset, endOffset }) => [startOffset, endOffset]);
  }
  return covered;
}

interface Kept {
  /** Of the texts outside of lib that the test file reaches. */
  key: string;
  /** Of each file of lib that it loaded: the offsets hold for this text alone. */
  texts: Record<string, string>;
  covered: Covered;
}

export interface CoverageMap {
  /** Whether a test file runs the code of a mutant; one that was not measured may. */
  covers(test: string, mutant: Mutant): boolean;
  /** The test files of a file of lib that have to be measured first. */
  unknown(tests: readonly string[], file: string): string[];
  add(test: string, covered: Covered): void;
  keep(): void;
}

/** Which test runs which code, as measured without a mutant, kept for as long as the texts of both stay the same. */
export async function readCoverage(root: string, graph: ImportGraph): Promise<CoverageMap> {
  const place = join(root, '.cache', 'mutation-coverage.json');
  const kept = new Map(Object.entries(readKept(place)));
  const added = new Map<string, Kept>();
  const texts = new Map<string, string>();
  for (const file of graph.files()) texts.set(file, hashOf(await readFile(join(root, file), 'utf8')));
  const textOf = (file: string): string => texts.get(file) ?? '';
  const keys = new Map<string, string>();
  const keyOf = (test: string): string => {
    const outside = (): string[] => graph.importsOf(test).filter((file) => !file.startsWith('lib/'));
    const key = keys.get(test) ?? hashOf(outside().map(textOf).join(' '));
    keys.set(test, key);
    return key;
  };
  const keptOf = (test: string, file: string): Kept | undefined => {
    const found = kept.get(test);
    if (found?.key !== keyOf(test)) return undefined;
    return [undefined, textOf(file)].includes(found.texts[file]) ? found : undefined;
  };
  return {
    covers(test, { file, start }) {
      const found = keptOf(test, file);
      if (found === undefined) return true;
      return found.covered[file]?.every(([from, to]) => start < from || start >= to) ?? false;
    },
    unknown: (tests, file) => tests.filter((test) => keptOf(test, file) === undefined),
    add(test, covered) {
      const loaded = Object.fromEntries(Object.keys(covered).map((file) => [file, textOf(file)]));
      const one = { key: keyOf(test), texts: loaded, covered };
      kept.set(test, one);
      added.set(test, one);
    },
    keep() {
      mkdirSync(join(root, '.cache'), { recursive: true });
      // another run may have kept some meanwhile
      writeFileSync(place, JSON.stringify({ ...readKept(place), ...Object.fromEntries(added) }));
    },
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function readKept(place: string): Record<string, Kept> {
  try {
    return JSON.parse(readFileSync(place, 'utf8')) as Record<string, Kept>;
  } catch {
    return {};
  }
}
