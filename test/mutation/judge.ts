import type { ImportGraph } from './import-graph.ts';
import type { Mutant } from './mutants.ts';
import { type Outcome, runSimulation, runTests } from './run-suites.ts';
import type { TreeCopy } from './tree-copy.ts';

export type Verdict =
  | { kind: 'killed'; by: string }
  | { kind: 'survived'; ran: number; leftOut: number }
  /** No test reaches the file. */
  | { kind: 'unreached' }
  /** The tests took too long without the mutant too: the machine was busy, and says nothing of the mutant. */
  | { kind: 'unclear' };

const SIMULATION = 'test/simulation/main.ts';
/** What a suite is taken to need before it was seen to run. */
const UNKNOWN_MS = 3_000;
const LIFE_MS = 60_000;
const START_MS = 30_000;
/** A busy machine is slower than the one that was measured; what takes longer loops. */
const SLOWER = 4;
/** The nearest tests go first: most mutants die there. */
const FIRST_MS = 6_000;

export interface JudgeOptions {
  graph: ImportGraph;
  seed: number;
  /** How long the related tests of one mutant may take by what they took before, in ms. */
  perMutantMs: number;
  simulationSeconds: number;
  /** How long suites took before, in ms; what is measured goes in here. */
  times: Map<string, number>;
}

/** Puts one mutant after another before the tests that reach it, and before the simulation. */
export function createJudge(options: JudgeOptions): (tree: TreeCopy, mutant: Mutant) => Promise<Verdict> {
  const { graph, seed, perMutantMs, simulationSeconds, times } = options;
  /** How many mutants of a file a suite killed: it goes first for the next one. */
  const kills = new Map<string, number>();
  /** Whether a suite passes without a mutant; only such a one can kill. */
  const sound = new Map<string, boolean>();
  const timeOf = (test: string): number => times.get(test) ?? (test.startsWith('test/faults/') ? LIFE_MS : UNKNOWN_MS);

  /** The related tests, the nearest first, and how many the time of one mutant leaves no room for. */
  function batchesFor(file: string): { batches: string[][]; leftOut: number } {
    const batches: string[][] = [[], []];
    let leftOut = 0;
    let sum = 0;
    const killsBy = (test: string): number => kills.get(`${file} ${test}`) ?? 0;
    const isSlow = (test: string): number => Number(timeOf(test) > FIRST_MS);
    const tests = graph.testsOf(file);
    for (const test of tests.toSorted((a, b) => isSlow(a) - isSlow(b) || killsBy(b) - killsBy(a))) {
      if (sound.get(test) === false) continue;
      if (sum > 0 && sum + timeOf(test) > perMutantMs) {
        leftOut += 1;
        continue;
      }
      batches[sum > 0 && sum + timeOf(test) > FIRST_MS ? 1 : 0]?.push(test);
      sum += timeOf(test);
    }
    return { batches: batches.filter((batch) => batch.length > 0), leftOut };
  }

  async function run(tree: TreeCopy, tests: readonly string[]): Promise<Outcome> {
    const limit = START_MS + SLOWER * tests.reduce((sum, test) => sum + timeOf(test), 0);
    const outcome = await runTests(tree.path, tests, limit);
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

  /** Whether tests that took too long with a mutant pass in the same time without it, on the machine as it is now. */
  async function areInTime(tree: TreeCopy, tests: readonly string[]): Promise<boolean> {
    return (await run(tree, tests)).kind === 'passed';
  }

  async function askTests(tree: TreeCopy, mutant: Mutant, batch: readonly string[]): Promise<Verdict | undefined> {
    const tests = batch.filter((test) => sound.get(test) !== false);
    if (tests.length === 0) return undefined;
    const outcome = await tree.withMutant(mutant, () => run(tree, tests));
    if (outcome.kind === 'passed') return undefined;
    if (outcome.kind === 'timeout')
      return (await areInTime(tree, tests)) ? { kind: 'killed', by: 'no end' } : { kind: 'unclear' };
    // jest itself failed
    const [failed] = outcome.failed;
    if (failed === undefined)
      return (await areInTime(tree, tests)) ? { kind: 'killed', by: 'no start' } : { kind: 'unclear' };
    if (outcome.late.includes(failed))
      return (await areInTime(tree, [failed])) ? { kind: 'killed', by: failed } : { kind: 'unclear' };
    if (await isSound(tree, failed)) return { kind: 'killed', by: failed };
    // jest stopped at a suite that fails by itself: the rest is still to be asked
    return askTests(tree, mutant, tests);
  }

  const ask = async (tree: TreeCopy, mutant: Mutant): Promise<Verdict> => {
    const { batches, leftOut } = batchesFor(mutant.file);
    for (const batch of batches) {
      const verdict = await askTests(tree, mutant, batch);
      if (verdict !== undefined) return verdict;
    }
    const isSimulated = simulationSeconds > 0 && graph.reaches(SIMULATION, mutant.file);
    if (isSimulated && (await isSound(tree, SIMULATION))) {
      const outcome = await tree.withMutant(mutant, () => simulate(tree));
      if (outcome.kind === 'timeout' && (await simulate(tree)).kind !== 'passed') return { kind: 'unclear' };
      if (outcome.kind !== 'passed') return { kind: 'killed', by: 'the simulation' };
    }
    const ran = batches.flat().length;
    return ran === 0 && !isSimulated ? { kind: 'unreached' } : { kind: 'survived', ran, leftOut };
  };
  return async (tree, mutant) => {
    const verdict = await ask(tree, mutant);
    const key = verdict.kind === 'killed' ? `${mutant.file} ${verdict.by}` : '';
    if (key !== '') kills.set(key, (kills.get(key) ?? 0) + 1);
    return verdict;
  };
}
