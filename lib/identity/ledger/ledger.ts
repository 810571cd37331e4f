import type { HeldCredential, IdentityIds } from '../ownership.ts';

/** Credentials on one user-assigned identity. https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
export const MAX_CREDENTIALS = 20;

/** Slots that an environment will fill; noted before the PUT is sent, dropped once its outcome is known. */
export interface Reservation {
  slug: string;
  /** Of the credentials. */
  names: string[];
  /** Ms since the epoch. */
  at: number;
}

/** Azure answered 429: writes of a kind on this identity are spaced until `until`. */
export interface Rate {
  /** When the next write may be reserved for. */
  next: number;
  /** Azure's Retry-After: nothing is sent before, whatever was reserved. */
  notBefore: number;
  until: number;
}

export type WriteKind = 'put' | 'delete';

/** A write that Azure acknowledged, or whose result a read by name has shown. */
export interface OwnWrite {
  name: string;
  /** What is there since; absent where nothing is. */
  credential?: HeldCredential;
  /** Ms since the epoch. */
  at: number;
}

/** What all instances know of one identity: a JSON blob, changed by its ETag. */
export interface Ledger {
  v: 1;
  /** What the last list held, and our own writes since. */
  seen?: { at: number; credentials: HeldCredential[] };
  /** Our own writes of late: a list may not show them yet. */
  recent?: OwnWrite[];
  /** Client and tenant id, as ARM stated them. */
  ids?: IdentityIds & { at: number };
  /** Counts our own writes, so that a list begun before one does not undo it here. */
  writes: number;
  reservations: Reservation[];
  rates: Partial<Record<WriteKind, Rate>>;
  /** When an environment that found the pool full last joined the waitlist. */
  contestedAt?: number;
  /** In the pool's own blob: who waits for a slot, the longest first. */
  waiting?: Waiter[];
}

/** What an identity holds, as far as a caller may believe. */
export interface Look {
  identityId: string;
  ledger: Ledger;
  credentials: readonly HeldCredential[];
}

export interface Waiter {
  slug: string;
  /** When it last asked, in ms since the epoch. */
  at: number;
}

export function newLedger(): Ledger {
  return { v: 1, writes: 0, reservations: [], rates: {} };
}

/** Reads a ledger. One that cannot be read is started afresh: ARM itself enforces the limit. */
export function parseLedger(text: string | undefined): Ledger {
  if (text === undefined) return newLedger();
  try {
    const ledger = { ...newLedger(), ...(JSON.parse(text) as Partial<Ledger> | null) };
    const isWhole = ledger.v === 1 && Array.isArray(ledger.reservations) && isObject(ledger.rates);
    if (isWhole && ledger.seen !== null && text.trimStart().startsWith('{')) return ledger;
  } catch {
    // started afresh
  }
  return newLedger();
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/**
 * How many credentials fit beside those held and those reserved by others; the caller's own take no slot twice. Against an
 * environment's own reservation only earlier ones count: otherwise two could wait for each other forever.
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

export function isReserved({ reservations }: Ledger, slug: string): boolean {
  return reservations.some((one) => one.slug === slug);
}

/** Notes a list, unless one of us has written since it was begun. */
export function withSeen(ledger: Ledger, list: { at: number; writes: number; credentials: HeldCredential[] }): Ledger {
  if (ledger.writes !== list.writes) return ledger;
  const credentials = withRecent(ledger, list);
  const names = new Set(credentials.map(({ name }) => name));
  // an identity that was deleted and made again has lost its credentials and has another client id
  const hasLost = ledger.seen?.credentials.some(({ name }) => !names.has(name)) === true;
  const { ids, ...rest } = ledger;
  return { ...rest, ...(ids && !hasLost && { ids }), seen: { at: list.at, credentials } };
}

/** Lists may lag behind writes; reads by name do not. */
const LIST_LAG_MS = 30_000;

/** A list as it would be if it showed our own writes of late. */
export function withRecent(
  { recent = [] }: Ledger,
  { at, credentials }: { at: number; credentials: readonly HeldCredential[] },
): HeldCredential[] {
  return recent
    .filter((write) => write.at > at - LIST_LAG_MS)
    .reduce(
      (shown, { name, credential }) => [...without(shown, name), ...(credential === undefined ? [] : [credential])],
      [...credentials],
    );
}

/** Notes a write of ours for as long as a list may not show it. */
export function withWrite(ledger: Ledger, write: OwnWrite): Ledger {
  const others = (ledger.recent ?? []).filter(({ at }) => at > write.at - 2 * LIST_LAG_MS);
  return { ...ledger, recent: [...without(others, write.name), write] };
}

/** A read by name, begun at `askedAt`, found it missing: somebody else has removed what we wrote before. */
export function withoutWrites(ledger: Ledger, names: readonly string[], askedAt: number): Ledger | undefined {
  const kept = ledger.recent?.filter(({ name, at }) => at > askedAt || !names.includes(name));
  return kept === undefined || kept.length === ledger.recent?.length ? undefined : { ...ledger, recent: kept };
}

function without<T extends { name: string }>(ones: readonly T[], name: string): T[] {
  return ones.filter((one) => one.name.toLowerCase() !== name.toLowerCase());
}

/** Forces the next look to list. */
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

/** Azure acknowledged the credential, or it was there: its slot is taken and no longer reserved. */
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
  return { ...ledger, seen: { ...ledger.seen, credentials: [...without(ledger.seen.credentials, name), ...added] } };
}
