import type { Candidate } from '../choose.ts';
import { nameOfIdentity } from '../context.ts';
import { type OwnCredential, guardCredential } from '../ownership.ts';
import { type Look, freeSlots } from '../ledger/ledger.ts';
import type { Refusal } from '../../environment/refusal.ts';

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
