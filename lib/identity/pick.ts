import { isSameId } from './arm-id.ts';
import type { AccessContext, Pick } from './context.ts';
import type { Look } from './ledger/ledger.ts';

/** Longer than any look takes that may lack it. */
const KEPT_MS = 60_000;

/** Tells choices that go by a ledger of before it of this one. */
export function notePick({ picks, clock }: AccessContext, { slug, identityId }: Omit<Pick, 'at'>): void {
  const at = clock.now();
  const others = picks.filter((pick) => at - pick.at < KEPT_MS && pick.slug !== slug);
  picks.splice(0, picks.length, ...others, { slug, identityId, at });
}

/** The ledger holds the reservation by now, or there will be none. */
export function settlePick({ picks, clock }: AccessContext, slug: string): void {
  for (const pick of picks) if (pick.slug === slug) pick.notedAt ??= clock.now();
}

/** How many other environments were sent to this identity that its ledger, as it was read, lacks. */
export function countPicks({ picks }: AccessContext, { slug, look }: { slug: string; look: Look }): number {
  const { identityId, ledger, readAt } = look;
  const isNoted = (pick: Pick): boolean => ledger.reservations.some((one) => one.slug === pick.slug);
  return picks.filter(
    (pick) =>
      pick.slug !== slug &&
      isSameId(pick.identityId, identityId) &&
      (pick.notedAt === undefined || pick.notedAt > readAt) &&
      !isNoted(pick),
  ).length;
}
