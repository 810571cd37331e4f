import { describe, expect, it } from '@jest/globals';
import type { Booking } from '../../lib/identity/ledger/ledger.ts';
import { bookedTurn, findTurn, withBooking } from '../../lib/identity/writer/rate-limit.ts';

const booking = (turn: number, identity = 'other', slug = 'ex-1'): Booking => ({ identity, slug, turn });
const find = (booked: Booking[], from = 0) =>
  findTurn(booked, { identity: 'own', from, subscriptionMs: 500, identityMs: 4000 });

describe('findTurn', () => {
  it.each<[string, Booking[], number]>([
    ['at once where nothing is booked', [], 0],
    ['after one that is too near', [booking(100)], 600],
    ['after one that was just used', [booking(-100)], 400],
    ['in a gap that is wide enough', [booking(0), booking(1000)], 500],
    ['past a gap that is too narrow', [booking(0), booking(900)], 1400],
    ["as far from the identity's own as it needs", [booking(0, 'own'), booking(4200)], 4700],
    ['before an own one that is far enough', [booking(4000, 'own')], 0],
    ['past an own one that a turn between others would be too near to', [booking(0), booking(4000, 'own')], 8000],
  ])('gives a turn %s, whatever the order', (_what, booked, turn) => {
    expect(find(booked)).toBe(turn);
    expect(find(booked.toReversed())).toBe(turn);
  });
});

describe('bookedTurn', () => {
  it('knows the turn of one environment on one identity, until it has passed', () => {
    const booked = [booking(100, 'own'), booking(200, 'own', 'ex-2'), booking(300)];

    expect(bookedTurn(booked, { identity: 'own', slug: 'ex-1', from: 50 })).toBe(100);
    expect(bookedTurn(booked, { identity: 'own', slug: 'ex-1', from: 101 })).toBeUndefined();
    expect(bookedTurn(booked, { identity: 'own', slug: 'ex-3', from: 0 })).toBeUndefined();
  });
});

describe('withBooking', () => {
  it('gives back a turn to come that the environment will not use, and forgets those long past', () => {
    const booked = [booking(-20_000), booking(-100, 'own'), booking(500, 'own'), booking(700, 'own', 'ex-2')];

    expect(withBooking(booked, booking(900, 'own'), 0)).toEqual([
      booking(-100, 'own'),
      booking(700, 'own', 'ex-2'),
      booking(900, 'own'),
    ]);
  });
});
