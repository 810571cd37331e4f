import { toLogFields } from '../../errors.ts';
import { type Part, appraise, chooseIdentity, countPicks, describeFull, notePick } from './candidates.ts';
import { type IdentityContext, nameOfIdentity } from '../context.ts';
import type { OwnCredential } from '../ownership.ts';
import { type LookOptions, lookAt } from '../ledger/credential-list.ts';
import type { Look } from '../ledger/ledger.ts';
import { inPool, placeCredentials } from './placement.ts';
import type { Refusal } from '../../environment/model/record.ts';
import type { CredentialRequest, WantedCredential } from '../../environment/ports/credentials.ts';

export type Decision =
  | { refused: Refusal }
  | {
      full: string;
      fullIdentities: string[];
      /** Whether any identity of the pool would do. */
      isFree: boolean;
      /** Whether it holds none of its credentials on any of those that are full. */
      hasNone: boolean;
    }
  | {
      identityId: string;
      parts: Part[];
      warnings: string[];
      /** How many environments like this one the pool has room for; absent where its identity is settled. */
      room?: number;
    };

/** Before anybody is told no, a list must be this young, in ms; Azure admits one in 4 s (FACTS A8). */
const NO_WITHIN_MS = 10_000;

interface Asked extends CredentialRequest {
  /** Whether an identity that is chosen will be taken at once: choices at the same time then count it. */
  picks?: boolean;
}

/** Guard 5 and the choice of an identity, over a pool that is not empty. Reads only. */
export async function decide(context: IdentityContext, request: Asked): Promise<Decision> {
  const decision = await decideOn(context, request, {});
  return 'parts' in decision ? decision : decideOn(context, request, { maxAgeMs: NO_WITHIN_MS });
}

async function decideOn(context: IdentityContext, request: Asked, options: LookOptions): Promise<Decision> {
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
    appraise(look, slug, ownsOn(look.identityId, !isFree && look.identityId === first)),
  );
  const refused = parts.find((part) => part.refused !== undefined)?.refused;
  if (refused !== undefined) return { refused };
  const tooFull = parts.filter(({ missing, free }) => missing > free);
  if (tooFull.length > 0) return toFull(tooFull, false);
  if (!isFree) return { identityId: first, parts, warnings };

  const appraised = looks.candidates.map((look) => ({
    ...appraise(look, slug, ownsOn(look.identityId, true)),
    picked: countPicks(context, { slug, look }),
  }));
  const admitted = appraised.filter((part) => part.refused === undefined);
  const refusal = appraised.find((part) => part.refused !== undefined)?.refused;
  if (admitted.length === 0 && refusal !== undefined) return { refused: refusal };
  const home = chooseIdentity(admitted);
  if (home === undefined) return toFull(admitted, true);
  if (request.picks === true) notePick(context, { slug, identityId: home.identityId });
  const others = parts.filter(({ identityId }) => identityId !== home.identityId);
  const found = { identityId: home.identityId, parts: [home, ...others], warnings };
  return home.missing === 0 ? found : { ...found, room: countRoom(admitted) };
}

export function toOwn(issuer: string, { name, subject, audience }: WantedCredential): OwnCredential {
  return { name, issuer, subject, audience };
}

/** A candidate that can't be read is left out while there are others; an identity that must be written is needed. */
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
    context.log.warn('an identity of the pool can not be read', { identity, ...toLogFields(one.reason) });
  }
  return found;
}

function countRoom(parts: Part[]): number {
  return parts.reduce((sum, { free, missing }) => sum + Math.floor(Math.max(0, free) / Math.max(1, missing)), 0);
}

function toFull(parts: Part[], isFree: boolean): Decision {
  return {
    full: describeFull(parts),
    fullIdentities: parts.map(({ identityId }) => identityId),
    isFree,
    hasNone: parts.every(({ present }) => present === 0),
  };
}
