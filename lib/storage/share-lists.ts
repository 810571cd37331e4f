import type { Records } from '../environment/peers.ts';
import type { RecordSummary } from '../environment/record.ts';

/**
 * Records whose lists are shared by who asks while one is under way: the next one begins after all of them have asked, so
 * nobody's is older than the question. Each of many new branches at once asks for one, and one costs with every record.
 */
export function shareLists(records: Records): Records {
  let next: PromiseWithResolvers<RecordSummary[]> | undefined;
  let running: Promise<unknown> = Promise.resolve();

  function ask(): Promise<RecordSummary[]> {
    if (next !== undefined) return next.promise;
    const asked = Promise.withResolvers<RecordSummary[]>();
    next = asked;
    running = running.then(async () => {
      next = undefined;
      await collect(records.list()).then(asked.resolve, asked.reject);
    });
    return asked.promise;
  }

  return {
    ...records,
    async *list() {
      yield* await ask();
    },
  };
}

async function collect(list: AsyncIterable<RecordSummary>): Promise<RecordSummary[]> {
  const summaries: RecordSummary[] = [];
  for await (const summary of list) summaries.push(summary);
  return summaries;
}
