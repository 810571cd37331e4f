import type { Records } from '../environment/ports/ports.ts';
import type { RecordSummary } from '../environment/model/record.ts';
import { shareAsks } from '../share-asks.ts';

/** Records whose lists are shared: each of many new branches at once asks for one, and one costs with every record. */
export function shareLists(records: Records): Records {
  const ask = shareAsks(() => collect(records.list()));
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
