import { describe, expect, it } from '@jest/globals';
import {
  type Ledger,
  MAX_CREDENTIALS,
  freeSlots,
  newLedger,
  withCredential,
  withReservation,
  withSeen,
  withoutCredential,
  withoutSeen,
} from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held, wanted } from '../world.ts';

describe('two reservations of one millisecond for one slot', () => {
  const full = (at: number[]): Ledger => {
    const base: Ledger = { ...newLedger(), seen: { at: 0, credentials: foreign(MAX_CREDENTIALS - 1) } };
    return ['a', 'b'].reduce(
      (ledger, slug, index) => withReservation(ledger, { slug, names: [wanted(slug).name], at: at[index] ?? 0 }),
      base,
    );
  };

  it.each([
    [
      [5, 5],
      [1, 0],
    ],
    [
      [5, 6],
      [1, 0],
    ],
    [
      [6, 5],
      [0, 1],
    ],
  ])('let exactly one of them take it, reserved at %j: free %j', (at, free) => {
    const ledger = full(at);
    expect([freeSlots(ledger, 'a'), freeSlots(ledger, 'b')]).toEqual(free);
    expect(freeSlots(ledger, 'c')).toBeLessThanOrEqual(0);
  });
});

describe('a ledger counts our own writes', () => {
  const seen = withSeen(newLedger(), { at: 1, writes: 0, credentials: foreign(1) });
  const ours = held('ex-1');

  it('one by one, and an outcome that nobody knows as one, so that no list begun before is believed', () => {
    const written = withCredential(seen, 'ex-1', ours);
    expect(written).toEqual({
      ...newLedger(),
      writes: 1,
      seen: { at: 1, credentials: [...foreign(1), ours] },
    });
    const removed = withoutCredential(written, ours.name);
    expect(removed).toEqual({ ...newLedger(), writes: 2, seen: { at: 1, credentials: foreign(1) } });
    expect(withoutSeen(removed)).toEqual({ ...newLedger(), writes: 3 });
  });

  it('though it has no list, and keeps what else it holds', () => {
    const reserved = withReservation(newLedger(), { slug: 'ex-2', names: ['x'], at: 1 });
    expect(withCredential(reserved, 'ex-1', ours)).toEqual({ ...reserved, writes: 1 });
    expect(withoutCredential(reserved, ours.name)).toEqual({ ...reserved, writes: 1 });
  });
});
