import type { HeldCredential } from '../ownership.ts';

/** Credentials on one user-assigned identity. https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
export const MAX_CREDENTIALS = 20;

/** Slots that an environment will fill; written before the PUT is sent, and gone once its outcome is known. */
export interface Reservation {
  slug: string;
  /** Of the credentials. */
  names: string[];
  /** Ms since the epoch. */
  at: number;
}

/** Azure said 429: until `until` no writer sends before `next`, nor sooner than `intervalMs` after another. */
export interface Pace {
  next: number;
  intervalMs: number;
  until: number;
}

/** The moment at which an environment will send a write. */
export interface Booking {
  /** ARM id, in lower case. */
  identity: string;
  slug: string;
  turn: number;
}

export type WriteKind = 'put' | 'delete';

/** What all instances know of one identity: a JSON blob, changed by its ETag. */
export interface Ledger {
  v: 1;
  /** What it held when it was listed last, and our own writes since. */
  seen?: { at: number; credentials: HeldCredential[] };
  /** When an instance last set about listing it: the others wait for what it finds. */
  listing?: number;
  /** Counts our own writes, so that a list taken before one does not undo it here. */
  writes: number;
  reservations: Reservation[];
  pace: Partial<Record<WriteKind, Pace>>;
  /** As ARM stated them at `at`; an identity that is made again under its old name has others. */
  described?: Described;
  /** Environments that came here from an identity outside the pool, where credentials of theirs may be left. */
  moves?: { slug: string; from: string }[];
  /** In a subscription's own blob: when Azure last said 429. */
  throttled?: Partial<Record<WriteKind, number>>;
  /** In a subscription's own blob: who writes when, in any order. */
  booked?: Partial<Record<WriteKind, Booking[]>>;
  /** In the pool's own blob: who waits for a slot, the longest first. */
  waiting?: Waiter[];
}

/** What an identity holds, as somebody who looked may believe. */
export interface Look {
  identityId: string;
  ledger: Ledger;
  /** When reading the ledger began. */
  readAt: number;
  credentials: readonly HeldCredential[];
}

export interface Described {
  at: number;
  clientId: string;
  tenantId: string;
}

export interface Waiter {
  slug: string;
  /** When it asked last, in ms since the epoch. */
  at: number;
}

export function newLedger(): Ledger {
  return { v: 1, writes: 0, reservations: [], pace: {} };
}

/** Reads a ledger; one that can't be read is begun again, since ARM itself holds the limit. */
export function parseLedger(text: string): Ledger {
  try {
    const ledger = JSON.parse(text) as Partial<Ledger> | null;
    const isWhole =
      ledger?.v === 1 && Array.isArray(ledger.reservations) && ledger.pace !== null && ledger.seen !== null;
    if (isWhole) return { ...newLedger(), ...ledger };
  } catch {
    // begun again
  }
  return newLedger();
}

/**
 * How many credentials fit beside those held and those reserved by others; the caller's own take no slot twice. What it has
 * reserved itself, only those count against that did so before: two that wait for each other would wait for good.
 */
export function freeSlots(ledger: Ledger, slug: string): number {
  const own = ledger.reservations.find((one) => one.slug === slug);
  const others = ledger.reservations.filter((one) => one !== own);
  const free = countFree(ledger, others);
  if (own === undefined) return free;
  const earlier = others.filter(({ at, slug: other }) => at < own.at || (at === own.at && other < slug));
  return Math.max(free, Math.min(own.names.length, countFree(ledger, earlier)));
}

function countFree({ seen }: Ledger, reservations: readonly Reservation[]): number {
  const names = new Set(seen?.credentials.map(({ name }) => name.toLowerCase()));
  for (const reservation of reservations) for (const name of reservation.names) names.add(name.toLowerCase());
  return MAX_CREDENTIALS - names.size;
}

/** Notes a list, unless one of us has written since it was begun. */
export function withSeen(ledger: Ledger, list: { at: number; writes: number; credentials: HeldCredential[] }): Ledger {
  const { listing, ...rest } = ledger;
  if (ledger.writes !== list.writes) return listing === list.at ? rest : ledger;
  return { ...rest, seen: { at: list.at, credentials: list.credentials } };
}

/** Makes the next look a list. */
export function withoutSeen(ledger: Ledger): Ledger {
  const { seen, ...rest } = ledger;
  return seen === undefined ? ledger : { ...rest, writes: ledger.writes + 1 };
}

export function withReservation(ledger: Ledger, reservation: Reservation): Ledger {
  const others = ledger.reservations.filter(({ slug }) => slug !== reservation.slug);
  return { ...ledger, reservations: reservation.names.length === 0 ? others : [...others, reservation] };
}

export function withoutReservation(ledger: Ledger, slug: string): Ledger {
  return { ...ledger, reservations: ledger.reservations.filter((reservation) => reservation.slug !== slug) };
}

/** Azure acknowledged the credential, or it was there: its slot is taken, no longer reserved. */
export function withCredential(ledger: Ledger, slug: string, credential: HeldCredential): Ledger {
  const own = ledger.reservations.find((reservation) => reservation.slug === slug);
  const names = own?.names.filter((name) => name !== credential.name) ?? [];
  const rest = own === undefined ? ledger : withReservation(ledger, { ...own, names });
  return { ...seenBut(rest, credential.name, [credential]), writes: ledger.writes + 1 };
}

/** Azure removed the credential, or it was absent. */
export function withoutCredential(ledger: Ledger, name: string): Ledger {
  return { ...seenBut(ledger, name, []), writes: ledger.writes + 1 };
}

function seenBut(ledger: Ledger, name: string, added: HeldCredential[]): Ledger {
  if (ledger.seen === undefined) return ledger;
  const others = ledger.seen.credentials.filter((held) => held.name.toLowerCase() !== name.toLowerCase());
  return { ...ledger, seen: { ...ledger.seen, credentials: [...others, ...added] } };
}
