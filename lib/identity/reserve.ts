import { ProvisionerError } from '../errors.ts';
import { isSameId } from '../azure/arm-client.ts';
import { type IdentityContext, credentialObject } from './context.ts';
import { type Part, settlePick } from './pool/candidates.ts';
import { type Decision, decide } from './pool/select.ts';
import { freeSlots, withReservation, withoutReservation, withoutSeen } from './ledger/ledger.ts';
import { isTurnOf, joinLine, leaveLine } from './pool/waitlist.ts';
import { noteMove } from './remove.ts';
import { describeIdentity } from './pool/placement.ts';
import type { Change } from '../environment/ports/cluster.ts';
import type { CredentialRequest, Reserved, ReserveResult } from '../environment/ports/credentials.ts';

/** What renders where there is no identity to name. */
const NO_GUID = '00000000-0000-0000-0000-000000000000';
const MAX_ROUNDS = 5;
/** So long a reservation counts though no record names the identity yet: an environment in flight writes it soon. */
const IN_FLIGHT_MS = 60_000;
/** And so long where nobody can say what the records name. */
const UNASKED_MS = 3_600_000;

/** Chooses an identity and takes its slots in the ledger, so that no two environments count on one. */
export async function reserve(context: IdentityContext, request: CredentialRequest): Promise<ReserveResult> {
  if (context.pool.length === 0) return { kind: 'reserved', reserved: withoutPool() };
  try {
    return await choose(context, request);
  } finally {
    settlePick(context, request.slug);
  }
}

async function choose(context: IdentityContext, request: CredentialRequest): ReturnType<typeof reserve> {
  const { slug } = request;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const decision = await decideAgain(context, request);
    if ('refused' in decision) return { kind: 'refused', refusal: decision.refused };
    if ('full' in decision) {
      if (decision.isFree) await joinLine(context, slug);
      return { kind: 'full', why: decision.full };
    }
    const { identityId, parts, room, warnings } = decision;
    if (room !== undefined && !(await isTurnOf(context, { slug, room })))
      return { kind: 'full', why: await waitBehind(context, slug) };
    const isTaken = await takeSlots(context, { slug, parts });
    settlePick(context, slug);
    if (!isTaken) continue;
    await Promise.all([
      noteMove(context, { slug, from: request.identity, to: identityId }),
      room === undefined ? undefined : leaveLine(context, slug),
    ]);
    const described = await describeIdentity(context, identityId);
    const stays = request.identity !== undefined && isSameId(request.identity, identityId);
    const settled = stays ? toSettled(parts, identityId) : undefined;
    return {
      kind: 'reserved',
      reserved: { identity: identityId, ...described, warnings, ...(settled && { settled }) },
    };
  }
  throw new ProvisionerError('conflict', 'other environments take credential slots too fast', {
    object: 'Identity/pool',
    retryAfterMs: Math.round(1000 + context.random() * 4000),
  });
}

/** Nothing to write, by the same looks that grant would take. */
function toSettled(parts: Part[], home: string): Change[] | undefined {
  const isSettled = parts.every(({ missing, isReserved, isMoving }) => missing === 0 && !isReserved && !isMoving);
  if (!isSettled || !parts.some(({ identityId }) => identityId === home)) return undefined;
  return parts.flatMap(({ identityId, owns }) =>
    owns.map(({ own }): Change => ({ object: credentialObject(identityId, own.name), action: 'unchanged' })),
  );
}

/** A slot that falls free is for the one that has waited longest. */
async function waitBehind(context: IdentityContext, slug: string): Promise<string> {
  const ahead = await joinLine(context, slug);
  return `waiting for a credential slot behind ${ahead} that ${ahead === 1 ? 'has' : 'have'} waited longer`;
}

function withoutPool(): Reserved {
  const warning = 'WORKLOAD_IDENTITIES is empty: no federated credential was made, and nothing will open Key Vault';
  return { clientId: NO_GUID, tenantId: NO_GUID, warnings: [warning] };
}

/**
 * Before an environment waits, slots that crashed ones have reserved are given back; and one that never got a credential on
 * the identity that its record names is free to go to another.
 */
async function decideAgain(context: IdentityContext, request: CredentialRequest): Promise<Decision> {
  const asked = { ...request, picks: true };
  let decision = await decide(context, asked);
  if (!('full' in decision)) return decision;
  const dropped = await Promise.all(decision.fullIdentities.map((id) => dropVoid(context, id)));
  if (dropped.some(Boolean)) decision = await decide(context, asked);
  if (!('full' in decision) || decision.isFree || !decision.hasNone) return decision;
  const { identity, ...homeless } = asked;
  const elsewhere = await decide(context, homeless);
  if (!('parts' in elsewhere) || identity === undefined) return decision;
  // its PUT may have been sent all the same: the next look is a list
  await context.locks.change(identity, (ledger) => withoutReservation(withoutSeen(ledger), request.slug));
  return elsewhere;
}

async function takeSlots(context: IdentityContext, { slug, parts }: { slug: string; parts: Part[] }): Promise<boolean> {
  const taken: string[] = [];
  for (const { identityId, owns } of parts) {
    const names = owns.filter(({ state }) => state === 'missing').map(({ own }) => own.name);
    if (names.length === 0) continue;
    let fits = false;
    await context.locks.change(identityId, (ledger) => {
      fits = ledger.seen !== undefined && freeSlots(ledger, slug) >= names.length;
      return fits ? withReservation(ledger, { slug, names, at: context.clock.now() }) : undefined;
    });
    if (fits) taken.push(identityId);
    else {
      await Promise.all(taken.map((id) => context.locks.change(id, (ledger) => withoutReservation(ledger, slug))));
      return false;
    }
  }
  return true;
}

/** A reservation counts as long as its slug's record names this identity; a crash loses no slot. */
async function dropVoid({ locks, clock, holds }: IdentityContext, identityId: string): Promise<boolean> {
  const { reservations } = await locks.read(identityId);
  const now = clock.now();
  const old = reservations.filter(({ at }) => now - at > (holds === undefined ? UNASKED_MS : IN_FLIGHT_MS));
  const kept = await Promise.all(
    old.map(({ slug }) => (holds === undefined ? Promise.resolve(false) : holds(slug, identityId))),
  );
  const gone = old.filter((_, index) => kept[index] !== true);
  if (gone.length === 0) return false;
  await locks.change(identityId, (ledger) => {
    // its PUT may have been sent all the same: the next look is a list
    const rest = withoutSeen(ledger);
    const isGone = (one: { slug: string; at: number }) =>
      gone.some(({ slug, at }) => slug === one.slug && at === one.at);
    return { ...rest, reservations: rest.reservations.filter((one) => !isGone(one)) };
  });
  return true;
}
