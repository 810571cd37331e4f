import { describe, expect, it } from '@jest/globals';
import { newLedger } from '../../../lib/identity/ledger/ledger.ts';
import { countAhead, withWaiter } from '../../../lib/identity/pool/waitlist.ts';

const line = ['a', 'b', 'c'].reduce((ledger, slug, index) => withWaiter(ledger, slug, index), newLedger());

describe('countAhead', () => {
  it.each([
    ['a', 0],
    ['c', 2],
    ['newcomer', 3],
  ])('tells %s that %i have waited longer', (slug, ahead) => {
    expect(countAhead(line, slug, 10)).toBe(ahead);
  });

  it('forgets who asks no more', () => {
    expect(countAhead(line, 'c', 75_001)).toBe(1);
    expect(countAhead(line, 'newcomer', 80_000)).toBe(0);
  });
});

describe('withWaiter', () => {
  it('keeps the place of one that asks again', () => {
    const again = withWaiter(line, 'a', 50_000);

    expect(again.waiting).toEqual([
      { slug: 'a', at: 50_000 },
      { slug: 'b', at: 1 },
      { slug: 'c', at: 2 },
    ]);
    expect(withWaiter(again, 'd', 90_000).waiting).toEqual([
      { slug: 'a', at: 50_000 },
      { slug: 'd', at: 90_000 },
    ]);
  });
});
