import type { AccessRequest } from '../environment/ports/ports.ts';
import { isSameId } from './arm-id.ts';
import { type AccessContext, credentialObject } from './context.ts';
import { leaveLine } from './pool/waitlist.ts';
import { finishMoves } from './move.ts';
import { inPool } from './pool/placement.ts';
import { lookUnlessGone, ownOf, revokeOn, subjectPrefix } from './remove.ts';
import { settleAll } from './settle.ts';
import type { Admit, Change } from '../environment/ports/cluster.ts';

/** Removes what is exactly this environment's, and nothing else ever; absent is success. */
export async function revoke(context: AccessContext, request: AccessRequest, admit: Admit): Promise<Change[]> {
  const [ids] = await Promise.all([placesOf(context, request), leaveLine(context, request.slug)]);
  const changes = await settleAll(ids.map((identityId) => revokeOn(context, { identityId, request, admit })));
  const home = inPool(context, request.identity);
  if (home === undefined) return changes;
  return [...changes, ...(await finishMoves(context, { request, identityId: home, admit }))];
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
 * Identities that may hold credentials of the environment: the one that its record names, in the pool or not, and those
 * whose ledgers mention its namespace (for a literal client id); without one, all of the pool.
 */
async function placesOf(
  context: AccessContext,
  { identity, namespace, slug }: AccessRequest,
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
