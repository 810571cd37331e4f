import { MAX_CREDENTIALS } from './ledger/ledger.ts';

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
