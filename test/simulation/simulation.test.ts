import { describe, expect, it } from '@jest/globals';
import { drawHistory } from './histories/draw-history.ts';
import { describeHistory } from './histories/history.ts';
import { play } from './run.ts';
import { shrink } from './histories/shrink.ts';

/** Enough to take a quarter of a minute on one slow core; test:soak plays many more. */
const HISTORIES = 1_500;
const LONGEST_MS = 600_000;

describe('a simulated world', () => {
  it(
    'keeps every invariant at every step, and ends as the table says',
    async () => {
      for (let seed = 1; seed <= HISTORIES; seed += 1) {
        const history = drawHistory(seed);
        const { violation } = await play(history);
        if (violation === undefined) continue;
        const small = await shrink(history);
        throw new Error(`${violation}\n${describeHistory(small)}\nnpm run simulate -- --seed ${seed} plays it again`);
      }
    },
    LONGEST_MS,
  );

  it('plays the same history the same way each time', async () => {
    const tellings = await Promise.all(
      [1, 2].map(async () => {
        const lines: string[] = [];
        const { calls } = await play(drawHistory(34), { tell: (line) => lines.push(line) });
        return { calls, lines };
      }),
    );
    expect(tellings[0]?.lines.length).toBeGreaterThan(50);
    expect(tellings[1]).toEqual(tellings[0]);
  });

  it('meets what it is meant to meet: deaths, pauses, faults, doubled messages, lost leases, abandoned requests', async () => {
    const told = new Map<string, number>();
    const marks = [
      'KILL',
      'PAUSE',
      'FAULT',
      'STRIKE',
      'lease-lost',
      'poison ',
      'ends too soon',
      'killed meanwhile',
      'abandoned',
      'busy',
      'refused',
      'asking again',
      'waiting',
    ];
    for (let seed = 1; seed <= 300; seed += 1) {
      const tell = (line: string): void => {
        for (const mark of marks) if (line.includes(mark)) told.set(mark, (told.get(mark) ?? 0) + 1);
      };
      await play(drawHistory(seed), { tell });
    }
    for (const mark of [
      'KILL',
      'PAUSE',
      'FAULT',
      'STRIKE',
      'lease-lost',
      'poison ',
      'killed meanwhile',
      'refused',
      'asking again',
      'waiting',
    ])
      expect(told.get(mark) ?? 0).toBeGreaterThan(0);
  });
});
