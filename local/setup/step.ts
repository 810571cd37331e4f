import { spawn } from 'node:child_process';

/** One program of the project, run by the Node that runs this. */
export interface Step {
  name: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Its output goes to the terminal as it comes, instead of being kept. */
  shown?: boolean;
}

export interface StepResult {
  name: string;
  ok: boolean;
  ms: number;
  /** What it wrote, where that was not shown. */
  said: string;
}

/** A hanging program fails its step instead of holding everything up. */
const LIMIT_MS = 20 * 60_000;

/** Runs one step to its end; a program that can't be started is a failed step. */
export async function runStep(
  { name, args, env = process.env, shown = false }: Step,
  cwd: string,
): Promise<StepResult> {
  const started = Date.now();
  const kept = shown ? ('inherit' as const) : ('pipe' as const);
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', kept, kept], timeout: LIMIT_MS });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const { promise, resolve } = Promise.withResolvers<boolean>();
  child.once('error', (error) => {
    said += error.message;
    resolve(false);
  });
  child.once('close', (code) => resolve(code === 0));
  const ok = await promise;
  return { name, ok, ms: Date.now() - started, said };
}
