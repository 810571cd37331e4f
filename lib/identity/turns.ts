import type { Booking } from './ledger/ledger.ts';

/** A turn is kept in mind this long, so that the next one keeps its distance. */
const REMEMBERED_MS = 10_000;

/** When a write may be sent, and how far from those that are booked. */
export interface Distances {
  from: number;
  /** From any other of the subscription; 0 while only the identity is paced. */
  subscriptionMs: number;
  /** From any other of the same identity. */
  identityMs: number;
}

/** The first turn that keeps its distance from all that are booked: it fills a gap, or comes after the last. */
export function findTurn(
  booked: readonly Booking[],
  { identity, ...distances }: Distances & { identity: string },
): number {
  let turn = distances.from;
  for (const other of booked.toSorted((a, b) => a.turn - b.turn)) {
    const distance = other.identity === identity ? distances.identityMs : distances.subscriptionMs;
    if (Math.abs(other.turn - turn) < distance) turn = other.turn + distance;
  }
  // one that was passed over may be too near to where the turn has moved
  const isNear = booked.some(
    (other) =>
      Math.abs(other.turn - turn) < (other.identity === identity ? distances.identityMs : distances.subscriptionMs),
  );
  return isNear ? findTurn(booked, { ...distances, identity, from: turn + 1 }) : turn;
}

/** The turn that an environment has booked and not used; one that has passed or that Azure has put off counts no more. */
export function bookedTurn(
  booked: readonly Booking[],
  { identity, slug, from }: { identity: string; slug: string; from: number },
): number | undefined {
  return booked.find((one) => one.identity === identity && one.slug === slug && one.turn >= from)?.turn;
}

export function withBooking(booked: readonly Booking[], booking: Booking, now: number): Booking[] {
  const others = booked.filter(
    (one) =>
      one.turn > now - REMEMBERED_MS &&
      // one that the environment will not use is given back
      (one.turn <= now || one.identity !== booking.identity || one.slug !== booking.slug),
  );
  return [...others, booking];
}
