import { describe, expect, it } from '@jest/globals';
import { type Candidate, chooseIdentity, describeFull } from '../../lib/identity/pool/candidates.ts';

function candidate(identityId: string, counts: Partial<Candidate>): Candidate {
  return { identityId, present: 0, missing: 1, free: 20, picked: 0, held: 0, isReserved: false, ...counts };
}

describe('chooseIdentity', () => {
  it.each<[string, Candidate[], string | undefined]>([
    ['the one with most free slots', [candidate('a', { free: 3 }), candidate('b', { free: 9 })], 'b'],
    ['the first of two with as many', [candidate('a', { free: 9 }), candidate('b', { free: 9 })], 'a'],
    [
      'the one to which fewer are on their way',
      [candidate('a', { free: 9, picked: 2 }), candidate('b', { free: 8 })],
      'b',
    ],
    [
      'the one that holds ours, though it is fuller',
      [candidate('a', {}), candidate('b', { present: 1, missing: 0, free: 0 })],
      'b',
    ],
    ['the one that it chose before', [candidate('a', {}), candidate('b', { isReserved: true, free: 3 })], 'b'],
    ['no identity that lacks one slot of two', [candidate('a', { missing: 2, free: 1 })], undefined],
    ['none of an empty pool', [], undefined],
  ])('takes %s', (_case, candidates, chosen) => {
    expect(chooseIdentity(candidates)?.identityId).toBe(chosen);
  });
});

describe('describeFull', () => {
  it('says what each identity holds and has reserved', () => {
    const text = describeFull([
      { ...candidate('a', { free: 0, held: 20 }), name: 'pool-1' },
      { ...candidate('b', { free: 0, held: 17 }), name: 'pool-2' },
    ]);

    expect(text).toContain('pool-1 holds 20 of 20, pool-2 holds 17 of 20 and has 3 reserved');
  });
});
