import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCoverage } from './suites/coverage.ts';
import { isEquivalent } from './mutants/equivalents.ts';
import { readImportGraph } from './suites/import-graph.ts';
import { createJudge } from './judge.ts';
import { type Mutant, findMutants, shuffle } from './mutants/mutants.ts';
import { type Judged, toLine, toReport } from './report.ts';
import { endAll } from './suites/run-suites.ts';
import { type TreeCopy, copyTree } from './suites/tree-copy.ts';
import { createTypeCheck } from './mutants/type-check.ts';

/*
 * npm run test:mutation -- --seed N --minutes M    as many mutants of lib, in the order of the seed, as M minutes allow
 * --under PATH      only those of a folder, a file or a line: lib/sweep, lib/sweep/watch.ts, lib/sweep/watch.ts:12
 * --most N          at most N of them; --workers W side by side (default: one per processor)
 * --per-mutant S    related tests of one mutant take at most S seconds by what they took before (default 60)
 * --simulation S    seconds of simulated histories for a mutant that the tests did not notice (default 5; 0: none)
 * --list            says which mutants it would take, and which of them no test runs as measured before; runs none
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    under: { type: 'string', default: 'lib' },
    most: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: String(availableParallelism()) },
    'per-mutant': { type: 'string', default: '60' },
    simulation: { type: 'string', default: '5' },
    list: { type: 'boolean', default: false },
  },
});
/** Mutants that are compiled in one go. */
const CHECKED_TOGETHER = 30;
const root = join(import.meta.dirname, '..', '..');
const seed = Number(values.seed);
const until = performance.now() + Number(values.minutes) * 60_000;

const mutants = shuffle(await findMutants(root, values.under), seed);
const compiling = createTypeCheck(root, [...new Set(mutants.map(({ file }) => file))]);
if (values.list) await list();
else await judgeAll();

async function list(): Promise<void> {
  const graph = await readImportGraph(root);
  const coverage = await readCoverage(root, graph);
  for (const mutant of mutants.slice(0, Number(values.most))) {
    const isRun = graph.testsOf(mutant.file).some((test) => coverage.covers(test, mutant));
    console.log(`${toLine(mutant)}${isEquivalent(mutant) ? '  (equivalent)' : isRun ? '' : '  (no test runs it)'}`);
  }
}

async function judgeAll(): Promise<void> {
  const kept = join(root, '.cache', 'mutation-times.json');
  const text = await readFile(kept, 'utf8').catch(() => '{}');
  const times = new Map(Object.entries(JSON.parse(text) as Record<string, number>));
  const graph = await readImportGraph(root);
  const coverage = await readCoverage(root, graph);
  const { prepare, judge } = createJudge({
    graph,
    coverage,
    seed,
    perMutantMs: Number(values['per-mutant']) * 1_000,
    simulationSeconds: Number(values.simulation),
    times,
  });
  const judged: Judged[] = [];
  const waiting = [...mutants];
  let ready: Mutant[] = [];
  let isEnded = false;
  /** The next mutant that compiles and is no equivalent; undefined at the end of the share. */
  const take = (): Mutant | undefined => {
    while (!isEnded && performance.now() < until && judged.length < Number(values.most)) {
      const mutant = ready.shift();
      if (mutant !== undefined && !isEquivalent(mutant)) return mutant;
      if (mutant !== undefined) judged.push({ mutant, verdict: { kind: 'equivalent' } });
      else if (waiting.length === 0) return undefined;
      else ready = compiling(waiting.splice(0, CHECKED_TOGETHER));
    }
    return undefined;
  };
  const work = async (tree: TreeCopy): Promise<void> => {
    for (let mutant = take(); mutant !== undefined; mutant = take()) {
      const verdict = await judge(tree, mutant);
      if (isEnded) return;
      judged.push({ mutant, verdict });
      console.log(`${verdict.kind.padEnd(9)} ${toLine(mutant)}${'by' in verdict ? `  by ${verdict.by}` : ''}`);
    }
  };
  const keepTimes = (): void => {
    mkdirSync(join(root, '.cache'), { recursive: true });
    writeFileSync(kept, JSON.stringify(Object.fromEntries(times)));
  };
  const end = (signal: NodeJS.Signals): void => {
    isEnded = true;
    endAll();
    keepTimes();
    console.log(`\n${toReport(judged)}\nended by ${signal}`);
    // what the copies hold goes with the process
    process.exit(1);
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const trees = await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, () => copyTree(root)));
  try {
    await prepare(trees, [...new Set(mutants.map(({ file }) => file))]);
    await Promise.all(trees.map(work));
  } finally {
    for (const tree of trees) tree.remove();
    keepTimes();
  }
  console.log(
    `\nseed ${seed}, ${judged.length} of ${mutants.length} mutants under ${values.under}\n${toReport(judged)}`,
  );
}
