import type { AccessRequest, Admit, Change } from '../environment/peers.ts';
import { ProvisionerError } from '../errors.ts';
import { readArmFault, saysAbsent } from './arm-error.ts';
import type { ArmFault } from './arm-error.ts';
import { isSameId } from './arm-id.ts';
import { credentialObject, nameOfIdentity } from './context.ts';
import type { AccessContext } from './context.ts';
import { gateOf } from './gate.ts';
import { isOwn } from './guard-credential.ts';
import type { HeldCredential } from './guard-credential.ts';
import { withoutCredential, withoutReservation } from './ledger.ts';
import { leaveLine } from './line.ts';
import { lookAt, readCredential } from './look.ts';
import type { Look } from './look.ts';
import { slowDown, takeTurn } from './pace.ts';
import { inPool } from './place.ts';
import { retrying } from './retry.ts';
import { settleAll } from './settle.ts';

/** What Entra ID wants in the one audience of a workload identity credential (FACTS A5); ours never have another. */
const AUDIENCE = 'api://AzureADTokenExchange';

type IsOwn = (held: HeldCredential) => boolean;

/** Removes what is exactly this environment's, and nothing else ever; absent is success. */
export async function revoke(context: AccessContext, request: AccessRequest, admit: Admit): Promise<Change[]> {
  const [ids] = await Promise.all([placesOf(context, request), leaveLine(context, request.slug)]);
  return settleAll(ids.map((identityId) => revokeOn(context, { identityId, request, admit })));
}

/** What revoke would remove. Reads only. */
export async function findOwn(context: AccessContext, request: AccessRequest): Promise<Change[]> {
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
 * Identities that may hold credentials of the environment: the one that its record names and, while that is in the pool,
 * those whose ledgers mention its namespace (for a literal client id); without one, all of the pool.
 */
async function placesOf(context: AccessContext, { identity, namespace }: AccessRequest): Promise<readonly string[]> {
  if (identity === undefined) return context.pool;
  if (inPool(context, identity) === undefined) return [identity];
  const others = context.pool.filter((one) => !isSameId(one, identity));
  const ledgers = await Promise.all(others.map((one) => context.locks.read(one)));
  const prefix = subjectPrefix(namespace);
  const mentioned = others.filter((_, index) =>
    ledgers[index]?.seen?.credentials.some(({ subject }) => subject.startsWith(prefix)),
  );
  return [identity, ...mentioned];
}

function ownOf(request: AccessRequest, issuer: string): IsOwn {
  const prefix = subjectPrefix(request.namespace);
  return (held) => {
    const serviceAccount = held.subject.slice(prefix.length);
    const own = { issuer, subject: `${prefix}${serviceAccount}`, audience: AUDIENCE };
    return serviceAccount !== '' && isOwn(held, own) && held.name === request.nameOf(serviceAccount);
  };
}

function subjectPrefix(namespace: string): string {
  return `system:serviceaccount:${namespace}:`;
}

interface RevokeOn {
  identityId: string;
  request: AccessRequest;
  admit: Admit;
}

/** Removes the environment's credentials from one identity, of the pool or not. */
export async function revokeOn(context: AccessContext, { identityId, request, admit }: RevokeOn): Promise<Change[]> {
  const { identities, locks } = context;
  const { slug } = request;
  const isOwnOf = ownOf(request, await context.issuer());
  const seen = await lookUnlessGone(context, identityId);
  if (seen === undefined || (!isReserved(seen, slug) && !seen.credentials.some(isOwnOf))) return [];
  const write = { identityId, kind: 'delete' } as const;
  const options = {
    object: `Identity/${nameOfIdentity(identityId)}`,
    onThrottled: async (fault: ArmFault) => {
      await slowDown(context, write, fault);
      return true;
    },
  };
  const sent = new Set<string>();
  return locks.withLock(identityId, (lock) => {
    const gate = gateOf({ admit, lock, identityId, timeoutMs: context.timeoutMs });
    return retrying(context, options, async (deadline) => {
      // a reservation that is left over may have been sent: only a list tells
      const look = await lookAt(context, identityId, { deadline, ...(isReserved(seen, slug) && { maxAgeMs: 0 }) });
      for (const { name } of look.credentials.filter(isOwnOf)) {
        await takeTurn(context, write, deadline);
        const now = look.isFresh ? undefined : await readCredential(context, { identityId, name, deadline });
        if (look.isFresh || (now !== undefined && isOwnOf(now))) {
          sent.add(name);
          await identities.remove(identityId, name, gate);
        }
        await locks.change(identityId, (ledger) => withoutCredential(ledger, name));
      }
      await locks.change(identityId, (ledger) => withoutReservation(ledger, slug));
      return [...sent].map((name) => ({ object: credentialObject(identityId, name), action: 'deleted' as const }));
    });
  });
}

function isReserved({ ledger }: Look, slug: string): boolean {
  return ledger.reservations.some((one) => one.slug === slug);
}

/** An identity that is gone took its credentials with it. */
async function lookUnlessGone(context: AccessContext, identityId: string): Promise<Look | undefined> {
  try {
    return await lookAt(context, identityId);
  } catch (error) {
    const cause = error instanceof ProvisionerError ? error.cause : undefined;
    if (saysAbsent(readArmFault(cause, 0))) return undefined;
    throw error;
  }
}
