import type { Ledger } from './ledger/ledger.ts';

/** The right to write to one identity, for as long as it lasts. */
export interface HeldLock {
  /** Ms until it may have ended, by our own clock and counted from before it was asked for. */
  remainingMs(): number;
}

/** What all instances of the app share of one identity. An id is an ARM id in any case, or any other word for a scope. */
export interface IdentityLocks {
  /**
   * Runs the work as the identity's only writer. Throws `conflict`, with the time after which to try again, where others
   * hold the lock longer than `withinMs`, 8 s when left out.
   */
  withLock<T>(identityId: string, work: (lock: HeldLock) => Promise<T>, options?: { withinMs?: number }): Promise<T>;
  /** The ledger as it is, an empty one where there is none. */
  read(identityId: string): Promise<Ledger>;
  /**
   * Changes the ledger as it is now, and again where another instance was quicker; `undefined` leaves it alone. Needs no
   * lock. Resolves to what it is afterwards.
   */
  change(identityId: string, change: (ledger: Ledger) => Ledger | undefined): Promise<Ledger>;
}
