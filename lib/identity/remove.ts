import { ProvisionerError } from '../errors.ts';
import { type ArmFault, readArmFault, saysAbsent } from '../azure/arm-error.ts';
import { type IdentityContext, credentialObject, nameOfIdentity } from './context.ts';
import { ownOf, subjectPrefix } from './ownership.ts';
import { inTurn } from './writer/serialized-write.ts';
import { type Look, withoutCredential, withoutReservation } from './ledger/ledger.ts';
import { lookAt, readCredential } from './ledger/credential-list.ts';
import { slowDown } from './writer/rate-limit.ts';
import { retrying } from '../azure/arm-retry.ts';
import type { WriteGuard, Change } from '../environment/ports/cluster.ts';
import { isSameId } from '../azure/arm-client.ts';
import { inPool } from './pool/placement.ts';
import { leaveLine } from './pool/waitlist.ts';
import { settleAll } from '../concurrency.ts';
import type { CredentialRequest } from '../environment/ports/credentials.ts';

interface RevokeOn {
  identityId: string;
  request: CredentialRequest;
  writeGuard: WriteGuard;
}

/** Removes the environment's credentials from one identity, of the pool or not. */
export async function revokeOn(
  context: IdentityContext,
  { identityId, request, writeGuard }: RevokeOn,
): Promise<Change[]> {
  const { identities, locks } = context;
  const { slug } = request;
  const isOwnOf = ownOf(request, await context.issuer());
  const seen = await lookUnlessGone(context, identityId);
  if (seen === undefined || (!isReserved(seen, slug) && !seen.credentials.some(isOwnOf))) return [];
  const write = { identityId, kind: 'delete', slug } as const;
  const options = {
    object: `Identity/${nameOfIdentity(identityId)}`,
    onThrottled: async (fault: ArmFault) => {
      await slowDown(context, write, fault);
      return true;
    },
  };
  const sent = new Set<string>();
  const used = { turn: 0 };
  return retrying(context, options, async (deadline) => {
    // a reservation that is left over may have been sent: only a list tells, once no writer is at it
    const look = isReserved(seen, slug)
      ? await locks.withLock(identityId, () => lookAt(context, identityId, { deadline, maxAgeMs: 0 }))
      : await lookAt(context, identityId, { deadline });
    for (const { name } of look.credentials.filter(isOwnOf)) {
      await inTurn(
        context,
        { write, writeGuard, deadline, used },
        {
          async work(gate) {
            // others may have put theirs under the name since
            const now = await readCredential(context, { identityId, name, deadline });
            if (now === undefined || !isOwnOf(now)) return;
            sent.add(name);
            await identities.remove(identityId, name, gate);
          },
        },
      );
      await locks.change(identityId, (ledger) => withoutCredential(ledger, name));
    }
    await locks.change(identityId, (ledger) => withoutReservation(ledger, slug));
    return [...sent].map((name) => ({ object: credentialObject(identityId, name), action: 'deleted' as const }));
  });
}

function isReserved({ ledger }: Look, slug: string): boolean {
  return ledger.reservations.some((one) => one.slug === slug);
}

/** An identity that is gone took its credentials with it. */
export async function lookUnlessGone(context: IdentityContext, identityId: string): Promise<Look | undefined> {
  try {
    return await lookAt(context, identityId);
  } catch (error) {
    const cause = error instanceof ProvisionerError ? error.cause : undefined;
    if (saysAbsent(readArmFault(cause, 0))) return undefined;
    throw error;
  }
}

/** Notes on the new identity that the environment leaves one which was taken out of the pool; the record forgets it. */
export async function noteMove(
  context: IdentityContext,
  { slug, from, to }: { slug: string; from: string | undefined; to: string },
): Promise<void> {
  if (from === undefined || isSameId(from, to) || inPool(context, from) !== undefined) return;
  await context.locks.change(to, (ledger) => {
    const others = (ledger.moves ?? []).filter((move) => move.slug !== slug || !isSameId(move.from, from));
    return { ...ledger, moves: [...others, { slug, from }] };
  });
}

/** Removes what stayed behind: once the new credentials are there, or with them. */
export async function finishMoves(
  context: IdentityContext,
  { request, identityId, writeGuard }: { request: CredentialRequest; identityId: string; writeGuard: WriteGuard },
): Promise<Change[]> {
  const { slug } = request;
  const moves = ((await context.locks.read(identityId)).moves ?? []).filter((move) => move.slug === slug);
  const changes: Change[] = [];
  for (const { from } of moves) {
    // one that came back into the pool holds credentials of its own right
    if (inPool(context, from) === undefined)
      changes.push(...(await revokeOn(context, { identityId: from, request, writeGuard })));
    await context.locks.change(identityId, (ledger) => ({
      ...ledger,
      moves: (ledger.moves ?? []).filter((move) => move.slug !== slug || !isSameId(move.from, from)),
    }));
  }
  return changes;
}

/** Removes what is exactly this environment's, and nothing else ever; absent is success. */
export async function revoke(
  context: IdentityContext,
  request: CredentialRequest,
  writeGuard: WriteGuard,
): Promise<Change[]> {
  const [ids] = await Promise.all([placesOf(context, request), leaveLine(context, request.slug)]);
  const changes = await settleAll(ids.map((identityId) => revokeOn(context, { identityId, request, writeGuard })));
  const home = inPool(context, request.identity);
  if (home === undefined) return changes;
  return [...changes, ...(await finishMoves(context, { request, identityId: home, writeGuard }))];
}

/** What revoke would remove. Reads only. */
export async function findOwn(context: IdentityContext, request: CredentialRequest): Promise<Change[]> {
  const isOwnOf = ownOf(request, await context.issuer());
  const ids = await placesOf(context, request);
  return settleAll(
    ids.map(async (identityId) => {
      const { credentials } = (await lookUnlessGone(context, identityId)) ?? { credentials: [] };
      const own = credentials.filter(isOwnOf);
      return own.map(({ name }) => ({ object: credentialObject(identityId, name), action: 'deleted' as const }));
    }),
  );
}

/**
 * Identities that may hold credentials of the environment: the one that its record names, in the pool or not, and those
 * whose ledgers mention its namespace (for a literal client id); without one, all of the pool.
 */
async function placesOf(
  context: IdentityContext,
  { identity, namespace, slug }: CredentialRequest,
): Promise<readonly string[]> {
  if (identity === undefined) return context.pool;
  const others = context.pool.filter((one) => !isSameId(one, identity));
  const ledgers = await Promise.all(others.map((one) => context.locks.read(one)));
  const prefix = subjectPrefix(namespace);
  const mentioned = others.filter((_, index) => {
    const { seen, reservations = [] } = ledgers[index] ?? {};
    const isSeen = seen?.credentials.some(({ subject }) => subject.startsWith(prefix)) === true;
    return isSeen || reservations.some((one) => one.slug === slug);
  });
  return [identity, ...mentioned];
}
