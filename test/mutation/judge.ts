import type { CoverageMap } from './suites/coverage.ts';
import { type ImportGraph, isOwn } from './suites/import-graph.ts';
import type { Mutant } from './mutants/mutants.ts';
import { type Outcome, runSimulation } from './suites/run-suites.ts';
import type { TreeCopy } from './suites/tree-copy.ts';

export type Verdict =
  | { kind: 'killed'; by: string }
  | { kind: 'survived'; ran: number; leftOut: number }
  /** No test runs the code. */
  | { kind: 'unreached' }
  /** The tests took too long without the mutant too: the machine was busy, and says nothing of the mutant. */
  | { kind: 'unclear' };

const SIMULATION = 'test/simulation/main.ts';
/** What a suite is taken to need before it was seen to run. */
const UNKNOWN_MS = 3_000;
const LIFE_MS = 60_000;
const START_MS = 10_000;
/** A busy machine is slower than the one that was measured; what takes longer loops. */
const SLOWER = 4;
/** What takes longer goes last. */
const SLOW_MS = 3_000;
const MEASURE_MS = 120_000;

export interface JudgeOptions {
  graph: ImportGraph;
  coverage: CoverageMap;
  seed: number;
  /** How long the related tests of one mutant may take by what they took before, in ms. */
  perMutantMs: number;
  simulationSeconds: number;
  /** How long suites took before, in ms; what is measured goes in here. */
  times: Map<string, number>;
}

export interface Judge {
  /** Measures what the tests of some files cover, in one of several trees each. */
  prepare(trees: readonly TreeCopy[], files: readonly string[]): Promise<void>;
  judge(tree: TreeCopy, mutant: Mutant): Promise<Verdict>;
}

/** Puts one mutant after another before the tests that run its code, and before the simulation. */
export function createJudge(options: JudgeOptions): Judge {
  const { graph, coverage, seed, perMutantMs, simulationSeconds, times } = options;
  /** How many mutants of a file a suite killed: it goes first for the next one. */
  const kills = new Map<string, number>();
  /** Whether a suite passes without a mutant; only such a one can kill. */
  const sound = new Map<string, boolean>();
  const timeOf = (test: string): number => times.get(test) ?? (test.startsWith('test/faults/') ? LIFE_MS : UNKNOWN_MS);
  const limitOf = (test: string): number => START_MS + SLOWER * timeOf(test);

  /** The tests that run the mutant's code, the likeliest first, and how many its time leaves no room for. */
  function testsFor(mutant: Mutant): { tests: string[]; leftOut: number } {
    const { file } = mutant;
    const killsBy = (test: string): number => kills.get(`${file} ${test}`) ?? 0;
    const isSlow = (test: string): number => Number(timeOf(test) > SLOW_MS);
    const able = graph.testsOf(file).filter((test) => sound.get(test) !== false && coverage.covers(test, mutant));
    const tests: string[] = [];
    let sum = 0;
    for (const test of able.toSorted((a, b) => isSlow(a) - isSlow(b) || killsBy(b) - killsBy(a))) {
      if (sum > 0 && sum + timeOf(test) > perMutantMs && !isOwn(test, file)) continue;
      tests.push(test);
      sum += timeOf(test);
    }
    return { tests, leftOut: able.length - tests.length };
  }

  async function run(tree: TreeCopy, tests: readonly string[]): Promise<Outcome> {
    const outcome = await tree.suites.run(tests, limitOf);
    for (const [test, ms] of outcome.took) times.set(test, ms);
    return outcome;
  }

  async function isSound(tree: TreeCopy, suite: string): Promise<boolean> {
    const known = sound.get(suite);
    if (known !== undefined) return known;
    const outcome = suite === SIMULATION ? await simulate(tree) : await run(tree, [suite]);
    sound.set(suite, outcome.kind === 'passed');
    if (outcome.kind !== 'passed') console.log(`left out, since it fails without a mutant: ${suite}`);
    return outcome.kind === 'passed';
  }

  const simulate = (tree: TreeCopy): Promise<Outcome> => runSimulation(tree.path, { seed, seconds: simulationSeconds });

  async function askTests(tree: TreeCopy, mutant: Mutant, tests: readonly string[]): Promise<Verdict | undefined> {
    const able = tests.filter((test) => sound.get(test) !== false);
    if (able.length === 0) return undefined;
    const { kind, failed, isLate } = await tree.withMutant(mutant, () => run(tree, able));
    if (kind === 'passed' || failed === undefined) return undefined;
    // whether it passes in the same time without the mutant, on the machine as it is now
    if (isLate)
      return (await run(tree, [failed])).kind === 'passed' ? { kind: 'killed', by: failed } : { kind: 'unclear' };
    if (await isSound(tree, failed)) return { kind: 'killed', by: failed };
    // the run stopped at a suite that fails by itself: the rest is still to be asked
    return askTests(tree, mutant, able.slice(able.indexOf(failed) + 1));
  }

  const ask = async (tree: TreeCopy, mutant: Mutant): Promise<Verdict> => {
    const { tests, leftOut } = testsFor(mutant);
    const verdict = await askTests(tree, mutant, tests);
    if (verdict !== undefined) return verdict;
    const isSimulated = simulationSeconds > 0 && graph.reaches(SIMULATION, mutant.file);
    if (isSimulated && (await isSound(tree, SIMULATION))) {
      const outcome = await tree.withMutant(mutant, () => simulate(tree));
      if (outcome.kind === 'timeout' && (await simulate(tree)).kind !== 'passed') return { kind: 'unclear' };
      if (outcome.kind !== 'passed') return { kind: 'killed', by: 'the simulation' };
    }
    return tests.length + leftOut === 0 ? { kind: 'unreached' } : { kind: 'survived', ran: tests.length, leftOut };
  };
  return {
    async prepare(trees, files) {
      const related = files.flatMap((file) => coverage.unknown(graph.testsOf(file), file));
      // what takes longer than one mutant may is not asked anyway
      const unknown = new Set(related.filter((test) => timeOf(test) <= perMutantMs));
      if (unknown.size > 0) console.log(`measuring what ${unknown.size} test files cover`);
      const waiting = unknown.values();
      await Promise.all(
        trees.map(async (tree) => {
          for (const test of waiting) {
            const measured = await tree.suites.measure(test, MEASURE_MS);
            sound.set(test, measured !== undefined);
            if (measured === undefined) {
              console.log(`left out, since it fails without a mutant: ${test}`);
              continue;
            }
            times.set(test, measured.ms);
            coverage.add(test, measured.covered);
            coverage.keep();
          }
        }),
      );
    },
    async judge(tree, mutant) {
      const verdict = await ask(tree, mutant);
      const key = verdict.kind === 'killed' ? `${mutant.file} ${verdict.by}` : '';
      if (key !== '') kills.set(key, (kills.get(key) ?? 0) + 1);
      return verdict;
    },
  };
}
