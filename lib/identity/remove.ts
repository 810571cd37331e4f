import { isSameId, nameOfIdentity } from '../azure/arm-client.ts';
import { MAX_WAIT_MS, retrying } from '../azure/arm-retry.ts';
import { settleAll } from '../concurrency.ts';
import type { Change, WriteGuard } from '../environment/ports/cluster.ts';
import type { CredentialRequest } from '../environment/ports/credentials.ts';
import { type IdentityContext, credentialObject } from './context.ts';
import { RECENT_MS, lookAt, readCredential, saysGone } from './ledger/credential-list.ts';
import {
  type Look,
  isReserved,
  withoutCredential,
  withoutReservation,
  withoutSeen,
  withWrite,
} from './ledger/ledger.ts';
import { ownOf, subjectPrefix } from './ownership.ts';
import { inPool } from './pool/placement.ts';
import { leaveWaitlist } from './pool/waitlist.ts';
import { earliestWrite, withSent } from './writer/rate-limit.ts';
import { noteWritten, writeSerially } from './writer/serialized-write.ts';

/** Removes what is exactly this environment's, and never anything else; absent is success. */
export async function remove(
  context: IdentityContext,
  request: CredentialRequest,
  writeGuard: WriteGuard,
): Promise<Change[]> {
  await refuseTooEarly(context, request);
  const [ids] = await Promise.all([findPlaces(context, request), leaveWaitlist(context, request.slug)]);
  const changes = await settleAll(ids.map((identityId) => removeFrom(context, { identityId, request, writeGuard })));
  return [...changes, ...(await removeFormer(context, { request, writeGuard }))];
}

/** In a burst of deletions most come too early, and each would read all ledgers to learn it. */
async function refuseTooEarly(context: IdentityContext, request: CredentialRequest): Promise<void> {
  const { identity, namespace, slug } = request;
  if (identity === undefined) return;
  const { seen } = await context.locks.read(identity, RECENT_MS);
  if (seen?.credentials.some(({ subject }) => subject.startsWith(subjectPrefix(namespace))) !== true) return;
  const deadline = context.clock.now() + MAX_WAIT_MS;
  await earliestWrite(context, { identityId: identity, kind: 'delete', slug }, { deadline });
}

/** Identities that the environment had before. One that is in the pool again keeps what it holds. */
function formerOf(context: IdentityContext, { former = [] }: CredentialRequest): string[] {
  return former.filter((id) => inPool(context, id) === undefined);
}

/** Removes what the environment left on identities that it had before. */
export async function removeFormer(
  context: IdentityContext,
  { request, writeGuard }: { request: CredentialRequest; writeGuard: WriteGuard },
): Promise<Change[]> {
  return settleAll(
    formerOf(context, request).map((identityId) => removeFrom(context, { identityId, request, writeGuard })),
  );
}

/** What remove would remove. Reads only. */
export async function findOwn(context: IdentityContext, request: CredentialRequest): Promise<Change[]> {
  const isOwnOf = ownOf(request, await context.issuer());
  const ids = [...(await findPlaces(context, request)), ...formerOf(context, request)];
  return settleAll(
    ids.map(async (identityId) => {
      const { credentials } = (await lookUnlessGone(context, identityId)) ?? { credentials: [] };
      const own = credentials.filter(isOwnOf);
      return own.map(({ name }) => ({ object: credentialObject(identityId, name), action: 'deleted' as const }));
    }),
  );
}

interface RemoveFrom {
  identityId: string;
  request: CredentialRequest;
  writeGuard: WriteGuard;
}

/** Removes the environment's credentials from one identity, of the pool or not. */
async function removeFrom(
  context: IdentityContext,
  { identityId, request, writeGuard }: RemoveFrom,
): Promise<Change[]> {
  const { clock, identities, locks } = context;
  const { slug } = request;
  const isOwnOf = ownOf(request, await context.issuer());
  const seen = await lookUnlessGone(context, identityId);
  if (seen === undefined) return [];
  const wasReserved = isReserved(seen.ledger, slug);
  const write = { identityId, kind: 'delete', slug } as const;
  const sent = new Set<string>();
  return retrying(context, { object: `Identity/${nameOfIdentity(identityId)}` }, async (deadline) => {
    // a PUT of an orphaned reservation may have been sent: only a list tells, once no writer is at work
    const look = wasReserved
      ? await locks.withLock(identityId, () => lookAt(context, identityId, { deadline, maxAgeMs: 0 }))
      : await lookAt(context, identityId, { deadline, ledgerAgeMs: RECENT_MS });
    const shown = look.credentials.filter(isOwnOf).map(({ name }) => name);
    // a list may lag behind that PUT: what was reserved is read by its name
    const reserved = look.ledger.reservations.find((one) => one.slug === slug)?.names ?? [];
    for (const name of new Set([...shown, ...reserved])) {
      let sentAt: number | undefined;
      let since = clock.now();
      const isTheirs = await writeSerially(context, { write, writeGuard, deadline }, async (gate) => {
        since = clock.now();
        // others may have put theirs under the name since
        const now = await readCredential(context, { identityId, name, deadline });
        if (now === undefined || !isOwnOf(now)) return now !== undefined;
        sent.add(name);
        sentAt = clock.now();
        await identities.remove(identityId, name, gate);
        return false;
      });
      await noteWritten(context, { identityId, since }, (ledger) => {
        if (isTheirs) return withoutSeen(ledger);
        const noted = withWrite(withoutCredential(ledger, name), { name, at: clock.now() });
        return sentAt === undefined ? noted : withSent(noted, 'delete', sentAt);
      });
    }
    if (wasReserved) await locks.change(identityId, (ledger) => withoutReservation(ledger, slug));
    return [...sent].map((name) => ({ object: credentialObject(identityId, name), action: 'deleted' as const }));
  });
}

/** An identity that is gone took its credentials with it. */
async function lookUnlessGone(context: IdentityContext, identityId: string): Promise<Look | undefined> {
  try {
    return await lookAt(context, identityId);
  } catch (error) {
    if (saysGone(error)) return undefined;
    throw error;
  }
}

/**
 * Identities that may hold credentials of the environment: the one that its record names, in the pool or not, and those
 * whose ledgers mention its namespace (for a literal client id); without one, all of the pool.
 */
async function findPlaces(
  context: IdentityContext,
  { identity, namespace, slug }: CredentialRequest,
): Promise<readonly string[]> {
  if (identity === undefined) return context.pool;
  const others = context.pool.filter((one) => !isSameId(one, identity));
  const prefix = subjectPrefix(namespace);
  const mentioned = await Promise.all(
    others.map(async (one) => {
      const ledger = await context.locks.read(one);
      const isHeld = ledger.seen?.credentials.some(({ subject }) => subject.startsWith(prefix));
      return isHeld || isReserved(ledger, slug) ? [one] : [];
    }),
  );
  return [identity, ...mentioned.flat()];
}
