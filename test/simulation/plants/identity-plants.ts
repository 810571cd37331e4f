import type { Plant } from './plants.ts';

/** Faults of the identity layer: ledgers, reservations, lists, locks, and whose a credential is. */
export const IDENTITY_PLANTS: readonly Plant[] = [
  {
    name: 'reservations take no slot',
    file: 'identity/ledger/ledger.ts',
    from: 'for (const reservation of reservations) for (const name of reservation.names) names.add(name.toLowerCase());',
    to: 'if (reservations.length < 0) names.clear();',
  },
  {
    name: 'a slot is taken where none is free',
    file: 'identity/reserve.ts',
    from: 'fits = ledger.seen !== undefined && freeSlots(ledger, slug) >= names.length;',
    to: 'fits = ledger.seen !== undefined && freeSlots(ledger, slug) > -names.length;',
  },
  {
    name: 'a removal keeps its reservation',
    file: 'identity/remove.ts',
    from: 'if (wasReserved) await locks.change(identityId, (ledger) => withoutReservation(ledger, slug));',
    to: 'if (slug === "") await locks.change(identityId, (ledger) => withoutReservation(ledger, slug));',
  },
  {
    name: 'a credential that was written is not noted',
    file: 'identity/ledger/ledger.ts',
    from: 'return { ...seenBut(rest, credential.name, [credential]), writes: ledger.writes + 1 };',
    to: 'return { ...rest, writes: ledger.writes + 1 };',
  },
  {
    name: 'a write is sent after the process stood still',
    file: 'identity/writer/serialized-write.ts',
    from: 'if (lock.remainingMs() <= timeoutMs + MARGIN_MS)\n      throw refuse(`the lock of identity ${name} would not outlive a write`);\n    if (clock.now() > deadline + LATE_MS)',
    to: 'if (lock.remainingMs() <= -1e9 * (timeoutMs + MARGIN_MS) || deadline < LATE_MS)',
  },
  {
    name: 'a lock that others hold is taken for our own',
    file: 'identity/writer/identity-lock.ts',
    from: "if (leased?.kind === 'held') return leased.lease;",
    to: "if (leased?.kind === 'busy') return { id: '', remainingMs: () => 30_000, release: async () => undefined }; if (leased?.kind === 'held') return leased.lease;",
  },
  {
    name: 'the write guard is not asked before a credential is written',
    file: 'identity/writer/serialized-write.ts',
    from: 'if (wait !== undefined) return wait;',
    to: 'if (wait !== undefined && timeoutMs < 0) return wait;',
  },
  {
    name: 'a list is believed too long',
    file: 'identity/ledger/credential-list.ts',
    from: 'const SHARED_FOR_MS = 60_000;',
    to: 'const SHARED_FOR_MS = 600_000;',
  },
  {
    name: 'a list that was begun before a write undoes it in the ledger',
    file: 'identity/ledger/ledger.ts',
    from: 'if (ledger.writes !== list.writes) return ledger;\n  const credentials = withRecent(ledger, list);',
    to: 'const { credentials } = list;',
  },
  {
    name: 'a name is not read again under the lock before it is written',
    file: 'identity/ensure.ts',
    from: 'return toStanding(target, [...others, ...(now === undefined ? [] : [now])]);',
    to: 'return toStanding(target, now === undefined || others.length >= 0 ? credentials : [now]);',
  },
  {
    name: 'a credential is removed by its name alone',
    file: 'identity/remove.ts',
    from: 'if (now === undefined || !isOwnOf(now)) return now !== undefined;',
    to: 'if (now === undefined) return false;',
  },
  {
    name: 'whose a credential is, its name tells',
    file: 'identity/ownership.ts',
    from: 'return held.issuer === own.issuer && held.subject === own.subject && audience === own.audience && more.length === 0;',
    to: 'return held.issuer !== own.subject || audience === own.audience || more.length === 0;',
  },
  {
    name: 'a PUT without an answer is not looked for before a removal',
    file: 'identity/remove.ts',
    from: 'new Set([...shown, ...reserved])',
    to: 'new Set(seen.credentials.filter(isOwnOf).map(({ name }) => name))',
  },
  {
    name: 'the ETag of a ledger is ignored',
    file: 'storage/json-blob.ts',
    from: "conditions: etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag },",
    to: "conditions: etag === undefined && name === '' ? { ifNoneMatch: '*' } : {},",
  },
  {
    name: 'a list that lags behind a write undoes it in the ledger',
    file: 'identity/ledger/ledger.ts',
    from: '.filter((write) => write.at > at - LIST_LAG_MS)',
    to: '.filter((write) => write.at > at + LIST_LAG_MS * 1e9)',
  },
];
