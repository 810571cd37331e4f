import { spawn } from 'node:child_process';

/** One program of the project, run by the Node that runs this. */
export interface Step {
  name: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Its output goes to the terminal as it comes, instead of being kept. */
  shown?: boolean;
  /** Its output is kept though it is shown. */
  kept?: boolean;
  /** A program and its arguments that starts the program of this step, as `nice` or `env` do. */
  within?: readonly string[];
}

export interface StepResult {
  name: string;
  ok: boolean;
  ms: number;
  /** What it wrote, unless that was only shown. */
  said: string;
}

/** A hanging program fails its step instead of holding everything up. */
const LIMIT_MS = 45 * 60_000;

/** Runs one step to its end; a program that can't be started is a failed step. */
export async function runStep(
  { name, args, env = process.env, shown = false, kept = !shown, within = [] }: Step,
  cwd: string,
): Promise<StepResult> {
  const started = Date.now();
  const output = kept ? ('pipe' as const) : ('inherit' as const);
  const [program = process.execPath, ...all] = [...within, process.execPath, ...args];
  const child = spawn(program, all, { cwd, env, stdio: ['ignore', output, output], timeout: LIMIT_MS });
  let said = '';
  for (const [stream, terminal] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    if (shown) stream?.pipe(terminal, { end: false });
  }
  const { promise, resolve } = Promise.withResolvers<boolean>();
  child.once('error', (error) => {
    said += error.message;
    resolve(false);
  });
  child.once('close', (code) => resolve(code === 0));
  const ok = await promise;
  return { name, ok, ms: Date.now() - started, said };
}
