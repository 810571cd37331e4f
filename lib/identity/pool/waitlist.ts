import type { IdentityContext } from '../context.ts';
import type { Ledger, Waiter } from '../ledger/ledger.ts';

/** The blob that holds the waitlist, beside those of the identities; renaming it discards the waitlist. */
const SCOPE = 'pool';
/** A waiting environment asks again within 30 s; one that has not for this long no longer waits. */
const ASKS_WITHIN_MS = 75_000;
/** How old the note on the identities may get while somebody waits. */
const NOTED_FOR_MS = 20_000;

/** How many have waited for a slot longer than this environment; all of them if it does not wait yet. */
export function countAhead(ledger: Ledger, slug: string, now: number): number {
  const list = waiters(ledger, now);
  const own = list.findIndex((one) => one.slug === slug);
  return own === -1 ? list.length : own;
}

/** Puts the environment at the end of the waitlist, or keeps its place, and drops those that stopped asking. */
export function withWaiter(ledger: Ledger, slug: string, now: number): Ledger {
  const list = waiters(ledger, now);
  const isIn = list.some((one) => one.slug === slug);
  const asked = list.map((one) => (one.slug === slug ? { ...one, at: now } : one));
  return { ...ledger, waiting: isIn ? asked : [...asked, { slug, at: now }] };
}

/**
 * How many have waited longer, if they would take all the room there is; 0 if the environment may take a slot. Only where
 * somebody found the pool full of late is the waitlist read at all: that saves a call for every first provision.
 */
export async function countBefore(
  { locks, clock }: IdentityContext,
  { slug, room }: { slug: string; room: { count: number; contestedAt: number } },
): Promise<number> {
  if (clock.now() - room.contestedAt > ASKS_WITHIN_MS) return 0;
  const ahead = countAhead(await locks.read(SCOPE), slug, clock.now());
  return ahead < room.count ? 0 : ahead;
}

/** Joins the waitlist, and notes on the identities that somebody waits for one of their slots. */
export async function joinWaitlist(
  { locks, clock }: IdentityContext,
  { slug, identities }: { slug: string; identities: readonly string[] },
): Promise<number> {
  const joined = locks.change(SCOPE, (now) => withWaiter(now, slug, clock.now()));
  const noted = identities.map((id) =>
    locks.change(id, (now) => {
      const isNoted = now.contestedAt !== undefined && clock.now() - now.contestedAt < NOTED_FOR_MS;
      return isNoted ? undefined : { ...now, contestedAt: clock.now() };
    }),
  );
  const [ledger] = await Promise.all([joined, Promise.all(noted)]);
  return countAhead(ledger, slug, clock.now());
}

export async function leaveWaitlist({ locks }: IdentityContext, slug: string): Promise<void> {
  await locks.change(SCOPE, (ledger) => {
    const list = ledger.waiting ?? [];
    const others = list.filter((one) => one.slug !== slug);
    return others.length === list.length ? undefined : { ...ledger, waiting: others };
  });
}

function waiters(ledger: Ledger, now: number): Waiter[] {
  return (ledger.waiting ?? []).filter(({ at }) => now - at <= ASKS_WITHIN_MS);
}
