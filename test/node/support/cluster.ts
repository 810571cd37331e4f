import { execFile } from 'node:child_process';
import { setTimeout as pass } from 'node:timers/promises';

/** A variable that the node's starter sets: these tests run inside it alone (npm run test:node). */
export function nodeSetting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start these tests by npm run test:node`);
  return value;
}

/** Runs a program to its end and gives what it wrote; throws with its last words where it failed. */
export function run(program: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 }, (error, said, errors) => {
      if (error === null) resolve(said);
      else reject(new Error(`${program} ${args.join(' ').slice(0, 200)}: ${(errors || error.message).slice(-600)}`));
    });
    child.stdin?.end(input);
  });
}

/** As the administrator. */
export function kubectl(...args: string[]): Promise<string> {
  return run('kubectl', args);
}

export async function applyAll(objects: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await run('kubectl', ['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
}

export interface Live {
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    deletionTimestamp?: string;
  };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}

export async function list(kinds: string, ...args: string[]): Promise<Live[]> {
  const text = await kubectl('get', kinds, '-o', 'json', ...args);
  return (JSON.parse(text) as { items: Live[] }).items;
}

/** Asks again until there is an answer; a deadline that is missed fails with what was seen last. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  {
    withinMs = 180_000,
    everyMs = 300,
    seen = () => '',
  }: { withinMs?: number; everyMs?: number; seen?: () => string } = {},
): Promise<T> {
  const end = performance.now() + withinMs;
  let last = '';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = (error as Error).message;
    }
    if (performance.now() > end) throw new Error(`not within ${withinMs / 1000} s: ${what}. ${last} ${seen()}`);
    await pass(everyMs);
  }
}
