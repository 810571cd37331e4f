import { describe, expect, it } from '@jest/globals';
import { playOrders } from './play-orders.ts';

const LONGEST_MS = 600_000;

describe.each([
  { github: false, words: 'without GitHub credentials' },
  { github: true, words: 'with GitHub credentials' },
])('events in any order, $words', ({ github }) => {
  it(
    'end as the table says, each sequence of three in every order',
    async () => {
      const { played, wrong } = await playOrders({ github, between: true, longest: 3, oneIn: 1 });
      expect(wrong.slice(0, 10)).toEqual([]);
      expect(played).toBeGreaterThan(1_000);
    },
    LONGEST_MS,
  );

  it(
    'end as the table says, sequences of four one right after the other (all of them in test:soak)',
    async () => {
      const { played, wrong } = await playOrders({ github, between: false, longest: 4, oneIn: 23 });
      expect(wrong.slice(0, 10)).toEqual([]);
      expect(played).toBeGreaterThan(500);
    },
    LONGEST_MS,
  );
});
