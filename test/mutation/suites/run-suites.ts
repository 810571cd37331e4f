import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Covered } from './coverage.ts';
import type { Ask, Ran } from './warm.ts';

export interface Outcome {
  kind: 'passed' | 'failed' | 'timeout';
  /** The first test file with a failure. */
  failed?: string;
  /** It failed for the time it took: a busy machine may have done that, and not the mutant. */
  isLate: boolean;
  /** How long each test file took that passed, in ms. */
  took: Map<string, number>;
}

export interface Suites {
  /** Runs test files until the first that fails; each may take its limit. */
  run(tests: readonly string[], limitOf: (test: string) => number): Promise<Outcome>;
  /** What a test file covers, and how long it took; undefined where it fails or takes longer than the limit. */
  measure(test: string, limitMs: number): Promise<{ covered: Covered; ms: number } | undefined>;
  end(): void;
}

const running = new Set<ChildProcess>();
const WARM = ['--experimental-vm-modules', '--no-warnings', join('test', 'mutation', 'suites', 'warm.ts')];
/** Modules of test files are never let go of, and a mutant may leave servers and timers behind. */
const RUNS_PER_PROCESS = 40;
const START_MS = 60_000;
/** In jest's words. */
const LATE = /Exceeded timeout of/;

/** Ends what runs; for when this program is ended. */
export function endAll(): void {
  for (const child of running) kill(child);
}

/** Runs test files of a tree in a process that has jest loaded: a start of it would cost more than most test files. */
export function createSuites(tree: string): Suites {
  let warm: { child: ChildProcess; runs: number; isUsed: boolean } | undefined;
  const end = (): void => {
    if (warm !== undefined) kill(warm.child);
    warm = undefined;
  };
  async function ask(asked: Ask, limitMs: number): Promise<Ran | undefined> {
    if (warm === undefined) {
      const child = start(tree, WARM, true);
      warm = { child, runs: 0, isUsed: false };
      if ((await answerOf(child, START_MS)) !== 'ready') {
        end();
        return undefined;
      }
    }
    warm.runs += 1;
    warm.child.send(asked);
    const answer = (await answerOf(warm.child, limitMs)) as Ran | undefined;
    const isLate = answer === undefined || LATE.test(answer.message);
    if (isLate || warm.runs >= RUNS_PER_PROCESS) end();
    return answer;
  }
  /** A promise that an earlier mutant left behind may fail the next test file: such a failure does not come again. */
  async function askFairly(asked: Ask, limitMs: number): Promise<Ran | undefined> {
    const isUsed = warm?.isUsed === true;
    const ran = await ask(asked, limitMs);
    if (ran?.isPassed === true) return ran;
    if (warm !== undefined) warm.isUsed = true;
    if (!isUsed || ran === undefined) return ran;
    const again = await ask(asked, limitMs);
    if (again?.isPassed !== true) return again;
    end();
    return ask(asked, limitMs);
  }
  return {
    async run(tests, limitOf) {
      const took = new Map<string, number>();
      for (const test of tests) {
        const ran = await askFairly({ test, isMeasured: false }, limitOf(test));
        if (ran === undefined) return { kind: 'timeout', failed: test, isLate: true, took };
        if (!ran.isPassed) return { kind: 'failed', failed: test, isLate: LATE.test(ran.message), took };
        took.set(test, ran.ms);
      }
      return { kind: 'passed', isLate: false, took };
    },
    async measure(test, limitMs) {
      end();
      const ran = await ask({ test, isMeasured: true }, limitMs);
      end();
      return ran?.isPassed === true ? ran : undefined;
    },
    end,
  };
}

/** Plays simulated histories in a tree. */
export async function runSimulation(tree: string, options: { seed: number; seconds: number }): Promise<Outcome> {
  const { seed, seconds } = options;
  const args = ['--no-warnings', join('test', 'simulation', 'main.ts'), '--histories', '100000'];
  const child = start(tree, [...args, '--seed', String(seed), '--seconds', String(seconds)], false);
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  child.once('close', (code) => resolve(code ?? 1));
  const timer = setTimeout(() => resolve(undefined), (seconds + 30) * 1_000);
  const code = await promise;
  clearTimeout(timer);
  kill(child);
  const kind = code === undefined ? 'timeout' : code === 0 ? 'passed' : 'failed';
  return { kind, isLate: kind === 'timeout', took: new Map() };
}

function start(cwd: string, args: readonly string[], isAsked: boolean): ChildProcess {
  const env = { ...process.env };
  delete env['KUBEBUILDER_ASSETS'];
  const stdio = isAsked ? (['ignore', 'ignore', 'ignore', 'ipc'] as const) : 'ignore';
  const child = spawn(process.execPath, args, { cwd, env, stdio: stdio as 'ignore', detached: true });
  running.add(child);
  child.once('exit', () => running.delete(child));
  // what it is sent after its end
  child.on('error', () => undefined);
  return child;
}

/** Its next message; undefined where it ends or the time is over before. */
async function answerOf(child: ChildProcess, limitMs: number): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const timer = setTimeout(resolve, limitMs);
  const onEnd = (): void => resolve(undefined);
  child.once('message', resolve);
  child.once('exit', onEnd);
  const answer = await promise;
  clearTimeout(timer);
  child.off('message', resolve);
  child.off('exit', onEnd);
  return answer;
}

/** With all that it started: a mutant may leave servers behind that its test would have stopped. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing of it is left
  }
}
