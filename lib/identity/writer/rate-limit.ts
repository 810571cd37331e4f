import { ProvisionerError } from '../../errors.ts';
import { parseIdentityId } from '../../azure/arm-client.ts';
import { type IdentityContext, nameOfIdentity } from '../context.ts';
import type { Booking, Ledger, Pace, WriteKind } from '../ledger/ledger.ts';
import { THROTTLED_WAIT_MS } from '../../azure/arm-retry.ts';
import type { ArmFault } from '../../azure/arm-error.ts';

/** 0.25 writes of a kind per second on one identity, and a hair: one sent late must not bring the next one too early. */
export const IDENTITY_INTERVAL_MS = THROTTLED_WAIT_MS * 1.05;
/** 2 writes of a kind per second in one subscription; here one that is sent late is lost among the others. */
export const SUBSCRIPTION_INTERVAL_MS = 500 * 1.02;
/** So long after its last 429 a rate is kept to; then writes are sent at once again. */
export const PACED_FOR_MS = 5 * 60_000;
/** Clocks of instances agree better than this. */
const CLOCKS_WITHIN_MS = 60_000;
/** One write may be this much longer on its way than the next. */
const UNDERWAY_MS = 100;
/** Who was requeued comes again this long before its turn. */
const AHEAD_MS = 3_000;
/** And later by up to this for each other environment that waits for the identity: most would only be requeued again. */
const SPREAD_MS = 2_000;

export interface Write {
  identityId: string;
  kind: WriteKind;
  /** Of the environment that it is for. */
  slug: string;
}

/**
 * Books when this write is to be sent, where Azure has throttled others; undefined where it may be sent at once. Throws
 * `unavailable` where the turn would come after the deadline: it is not taken then, for one that nobody waits for is lost to
 * all.
 */
export async function takeTurn(
  context: IdentityContext,
  write: Write,
  { deadline, after = 0 }: { deadline: number; after?: number },
): Promise<number | undefined> {
  const { clock, locks } = context;
  const { identityId, kind, slug } = write;
  const { pace, reservations } = await locks.read(identityId);
  const own = pace[kind];
  let turn: number | undefined;
  await locks.change(subscriptionScope(identityId), (ledger) => {
    const now = clock.now();
    const paces = [own, ledger.pace[kind]].filter((pace) => isPaced(pace, now));
    turn = undefined;
    if (paces.length === 0) return undefined;
    const booked = ledger.booked?.[kind] ?? [];
    const from = Math.max(now, after + 1, ...paces.map(({ next }) => next));
    const identity = identityId.toLowerCase();
    turn = bookedTurn(booked, { identity, slug, from });
    if (turn !== undefined) return undefined;
    const subscriptionMs = isPaced(ledger.pace[kind], now) ? SUBSCRIPTION_INTERVAL_MS : 0;
    turn = findTurn(booked, { from, identity, subscriptionMs, identityMs: IDENTITY_INTERVAL_MS });
    if (turn > deadline) return undefined;
    return { ...ledger, booked: { ...ledger.booked, [kind]: withBooking(booked, { identity, slug, turn }, now) } };
  });
  if (turn !== undefined && turn > deadline) {
    const others = reservations.filter((one) => one.slug !== slug).length;
    throw tooLate(identityId, { waitMs: turn - clock.now(), spreadMs: others * SPREAD_MS * context.random() });
  }
  return turn;
}

/** Before when no writer of the identity may send; undefined while it needs no turn. For the holder of its lock. */
export async function readNext(
  { clock, locks }: IdentityContext,
  { identityId, kind }: Write,
): Promise<number | undefined> {
  const [own, all] = await Promise.all([identityId, subscriptionScope(identityId)].map((id) => locks.read(id)));
  const paces = [own, all].map((ledger) => ledger?.pace[kind]).filter((pace) => isPaced(pace, clock.now()));
  return paces.length === 0 ? undefined : Math.max(...paces.map(({ next }) => next));
}

/** One that was sent late keeps the next one of the identity, for all that it has its turn. */
export async function noteSent(
  { clock, locks }: Pick<IdentityContext, 'clock' | 'locks'>,
  { identityId, kind }: Write,
  sentAt: number,
): Promise<void> {
  await locks.change(identityId, (ledger) => {
    const pace = ledger.pace[kind];
    if (!isPaced(pace, clock.now())) return undefined;
    const next = Math.max(pace.next, sentAt + THROTTLED_WAIT_MS + UNDERWAY_MS);
    return { ...ledger, pace: { ...ledger.pace, [kind]: { ...pace, next } } };
  });
}

/** Leaves a turn to other identities, and asks for none of this one until its lock may be free. */
export async function giveBack({ clock, locks }: IdentityContext, write: Write, turn: number): Promise<void> {
  const { identityId, kind, slug } = write;
  await Promise.all([
    noteSent({ clock, locks }, write, clock.now()),
    locks.change(subscriptionScope(identityId), (ledger) => {
      const booked = ledger.booked?.[kind] ?? [];
      const others = booked.filter((one) => one.slug !== slug || one.turn !== turn);
      return { ...ledger, booked: { ...ledger.booked, [kind]: others } };
    }),
  ]);
}

/** One that ends later than any that is noted now was noted by a clock that is ahead, and would keep all others waiting. */
export function isPaced(pace: Pace | undefined, now: number): pace is Pace {
  return pace !== undefined && pace.until > now && pace.until < now + PACED_FOR_MS + CLOCKS_WITHIN_MS;
}

export function subscriptionScope(identityId: string): string {
  return `/subscriptions/${parseIdentityId(identityId).subscription}`;
}

function tooLate(identityId: string, { waitMs, spreadMs }: { waitMs: number; spreadMs: number }): ProvisionerError {
  const name = nameOfIdentity(identityId);
  return new ProvisionerError(
    'unavailable',
    `identity ${name}: its next write has its turn in ${Math.ceil(waitMs / 1000)} s, at the rate that Azure admits`,
    {
      object: `Identity/${name}`,
      retryAfterMs: Math.round(Math.max(0, waitMs - AHEAD_MS) + spreadMs),
    },
  );
}

/**
 * After a 429 the identity's rate holds for all its writers, and after a second one, whoever got the first, the
 * subscription's for all of its: many identities at their own rates together pass it.
 */
export async function slowDown(context: IdentityContext, { identityId, kind }: Write, fault: ArmFault): Promise<void> {
  const { clock, locks } = context;
  const now = clock.now();
  await locks.change(identityId, (ledger) =>
    withPace(ledger, { kind, now, wait: fault.retryAfterMs, intervalMs: IDENTITY_INTERVAL_MS }),
  );
  await locks.change(subscriptionScope(identityId), (ledger) => {
    const last = ledger.throttled?.[kind] ?? 0;
    const noted = { ...ledger, throttled: { ...ledger.throttled, [kind]: now } };
    if (now - last > PACED_FOR_MS) return noted;
    return withPace(noted, { kind, now, wait: fault.retryAfterMs, intervalMs: SUBSCRIPTION_INTERVAL_MS });
  });
}

function withPace(
  ledger: Ledger,
  options: { kind: WriteKind; now: number; wait: number | undefined; intervalMs: number },
): Ledger {
  const { kind, now, intervalMs, wait = intervalMs } = options;
  const before = ledger.pace[kind];
  const next = Math.max(now + wait, isPaced(before, now) ? before.next : 0);
  return { ...ledger, pace: { ...ledger.pace, [kind]: { next, intervalMs, until: now + PACED_FOR_MS } } };
}

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
