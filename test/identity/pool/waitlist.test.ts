import { describe, expect, it } from '@jest/globals';
import { type Ledger, newLedger } from '../../../lib/identity/ledger/ledger.ts';
import {
  countAhead,
  countBefore,
  joinWaitlist,
  leaveWaitlist,
  withWaiter,
} from '../../../lib/identity/pool/waitlist.ts';
import { makeLimitedWorld } from '../writer/limited-world.ts';
import { identityId } from '../world.ts';

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
    expect(countAhead(line, 'c', 75_000)).toBe(2);
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

describe('the waitlist that instances share', () => {
  /** The ledgers in memory, and which of them were read and written. */
  const world = () => {
    const { context, pass, clock } = makeLimitedWorld();
    const calls: string[] = [];
    const nameOf = (id: string) => id.slice(id.lastIndexOf('/') + 1);
    const locks = {
      ...context.locks,
      read: (id: string, maxAgeMs?: number) => (calls.push(`read ${nameOf(id)}`), context.locks.read(id, maxAgeMs)),
      change: (id: string, change: (ledger: Ledger) => Ledger | undefined) =>
        context.locks.change(id, (ledger) => {
          const changed = change(ledger);
          if (changed !== undefined) calls.push(`write ${nameOf(id)}`);
          return changed;
        }),
    };
    return { context: { ...context, locks }, pass, clock, calls };
  };
  const ONE = identityId('pool-1');

  it('is joined in order, with a note on the identities that is renewed after 20 s', async () => {
    const { context, pass, clock, calls } = world();
    const identities = [ONE];
    expect(await joinWaitlist(context, { slug: 'a', identities })).toBe(0);
    const noted = clock.now();
    pass(19_999);
    expect(await joinWaitlist(context, { slug: 'b', identities })).toBe(1);
    expect((await context.locks.read(ONE)).contestedAt).toBe(noted);
    pass(1);
    expect(await joinWaitlist(context, { slug: 'a', identities })).toBe(0);
    expect((await context.locks.read(ONE)).contestedAt).toBe(clock.now());
    expect(calls.filter((call) => call === 'write pool-1')).toHaveLength(2);
  });

  it('is written only by who stands in it', async () => {
    const { context, calls } = world();
    await joinWaitlist(context, { slug: 'a', identities: [] });
    calls.length = 0;
    await leaveWaitlist(context, 'b');
    expect(calls).toEqual([]);
    await leaveWaitlist(context, 'a');
    expect(calls).toEqual(['write pool']);
    expect((await context.locks.read('pool')).waiting).toEqual([]);
  });

  it('is read only where somebody found the pool full in the last 75 s, and counts where it takes all the room', async () => {
    const { context, pass, clock, calls } = world();
    await joinWaitlist(context, { slug: 'a', identities: [] });
    const contestedAt = clock.now();
    pass(75_000);
    calls.length = 0;
    expect(await countBefore(context, { slug: 'b', room: { count: 1, contestedAt } })).toBe(1);
    expect(await countBefore(context, { slug: 'b', room: { count: 2, contestedAt } })).toBe(0);
    expect(await countBefore(context, { slug: 'a', room: { count: 1, contestedAt } })).toBe(0);
    expect(calls).toHaveLength(3);
    expect(await countBefore(context, { slug: 'b', room: { count: 1, contestedAt: contestedAt - 1 } })).toBe(0);
    expect(calls).toHaveLength(3);
  });
});
