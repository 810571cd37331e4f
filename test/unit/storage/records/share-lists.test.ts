import { describe, expect, it } from '@jest/globals';
import type { Records } from '../../../../lib/environment/ports/ports.ts';
import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import { shareAsks } from '../../../../lib/concurrency.ts';
import { shareLists } from '../../../../lib/storage/records/records.ts';

const at = '2026-01-01T00:00:00.000Z';
const summary = (name: string): RecordSummary => ({
  name,
  namespace: `feature-${name}`,
  phase: 'ready',
  repository: 'acme/shop',
  ref: name,
  at,
});

/** Lists that show what is there when they begin, and end when they are told to. */
function slowRecords() {
  const there = ['a'];
  const open: PromiseWithResolvers<void>[] = [];
  async function* list(): AsyncIterable<RecordSummary> {
    const names = [...there];
    const end = Promise.withResolvers<void>();
    open.push(end);
    await end.promise;
    yield* names.map(summary);
  }
  const records = shareLists({ list } as Partial<Records> as Records);
  const ask = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const { name } of records.list()) names.push(name);
    return names;
  };
  return { there, open, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('shareAsks', () => {
  it('goes on after one that throws at once', async () => {
    let asked = 0;
    const ask = shareAsks(() => {
      if ((asked += 1) === 1) throw new Error('at once');
      return Promise.resolve(asked);
    });

    await expect(ask()).rejects.toThrow('at once');
    expect(await ask()).toBe(2);
  });
});

describe('shareLists', () => {
  it('gives one list to all who ask while another is under way, begun after the last of them', async () => {
    const { there, open, ask } = slowRecords();
    const first = ask();
    await turn();
    const second = ask();
    there.push('b');
    const third = ask();
    open[0]?.resolve();
    expect(await first).toEqual(['a']);
    await turn();
    open[1]?.resolve();

    expect(await Promise.all([second, third])).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(open).toHaveLength(2);
  });

  it('tells a failure to who asked for that list alone', async () => {
    const { open, ask } = slowRecords();
    const failing = ask();
    await turn();
    open[0]?.reject(new Error('storage is away'));
    await expect(failing).rejects.toThrow('storage is away');

    const next = ask();
    await turn();
    open[1]?.resolve();
    expect(await next).toEqual(['a']);
  });
});
