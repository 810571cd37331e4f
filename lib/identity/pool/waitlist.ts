import type { IdentityContext } from '../context.ts';
import type { Ledger, Waiter } from '../ledger/ledger.ts';

/** The blob that the line is kept in, beside those of the identities; another word lets everybody begin again. */
const SCOPE = 'pool';
/** Who waits asks again within 30 s; who hasn't for this long waits no more. */
const ASKS_WITHIN_MS = 75_000;

/** How many wait for a slot of the pool longer than this environment; the others of the line if it does not wait yet. */
export function countAhead(ledger: Ledger, slug: string, now: number): number {
  const line = waiters(ledger, now);
  const own = line.findIndex((one) => one.slug === slug);
  return own === -1 ? line.length : own;
}

/** Puts the environment at the end of the line, or keeps it at its place, and drops who asks no more. */
export function withWaiter(ledger: Ledger, slug: string, now: number): Ledger {
  const line = waiters(ledger, now);
  const isIn = line.some((one) => one.slug === slug);
  const asked = line.map((one) => (one.slug === slug ? { ...one, at: now } : one));
  return { ...ledger, waiting: isIn ? asked : [...asked, { slug, at: now }] };
}

/** Whether as many slots are left as environments have waited longer, and one more. */
export async function isTurnOf(
  context: IdentityContext,
  { slug, room }: { slug: string; room: number },
): Promise<boolean> {
  const ledger = await context.locks.read(SCOPE);
  return countAhead(ledger, slug, context.clock.now()) < room;
}

export async function joinLine({ locks, clock }: IdentityContext, slug: string): Promise<number> {
  const ledger = await locks.change(SCOPE, (now) => withWaiter(now, slug, clock.now()));
  return countAhead(ledger, slug, clock.now());
}

export async function leaveLine({ locks }: IdentityContext, slug: string): Promise<void> {
  await locks.change(SCOPE, (ledger) => {
    const line = ledger.waiting ?? [];
    const others = line.filter((one) => one.slug !== slug);
    return others.length === line.length ? undefined : { ...ledger, waiting: others };
  });
}

function waiters(ledger: Ledger, now: number): Waiter[] {
  return (ledger.waiting ?? []).filter(({ at }) => now - at <= ASKS_WITHIN_MS);
}
