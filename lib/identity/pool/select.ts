import { nameOfIdentity } from '../../azure/arm-client.ts';
import { toLogFields } from '../../errors.ts';
import { type Part, describeFull, selectCandidate, toPart } from './candidates.ts';
import type { IdentityContext } from '../context.ts';
import type { OwnCredential } from '../ownership.ts';
import { type LookOptions, lookAt } from '../ledger/credential-list.ts';
import type { Look } from '../ledger/ledger.ts';
import { inPool, placeCredentials } from './placement.ts';
import type { Refusal } from '../../environment/model/guards.ts';
import type { CredentialRequest, WantedCredential } from '../../environment/ports/credentials.ts';

export interface FullPool {
  kind: 'full';
  why: string;
  identities: string[];
  /** Whether any identity of the pool would do. */
  isFree: boolean;
  /** Whether the environment holds none of its credentials on any of those that are full. */
  hasNone: boolean;
}

export interface Selected {
  kind: 'selected';
  identityId: string;
  parts: Part[];
  warnings: string[];
  /** Where new slots are taken: how many environments like this one fit the pool, and when somebody last found it full. */
  room?: { count: number; contestedAt: number };
}

export type Selection = { kind: 'refused'; refusal: Refusal } | FullPool | Selected;

/** How old a list may be, in ms, to refuse a request or let it wait; Azure admits one list in 4 s (FACTS A8). */
const NO_WITHIN_MS = 10_000;
/**
 * How old the ledgers may be that an identity is selected by: reading all of them again would cost each first provision a
 * call per identity. The slot itself is taken by the ETag of the newest one.
 */
const SELECT_WITHIN_MS = 20_000;

/** Guard 5 and the selection of an identity, over a pool that is not empty. Reads only. */
export async function selectIdentity(context: IdentityContext, request: CredentialRequest): Promise<Selection> {
  const selection = await selectFrom(context, request, { ledgerAgeMs: SELECT_WITHIN_MS });
  return selection.kind === 'selected' ? selection : selectFrom(context, request, { maxAgeMs: NO_WITHIN_MS });
}

async function selectFrom(
  context: IdentityContext,
  request: CredentialRequest,
  options: LookOptions,
): Promise<Selection> {
  const { slug } = request;
  const issuer = await context.issuer();
  const { floating, fixed, warnings } = await placeCredentials(context, request.wanted);
  const kept = inPool(context, request.identity);
  const isFree = kept === undefined && floating.length > 0;
  const first = kept ?? fixed[0]?.identityId ?? context.pool[0] ?? '';
  const named = fixed.map(({ identityId }) => identityId);
  const bound = isFree || floating.length === 0 ? named : [first, ...named];
  const candidates = isFree ? context.pool : [];
  const looks = await lookAtAll(context, { candidates, bound: [...new Set(bound)], options });

  const ownsOn = (identityId: string, withFloating: boolean) =>
    [
      ...(withFloating ? floating : []),
      ...fixed.filter((one) => one.identityId === identityId).map(({ wanted }) => wanted),
    ].map((wanted) => toOwn(issuer, wanted));
  const parts = looks.bound.map((look) =>
    toPart(look, slug, ownsOn(look.identityId, !isFree && look.identityId === first)),
  );
  const refusal = parts.find((part) => part.refused !== undefined)?.refused;
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const tooFull = parts.filter(({ missing, free }) => missing > free);
  if (tooFull.length > 0) return toFull(tooFull, false);
  if (!isFree) return { kind: 'selected', identityId: first, parts, warnings };
  return selectHome(
    slug,
    looks.candidates.map((look) => toPart(look, slug, ownsOn(look.identityId, true))),
    { parts, warnings },
  );
}

function selectHome(
  slug: string,
  candidates: Part[],
  { parts, warnings }: { parts: Part[]; warnings: string[] },
): Selection {
  const admitted = candidates.filter((part) => part.refused === undefined);
  const refusal = candidates.find((part) => part.refused !== undefined)?.refused;
  if (admitted.length === 0 && refusal !== undefined) return { kind: 'refused', refusal };
  const home = selectCandidate(slug, admitted);
  if (home === undefined) return toFull(admitted, true);
  const { identityId } = home;
  const others = parts.filter((part) => part.identityId !== identityId);
  const selected: Selected = { kind: 'selected', identityId, parts: [home, ...others], warnings };
  if (home.missing === 0) return selected;
  return {
    ...selected,
    room: { count: countRoom(admitted), contestedAt: Math.max(...admitted.map((part) => part.contestedAt)) },
  };
}

export function toOwn(issuer: string, { name, subject, audience }: WantedCredential): OwnCredential {
  return { name, issuer, subject, audience };
}

/** A candidate that cannot be read is left out while there are others; an identity that must be written is needed. */
async function lookAtAll(
  context: IdentityContext,
  { candidates, bound, options }: { candidates: readonly string[]; bound: readonly string[]; options: LookOptions },
): Promise<{ candidates: Look[]; bound: Look[] }> {
  const ids = [...new Set([...bound, ...candidates])];
  const settled = await Promise.allSettled(ids.map((id) => lookAt(context, id, options)));
  const looks = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const pick = (wanted: readonly string[]) =>
    wanted.flatMap((id) => looks.find(({ identityId }) => identityId === id) ?? []);
  const found = { candidates: pick(candidates), bound: pick(bound) };
  for (const [index, one] of settled.entries()) {
    if (one.status === 'fulfilled') continue;
    if (found.bound.length < bound.length || found.candidates.length === 0) throw one.reason;
    const identity = nameOfIdentity(ids[index] ?? '');
    context.log.warn('an identity of the pool cannot be read', { identity, ...toLogFields(one.reason) });
  }
  return found;
}

function countRoom(parts: Part[]): number {
  return parts.reduce((sum, { free, missing }) => sum + Math.floor(Math.max(0, free) / Math.max(1, missing)), 0);
}

function toFull(parts: Part[], isFree: boolean): FullPool {
  return {
    kind: 'full',
    why: describeFull(parts),
    identities: parts.map(({ identityId }) => identityId),
    isFree,
    hasNone: parts.every(({ present }) => present === 0),
  };
}
