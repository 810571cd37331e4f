import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { readConfigs } from 'jest-config';
import runner from 'jest-runner';
import runtime from 'jest-runtime';
import { TestWatcher } from 'jest-watcher';
import { type Covered, toCovered } from './coverage.ts';

/** What the parent asks: one test file, and whether to say what it covers. */
export interface Ask {
  test: string;
  isMeasured: boolean;
}
/** What it is told. */
export interface Ran {
  isPassed: boolean;
  /** What jest says of the failures. */
  message: string;
  ms: number;
  covered: Covered;
}

// their types are those of CommonJS, where the default is a member
const TestRunner = runner as unknown as typeof runner.default;
const Runtime = runtime as unknown as typeof runtime.default;
const FIRST_FAILURE = 'test/mutation/suites/first-failure.js';
/** Of one test, in ms; a mutant that waits for what never comes would take the suite's own two minutes. */
const TEST_MS = 20_000;

/*
 * Runs test files of the tree it stands in, one after another, for a parent that asks for them. Jest's own modules and its
 * map of the tree are read once; each file has a registry of its own, as in jest's workers, so that it sees the code as it
 * is by then.
 */
const root = process.cwd();
const { globalConfig, configs } = await readConfigs(
  {
    $0: 'jest',
    _: [],
    runInBand: true,
    silent: true,
    watchman: false,
    testTimeout: TEST_MS,
    testEnvironment: join(root, FIRST_FAILURE),
  },
  [root],
);
const [config] = configs;
if (config === undefined) throw new Error('jest has no configuration here');
const context = await Runtime.createContext(config, { console, maxWorkers: 1, watch: false, watchman: false });
let session: Session | undefined;

async function startMeasuring(): Promise<Session> {
  const started = new Session();
  started.connect();
  await started.post('Profiler.enable');
  await started.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return started;
}

async function run({ test, isMeasured }: Ask): Promise<Ran> {
  if (isMeasured) session ??= await startMeasuring();
  const ran: Ran = { isPassed: false, message: 'it did not run', ms: 0, covered: {} };
  const suites = new TestRunner(globalConfig, {});
  suites.on('test-file-success', ([, result]) => {
    ran.isPassed = result.numFailingTests === 0 && result.testExecError === undefined;
    ran.message = result.failureMessage ?? '';
  });
  suites.on('test-file-failure', ([, error]) => void (ran.message = error.message));
  const from = performance.now();
  await suites.runTests([{ path: join(root, test), context }], new TestWatcher({ isWatchMode: false }), {
    serial: true,
  });
  ran.ms = performance.now() - from;
  if (session !== undefined) ran.covered = toCovered(await session.post('Profiler.takePreciseCoverage'), root);
  return ran;
}

process.on('message', (ask: Ask) => {
  run(ask).then(
    (ran) => process.send?.(ran),
    (thrown: unknown) => process.send?.({ isPassed: false, message: String(thrown), ms: 0, covered: {} }),
  );
});
// a mutant may throw where nobody waits; jest fails the test for it, and the next one starts afresh
process.on('uncaughtException', () => undefined);
process.on('unhandledRejection', () => undefined);
process.on('disconnect', () => process.exit());
process.send?.('ready');
