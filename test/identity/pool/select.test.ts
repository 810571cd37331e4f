import { describe, expect, it } from '@jest/globals';
import { type Candidate, selectCandidate, describeFull } from '../../../lib/identity/pool/candidates.ts';

function candidate(identityId: string, counts: Partial<Candidate>): Candidate {
  return { identityId, present: 0, missing: 1, free: 20, held: 0, isReserved: false, ...counts };
}

describe('selectCandidate', () => {
  it.each<[string, Candidate[], string | undefined]>([
    [
      'the one that holds ours, though it is fuller',
      [candidate('a', {}), candidate('b', { present: 1, missing: 0, free: 0 })],
      'b',
    ],
    ['the one that it reserved before', [candidate('a', {}), candidate('b', { isReserved: true, free: 3 })], 'b'],
    ['the only one with room', [candidate('a', { free: 0 }), candidate('b', { free: 1 })], 'b'],
    ['no identity that lacks one slot of two', [candidate('a', { missing: 2, free: 1 })], undefined],
    ['none of an empty pool', [], undefined],
  ])('takes %s', (_case, candidates, selected) => {
    for (const slug of ['ex-1', 'ex-2', 'ex-3', 'ex-4'])
      expect(selectCandidate(slug, candidates)?.identityId).toBe(selected);
  });

  it('spreads slugs over the pool, and gives each the same identity whatever the order', () => {
    const pool = Array.from({ length: 12 }, (_, n) => candidate(`pool-${n}`, {}));
    const slugs = Array.from({ length: 240 }, (_, n) => `ex-${n}`);
    const homes = slugs.map((slug) => selectCandidate(slug, pool)?.identityId);

    expect(slugs.map((slug) => selectCandidate(slug, pool.toReversed())?.identityId)).toEqual(homes);
    const shouted = pool.map((one) => ({ ...one, identityId: one.identityId.toUpperCase() }));
    expect(slugs.map((slug) => selectCandidate(slug, shouted)?.identityId.toLowerCase())).toEqual(homes);
    const counts = pool.map(({ identityId }) => homes.filter((home) => home === identityId).length);
    expect(Math.max(...counts)).toBeLessThanOrEqual(32);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(9);
  });

  it('prefers the same identity in every version: instances of two of them choose alike', () => {
    const pool = ['pool-1', 'pool-2', 'pool-3'].map((id) => candidate(id, {}));
    const homes = ['ex-1', 'ex-2', 'ex-3', 'login'].map((slug) => selectCandidate(slug, pool)?.identityId);
    expect(homes).toEqual(['pool-1', 'pool-2', 'pool-3', 'pool-3']);
  });

  it('moves only the slugs of an identity that is full', () => {
    const pool = ['a', 'b', 'c', 'd'].map((id) => candidate(id, {}));
    const slugs = Array.from({ length: 80 }, (_, n) => `ex-${n}`);
    const before = slugs.map((slug) => selectCandidate(slug, pool)?.identityId);
    const full = pool.map((one) => (one.identityId === 'c' ? { ...one, free: 0 } : one));
    const after = slugs.map((slug) => selectCandidate(slug, full)?.identityId);

    expect(after.filter((home, n) => before[n] !== 'c' && home !== before[n])).toEqual([]);
    expect(new Set(after)).toEqual(new Set(['a', 'b', 'd']));
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

  it('names one reserved slot, those that are free as neither, and the most that any identity lacks', () => {
    const text = describeFull([
      { ...candidate('a', { missing: 1, free: 0, held: 19 }), name: 'pool-1' },
      { ...candidate('b', { missing: 2, free: 1, held: 17 }), name: 'pool-2' },
    ]);

    expect(text).toBe(
      'waiting for 2 credential slots on one identity: pool-1 holds 19 of 20 and has 1 reserved, ' +
        'pool-2 holds 17 of 20 and has 2 reserved; it goes on when one falls free, or when WORKLOAD_IDENTITIES names ' +
        'another identity',
    );
  });
});
