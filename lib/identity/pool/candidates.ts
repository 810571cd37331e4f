import { type IdentityContext, type Pick, nameOfIdentity } from '../context.ts';
import { type OwnCredential, guardCredential } from '../ownership.ts';
import { type Look, MAX_CREDENTIALS, freeSlots } from '../ledger/ledger.ts';
import type { Refusal } from '../../environment/model/record.ts';
import { isSameId } from '../../azure/arm-client.ts';

/** An identity and what it holds, or is to hold, of one environment. */
export interface Part extends Candidate {
  name: string;
  owns: { own: OwnCredential; state: 'present' | 'missing' }[];
  /** Whether credentials may be left on an identity that the environment came from. */
  isMoving: boolean;
  /** By guard 5, for the first of the credentials that it holds against. */
  refused?: Refusal;
}

/** What would come of putting these credentials of one environment on an identity. */
export function appraise(look: Look, slug: string, owns: readonly OwnCredential[]): Part {
  const { identityId, credentials, ledger } = look;
  const name = nameOfIdentity(identityId);
  const part: Part = {
    identityId,
    name,
    owns: [],
    isMoving: ledger.moves?.some((move) => move.slug === slug) === true,
    present: 0,
    missing: 0,
    isReserved: ledger.reservations.some((one) => one.slug === slug),
    free: freeSlots(ledger, slug),
    picked: 0,
    held: credentials.length,
  };
  for (const own of owns) {
    const state = guardCredential(credentials, own, name);
    if (typeof state === 'object') return { ...part, refused: state.refused };
    part.owns.push({ own, state });
    part[state]++;
  }
  return part;
}

/** How one identity of the pool would do for an environment. */
export interface Candidate {
  identityId: string;
  /** Of the environment's credentials, how many it holds already, and how many would be made. */
  present: number;
  missing: number;
  /** Whether it chose this one before, and may have written there without learning of the answer. */
  isReserved: boolean;
  /** Slots left beside what is held and what others have reserved. */
  free: number;
  /** Environments that this process is sending there, and whose reservations are not to be seen yet. */
  picked: number;
  held: number;
}

/**
 * The identity that holds or reserves the environment's credentials already, else the one with most free slots; ties by pool
 * order. Those picked at the same time count: a burst would fill one identity and leave another idle.
 */
export function chooseIdentity<C extends Candidate>(candidates: readonly C[]): C | undefined {
  return candidates
    .filter(({ missing, free }) => free >= missing)
    .toSorted(
      (a, b) =>
        b.present - a.present ||
        Number(b.isReserved) - Number(a.isReserved) ||
        b.free - b.picked * b.missing - (a.free - a.picked * a.missing),
    )[0];
}

/** Why none fits, with the counts. */
export function describeFull(candidates: readonly (Candidate & { name: string })[]): string {
  const needed = Math.max(...candidates.map(({ missing }) => missing));
  const counts = candidates.map(({ name, held, free }) => {
    const reserved = MAX_CREDENTIALS - free - held;
    return `${name} holds ${held} of ${MAX_CREDENTIALS}${reserved > 0 ? ` and has ${reserved} reserved` : ''}`;
  });
  return (
    `waiting for ${needed === 1 ? 'a credential slot' : `${needed} credential slots on one identity`}: ` +
    `${counts.join(', ')}; it goes on when one falls free, or when WORKLOAD_IDENTITIES names another identity`
  );
}

/** Longer than any look takes that may lack it. */
const KEPT_MS = 60_000;

/** Tells choices that go by a ledger of before it of this one. */
export function notePick({ picks, clock }: IdentityContext, { slug, identityId }: Omit<Pick, 'at'>): void {
  const at = clock.now();
  const others = picks.filter((pick) => at - pick.at < KEPT_MS && pick.slug !== slug);
  picks.splice(0, picks.length, ...others, { slug, identityId, at });
}

/** The ledger holds the reservation by now, or there will be none. */
export function settlePick({ picks, clock }: IdentityContext, slug: string): void {
  for (const pick of picks) if (pick.slug === slug) pick.notedAt ??= clock.now();
}

/** How many other environments were sent to this identity that its ledger, as it was read, lacks. */
export function countPicks({ picks }: IdentityContext, { slug, look }: { slug: string; look: Look }): number {
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
