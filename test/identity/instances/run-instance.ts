import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Span } from './spans.ts';

const PROGRAM = fileURLToPath(new URL('./instance.ts', import.meta.url));

/** What one instance of the app is to do, in a process of its own. */
export interface Job {
  azureUrl: string;
  connectionString: string;
  container: string;
  pool: string[];
  slugs: string[];
  /** Whether to take their credentials away again. */
  remove?: boolean;
  /** How many at once. */
  parallel: number;
}

export interface Outcome {
  full: string[];
  failed: string[];
  /** How often work was requeued, by the words of the reason. */
  retries: Record<string, number>;
  /** Of one piece of work. */
  mostRequeues: number;
  /** What each piece of work did when, and who waited for which lock. */
  spans: Span[];
}

/** Starts an instance; its outcome is undefined where it was killed. */
export function startInstance(job: Job) {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const outcome = text(child.stdout).then(async (output) => {
    await ended;
    return output === '' ? undefined : (JSON.parse(output) as Outcome);
  });
  return { child, outcome };
}
