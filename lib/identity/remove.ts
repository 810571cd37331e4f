import type { AccessRequest } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import { type ArmFault, readArmFault, saysAbsent } from '../azure/arm-error.ts';
import { type AccessContext, credentialObject, nameOfIdentity } from './context.ts';
import { type HeldCredential, isOwn } from './ownership.ts';
import { inTurn } from './writer/serialized-write.ts';
import { type Look, withoutCredential, withoutReservation } from './ledger/ledger.ts';
import { lookAt, readCredential } from './ledger/credential-list.ts';
import { slowDown } from './slow-down.ts';
import { retrying } from '../azure/arm-retry.ts';
import type { Admit, Change } from '../environment/ports/cluster.ts';

/** What Entra ID wants in the one audience of a workload identity credential (FACTS A5); ours never have another. */
const AUDIENCE = 'api://AzureADTokenExchange';

/** Tells the environment's credentials from all others: by issuer, subject, audience and name, and nothing less. */
export function ownOf(request: AccessRequest, issuer: string): (held: HeldCredential) => boolean {
  const prefix = subjectPrefix(request.namespace);
  return (held) => {
    const serviceAccount = held.subject.slice(prefix.length);
    const own = { issuer, subject: `${prefix}${serviceAccount}`, audience: AUDIENCE };
    const isNamed = held.name === request.nameOf(serviceAccount) || request.written?.includes(held.name) === true;
    return serviceAccount !== '' && isOwn(held, own) && isNamed;
  };
}

export function subjectPrefix(namespace: string): string {
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
        { write, admit, deadline, used },
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
export async function lookUnlessGone(context: AccessContext, identityId: string): Promise<Look | undefined> {
  try {
    return await lookAt(context, identityId);
  } catch (error) {
    const cause = error instanceof ProvisionerError ? error.cause : undefined;
    if (saysAbsent(readArmFault(cause, 0))) return undefined;
    throw error;
  }
}
