import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Compiled } from '../../lib/overlays/template/compiled.ts';

/**
 * As infra/ sets it. Left alone, V8 lets the young generation grow to 128 MB and collects the old one late: 50 branches
 * at once peak at 414 MB, of which some 50 are in use.
 */
export const NODE_OPTIONS = '--max-semi-space-size=16 --max-old-space-size=256';

export type Order =
  { kind: 'start'; settings: Record<string, string>; compiled: Compiled } | { kind: 'sweep' } | { kind: 'survey' };

export type Done = ({ kind: 'done' } & Measured) | { kind: 'failed'; message: string };

interface Measured<T = unknown> {
  result: T;
  ms: number;
  /** Calls to each peer, by its host and port. */
  calls: Record<string, number>;
  /** Since the process began. */
  peakMb: number;
}

/** The app, as lib/deps.ts wires it, in a process of its own with the memory that infra/ gives it. */
export interface Apart {
  sweep(): Promise<Measured<{ queued: number; failed: number }>>;
  /** What a sweep reads of the cluster: its namespaces, and which environments are not well. */
  survey(): Promise<Measured<{ namespaces: number; suspect: string[]; unread: string[] }>>;
  stop(): Promise<void>;
}

export async function startApart(settings: Record<string, string>, compiled: Compiled): Promise<Apart> {
  const child = fork(join(import.meta.dirname, 'main.ts'), { execArgv: ['--no-warnings', ...NODE_OPTIONS.split(' ')] });
  const ask = async <T>(order: Order): Promise<Measured<T>> => {
    const ended = new AbortController();
    const { signal } = ended;
    child.send(order);
    const [done] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => [{ kind: 'failed', message: `it ended with ${code}` }]),
    ]).finally(() => ended.abort())) as [Done];
    if (done.kind === 'failed') throw new Error(`${order.kind}: ${done.message}`);
    return done as Measured<T>;
  };
  await ask({ kind: 'start', settings, compiled });
  return {
    sweep: () => ask({ kind: 'sweep' }),
    survey: () => ask({ kind: 'survey' }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
