import { isSameId } from '../azure/arm-client.ts';
import type { Change } from '../environment/ports/cluster.ts';
import type { CredentialRequest, ReserveResult, Reserved } from '../environment/ports/credentials.ts';
import { ProvisionerError } from '../errors.ts';
import { type IdentityContext, credentialObject } from './context.ts';
import { freeSlots, withReservation, withoutReservation, withoutSeen } from './ledger/ledger.ts';
import type { Part } from './pool/candidates.ts';
import { describeIdentity } from './pool/placement.ts';
import { type Selection, selectIdentity } from './pool/select.ts';
import { countBefore, joinWaitlist, leaveWaitlist } from './pool/waitlist.ts';

/** What renders where there is no identity to name. */
const NO_GUID = '00000000-0000-0000-0000-000000000000';
const MAX_ROUNDS = 5;
/** How long a reservation counts while no record names the identity: the environment writes its record within seconds. */
const IN_FLIGHT_MS = 60_000;
/** The same where records can't be asked. */
const UNASKED_MS = 3_600_000;

/** Selects an identity and takes its slots in the ledger, so that no two environments count on the same one. */
export async function reserve(context: IdentityContext, request: CredentialRequest): Promise<ReserveResult> {
  if (context.pool.length === 0) return { kind: 'reserved', reserved: withoutPool(request) };
  const { slug } = request;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const selection = await selectAgain(context, request);
    if (selection.kind === 'refused') return selection;
    if (selection.kind === 'full') {
      if (selection.isFree) await joinWaitlist(context, { slug, identities: selection.identities });
      return { kind: 'full', why: selection.why };
    }
    const { identityId, parts, room, warnings } = selection;
    if (room !== undefined && (await countBefore(context, { slug, room })) > 0)
      return { kind: 'full', why: await waitBehind(context, { slug, parts }) };
    if (!(await takeSlots(context, { slug, parts }))) continue;
    if (room?.contestedAt) await leaveWaitlist(context, slug);
    const described = await describeIdentity(context, identityId);
    const settled = toSettled(request, { parts, identityId });
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

/** What ensure would answer if it has nothing to write, by the same lists. */
function toSettled(
  { identity, former = [] }: CredentialRequest,
  { parts, identityId }: { parts: Part[]; identityId: string },
): Change[] | undefined {
  const stays = identity !== undefined && isSameId(identity, identityId) && former.length === 0;
  const isSettled = parts.every(({ missing, isReserved }) => missing === 0 && !isReserved);
  if (!stays || !isSettled || !parts.some((part) => part.identityId === identityId)) return undefined;
  return parts.flatMap((part) =>
    part.owns.map(({ own }): Change => ({
      object: credentialObject(part.identityId, own.name),
      action: 'unchanged',
    })),
  );
}

/** A free slot goes to the environment that has waited longest. */
async function waitBehind(context: IdentityContext, { slug, parts }: { slug: string; parts: Part[] }): Promise<string> {
  const ahead = await joinWaitlist(context, { slug, identities: parts.map(({ identityId }) => identityId) });
  return `waiting for a credential slot behind ${ahead} that ${ahead === 1 ? 'has' : 'have'} waited longer`;
}

function withoutPool({ wanted }: CredentialRequest): Reserved {
  const warning = 'WORKLOAD_IDENTITIES is empty: no federated credential was made, and nothing will open Key Vault';
  return { clientId: NO_GUID, tenantId: NO_GUID, warnings: wanted.length > 0 ? [warning] : [] };
}

/**
 * Before an environment waits, reservations of crashed ones are dropped; and an environment that never got a credential on
 * the identity in its record may move to another.
 */
async function selectAgain(context: IdentityContext, request: CredentialRequest): Promise<Selection> {
  let selection = await selectIdentity(context, request);
  if (selection.kind !== 'full') return selection;
  const dropped = await Promise.all(selection.identities.map((id) => dropOrphaned(context, id)));
  if (dropped.some(Boolean)) selection = await selectIdentity(context, request);
  if (selection.kind !== 'full' || selection.isFree || !selection.hasNone) return selection;
  const { identity, ...homeless } = request;
  const elsewhere = await selectIdentity(context, homeless);
  if (elsewhere.kind !== 'selected' || identity === undefined) return selection;
  // its PUT may have been sent all the same: the next look lists
  await context.locks.change(identity, (ledger) => withoutReservation(withoutSeen(ledger), request.slug));
  // a slot is taken by a list alone, and a literal client id may need one here all the same
  const isNeeded = elsewhere.parts.some((part) => isSameId(part.identityId, identity));
  return isNeeded ? selectIdentity(context, homeless) : elsewhere;
}

async function takeSlots(context: IdentityContext, { slug, parts }: { slug: string; parts: Part[] }): Promise<boolean> {
  const taken: string[] = [];
  for (const { identityId, owns } of parts) {
    const names = owns.filter(({ state }) => state === 'missing').map(({ own }) => own.name);
    if (names.length === 0) continue;
    let fits: boolean | undefined;
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

/** A reservation counts as long as its slug's record names this identity; so a crash loses no slot. */
async function dropOrphaned({ locks, clock, holds }: IdentityContext, identityId: string): Promise<boolean> {
  const { reservations } = await locks.read(identityId);
  const now = clock.now();
  const old = reservations.filter(({ at }) => now - at > (holds === undefined ? UNASKED_MS : IN_FLIGHT_MS));
  const kept = await Promise.all(
    old.map(({ slug }) => (holds === undefined ? Promise.resolve(false) : holds(slug, identityId))),
  );
  const gone = old.filter((_, index) => kept[index] !== true);
  if (gone.length === 0) return false;
  await locks.change(identityId, (ledger) => {
    // its PUT may have been sent all the same: the next look lists
    const rest = withoutSeen(ledger);
    const isGone = (one: { slug: string; at: number }) =>
      gone.some(({ slug, at }) => slug === one.slug && at === one.at);
    return { ...rest, reservations: rest.reservations.filter((one) => !isGone(one)) };
  });
  return true;
}
