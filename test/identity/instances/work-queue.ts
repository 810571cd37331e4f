import { ProvisionerError } from '../../../lib/errors.ts';
import type { Outcome } from './run-instance.ts';
import type { Span } from './spans.ts';

export interface WorkQueue {
  slugs: readonly string[];
  /** How many at once. */
  parallel: number;
  now(): number;
  later(ms: number, run: () => void): void;
  outcome: Outcome;
  handle(slug: string): Promise<void>;
  /** Told of each that needs no more work. */
  onDone?(slug: string): void;
}

export function newOutcome(): Outcome {
  return { full: [], failed: [], retries: {}, mostRequeues: 0, spans: [] };
}

/** Works off all slugs as the queue's host would: so many at once, and one that was requeued holds no place. */
export function workOff({ slugs, parallel, now, later, outcome, handle, onDone }: WorkQueue): Promise<void> {
  const queue = [...slugs];
  let left = queue.length;
  let running = 0;
  const requeues = new Map<string, number>();
  const begun = now();
  /** Since when each slug is what it is. */
  const states = new Map<string, Pick<Span, 'what' | 'from'>>();
  const { promise, resolve } = Promise.withResolvers<void>();

  function become(slug: string, what: Span['what']): void {
    outcome.spans.push({ ...(states.get(slug) ?? { what: 'queued', from: begun }), of: slug, to: now() });
    states.set(slug, { what, from: now() });
  }

  function fill(): void {
    while (running < parallel) {
      const slug = queue.shift();
      if (slug === undefined) break;
      running++;
      become(slug, 'running');
      void work(slug).finally(() => {
        running--;
        fill();
      });
    }
    if (left === 0) resolve();
  }

  async function work(slug: string): Promise<void> {
    try {
      await handle(slug);
    } catch (error) {
      if (error instanceof ProvisionerError && error.retryable) {
        requeue(slug, error);
        return;
      }
      outcome.failed.push(`${slug}: ${String(error)}`);
    }
    become(slug, 'queued');
    onDone?.(slug);
    left--;
  }

  function requeue(slug: string, error: ProvisionerError): void {
    const reason = error.message.replace(/[a-z]*-\d+/g, '*').replace(/\d+ s/, '* s');
    outcome.retries[reason] = (outcome.retries[reason] ?? 0) + 1;
    const times = (requeues.get(slug) ?? 0) + 1;
    requeues.set(slug, times);
    outcome.mostRequeues = Math.max(outcome.mostRequeues, times);
    become(slug, 'asleep');
    later(error.retryAfterMs ?? 500, () => {
      become(slug, 'queued');
      queue.push(slug);
      fill();
    });
  }

  fill();
  return promise;
}
