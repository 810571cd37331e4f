import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface Outcome {
  kind: 'passed' | 'failed' | 'timeout';
  /** Test files with a failure. */
  failed: string[];
  /** Those of them that failed for the time they took: a busy machine may have done that, and not the mutant. */
  late: string[];
  /** How long each test file took, in ms. */
  took: Map<string, number>;
}

const running = new Set<number>();
const FIRST_FAILURE = 'test/mutation/first-failure.js';
/** Of one test, in ms; a mutant that waits for what never comes would take the suite's own two minutes. */
const TEST_MS = 20_000;
/** In jest's words. */
const LATE = /Exceeded timeout of/;

/** Ends what runs; for when this program is ended. */
export function endAll(): void {
  for (const pid of running) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // it ended by itself
    }
  }
}

/** Runs test files in a tree until the first that fails. */
export async function runTests(tree: string, tests: readonly string[], limitMs: number): Promise<Outcome> {
  const report = join(tree, `mutation-report.json`);
  await rm(report, { force: true });
  const jest = ['--experimental-vm-modules', '--no-warnings', join(tree, 'node_modules', 'jest', 'bin', 'jest.js')];
  const options = ['--runInBand', '--bail=1', '--json', `--outputFile=${report}`, '--silent', '--runTestsByPath'];
  // a mutant may leave a server or a timer open, which is no failure of a test
  const bounds = ['--forceExit', `--testTimeout=${TEST_MS}`, '--testEnvironment', join(tree, FIRST_FAILURE)];
  const ended = await run(tree, [...jest, ...options, ...tests, ...bounds], limitMs);
  if (ended === 'timeout') return { kind: 'timeout', failed: [], late: [], took: new Map() };
  const { testResults = [] } = JSON.parse(await readFile(report, 'utf8').catch(() => '{}')) as {
    testResults?: { name: string; status: string; message: string; startTime: number; endTime: number }[];
  };
  const failed = testResults.filter(({ status }) => status === 'failed');
  const toPath = (name: string): string => name.slice(name.indexOf('/test/') + 1);
  return {
    kind: ended === 0 ? 'passed' : 'failed',
    failed: failed.map(({ name }) => toPath(name)),
    late: failed.filter(({ message }) => LATE.test(message)).map(({ name }) => toPath(name)),
    // a file that failed was cut short
    took: new Map(
      testResults
        .filter(({ status }) => status === 'passed')
        .map(({ name, startTime, endTime }) => [toPath(name), endTime - startTime]),
    ),
  };
}

/** Plays simulated histories in a tree. */
export async function runSimulation(tree: string, options: { seed: number; seconds: number }): Promise<Outcome> {
  const { seed, seconds } = options;
  const args = ['--no-warnings', join('test', 'simulation', 'main.ts'), '--histories', '100000'];
  const ended = await run(
    tree,
    [...args, '--seed', String(seed), '--seconds', String(seconds)],
    (seconds + 30) * 1_000,
  );
  const kind = ended === 'timeout' ? 'timeout' : ended === 0 ? 'passed' : 'failed';
  return { kind, failed: kind === 'failed' ? ['the simulation'] : [], late: [], took: new Map() };
}

/** Its exit code; what outlasts the limit is killed with all that it started. */
async function run(cwd: string, args: readonly string[], limitMs: number): Promise<number | 'timeout'> {
  const env = { ...process.env };
  delete env['KUBEBUILDER_ASSETS'];
  const child = spawn(process.execPath, args, { cwd, env, stdio: 'ignore', detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error('node could not be started');
  running.add(pid);
  const { promise, resolve } = Promise.withResolvers<number | 'timeout'>();
  const kill = (): void => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // nothing of it is left
    }
  };
  const timer = setTimeout(() => {
    resolve('timeout');
    kill();
  }, limitMs);
  child.once('close', (code) => resolve(code ?? 1));
  const ended = await promise;
  clearTimeout(timer);
  // a mutant may leave servers behind that its test would have stopped
  kill();
  running.delete(pid);
  return ended;
}
