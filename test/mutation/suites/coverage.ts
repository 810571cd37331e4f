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
  /** Of the texts that the test file reaches. */
  key: string;
  covered: Covered;
}

export interface CoverageMap {
  /** Whether a test file runs the code of a mutant; one that was not measured may. */
  covers(test: string, mutant: Mutant): boolean;
  /** The test files of some that have to be measured first. */
  unknown(tests: readonly string[]): string[];
  add(test: string, covered: Covered): void;
  keep(): void;
}

/** Which test runs which code, as measured without a mutant, kept for as long as the texts stay the same. */
export async function readCoverage(root: string, graph: ImportGraph): Promise<CoverageMap> {
  const place = join(root, '.cache', 'mutation-coverage.json');
  const kept = new Map(Object.entries(readKept(place)));
  const added = new Map<string, Kept>();
  const texts = new Map<string, Buffer>();
  for (const file of graph.files()) texts.set(file, await readFile(join(root, file)));
  const keys = new Map<string, string>();
  const keyOf = (test: string): string => {
    const known = keys.get(test);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    for (const file of graph.importsOf(test)) hash.update(file).update(texts.get(file) ?? '');
    const key = hash.digest('hex');
    keys.set(test, key);
    return key;
  };
  const coveredBy = (test: string): Covered | undefined => {
    const found = kept.get(test);
    return found?.key === keyOf(test) ? found.covered : undefined;
  };
  return {
    covers(test, { file, start }) {
      const covered = coveredBy(test);
      if (covered === undefined) return true;
      return covered[file]?.every(([from, to]) => start < from || start >= to) ?? false;
    },
    unknown: (tests) => tests.filter((test) => coveredBy(test) === undefined),
    add(test, covered) {
      kept.set(test, { key: keyOf(test), covered });
      added.set(test, { key: keyOf(test), covered });
    },
    keep() {
      mkdirSync(join(root, '.cache'), { recursive: true });
      // another run may have kept some meanwhile
      writeFileSync(place, JSON.stringify({ ...readKept(place), ...Object.fromEntries(added) }));
    },
  };
}

function readKept(place: string): Record<string, Kept> {
  try {
    return JSON.parse(readFileSync(place, 'utf8')) as Record<string, Kept>;
  } catch {
    return {};
  }
}
