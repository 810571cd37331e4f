import { nameOfIdentity } from '../../azure/arm-client.ts';
import { createHash } from 'node:crypto';

import { type OwnCredential, guardCredential } from '../ownership.ts';
import { type Look, MAX_CREDENTIALS, freeSlots, isReserved } from '../ledger/ledger.ts';
import type { Refusal } from '../../environment/model/guards.ts';

/** How one identity of the pool suits an environment. */
export interface Candidate {
  identityId: string;
  /** Of the environment's credentials, how many it holds already, and how many would be made. */
  present: number;
  missing: number;
  /** Whether the environment selected it before, and may have written there without learning of the answer. */
  isReserved: boolean;
  /** Slots left beside what is held and what others have reserved. */
  free: number;
  held: number;
}

/** An identity and what it holds, or is to hold, of one environment. */
export interface Part extends Candidate {
  name: string;
  owns: { own: OwnCredential; state: 'present' | 'missing' }[];
  /** When somebody last joined the waitlist because it was full. */
  contestedAt: number;
  /** By guard 5, for the first of the credentials that it holds against. */
  refused?: Refusal;
}

/** What putting these credentials of one environment on an identity would mean. */
export function toPart({ identityId, credentials, ledger }: Look, slug: string, owns: readonly OwnCredential[]): Part {
  const name = nameOfIdentity(identityId);
  const part: Part = {
    identityId,
    name,
    owns: [],
    present: 0,
    missing: 0,
    isReserved: isReserved(ledger, slug),
    free: freeSlots(ledger, slug),
    held: credentials.length,
    contestedAt: ledger.contestedAt ?? 0,
  };
  for (const own of owns) {
    const standing = guardCredential(credentials, own, name);
    if (standing.kind === 'refused') return { ...part, refused: standing.refusal };
    part.owns.push({ own, state: standing.kind });
    part[standing.kind] += 1;
  }
  return part;
}

/** Filter: identities with room. Score: what it holds or reserved already, then the hash, which spreads slugs evenly. */
export function selectCandidate<C extends Candidate>(slug: string, candidates: readonly C[]): C | undefined {
  return candidates
    .filter(({ missing, free }) => free >= missing)
    .map((candidate) => ({ candidate, weight: weigh(slug, candidate.identityId) }))
    .toSorted(
      (a, b) =>
        b.candidate.present - a.candidate.present ||
        Number(b.candidate.isReserved) - Number(a.candidate.isReserved) ||
        b.weight.localeCompare(a.weight),
    )[0]?.candidate;
}

/** Rendezvous hashing: the same slug prefers the same identities whatever the others hold, so choices need no coordination. */
function weigh(slug: string, identityId: string): string {
  return createHash('sha256').update(`${slug}\0${identityId.toLowerCase()}`).digest('hex');
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
