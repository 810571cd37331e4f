import { isSameId, nameOfIdentity } from '../../azure/arm-client.ts';
import type { IdentityContext } from '../context.ts';
import type { IdentityIds } from '../ownership.ts';
import { shareUnderWay } from '../../concurrency.ts';
import { retrying } from '../../azure/arm-retry.ts';
import type { WantedCredential } from '../../environment/ports/credentials.ts';

/** On which identity each wanted credential belongs. */
export interface Placement {
  /** On the identity that is selected for the environment. */
  floating: WantedCredential[];
  /** On the identity that the overlay names by its client id. */
  fixed: { identityId: string; wanted: WantedCredential }[];
  warnings: string[];
}

/** Tells placeholders from literal client ids; a literal that is none of the pool's gets no credential but a warning. */
export async function placeCredentials(
  context: IdentityContext,
  wanted: readonly WantedCredential[],
  describedForMs?: number,
): Promise<Placement> {
  const literals = wanted.filter(({ clientId }) => clientId !== undefined);
  const placement: Placement = {
    floating: wanted.filter((one) => one.clientId === undefined),
    fixed: [],
    warnings: [],
  };
  if (literals.length === 0) return placement;
  const known = await Promise.all(
    context.pool.map(async (identityId) => ({
      identityId,
      ...(await describeIdentity(context, identityId, describedForMs)),
    })),
  );
  for (const one of literals) {
    const found = known.find(({ clientId }) => clientId.toLowerCase() === one.clientId?.toLowerCase());
    if (found !== undefined) placement.fixed.push({ identityId: found.identityId, wanted: one });
    else
      placement.warnings.push(
        `service account ${one.serviceAccount} names client id ${one.clientId}, which is none of WORKLOAD_IDENTITIES: ` +
          'no federated credential was made for it',
      );
  }
  return placement;
}

/** The pool's own spelling of an identity's id; undefined where it is not in the pool, or no longer. */
export function inPool({ pool }: IdentityContext, identityId: string | undefined): string | undefined {
  return identityId === undefined ? undefined : pool.find((one) => isSameId(one, identityId));
}

/** An identity that was deleted and made again shows by the credentials it lost; one that held none, only after this. */
const DESCRIBED_FOR_MS = 5 * 60_000;

/**
 * Client and tenant id as ARM states them, shared by all instances: Azure admits one such read in 2 s (FACTS A8), and four
 * instances that each asked took the first 20 s of a burst from the reads that its writes need.
 */
export async function describeIdentity(
  context: IdentityContext,
  identityId: string,
  maxAgeMs = DESCRIBED_FOR_MS,
): Promise<IdentityIds> {
  const { clock, described, identities, locks } = context;
  const key = `${identityId} ${maxAgeMs}`;
  let ledgerAgeMs: number | undefined = 20_000;
  const ask = () =>
    retrying(context, { object: `Identity/${nameOfIdentity(identityId)}` }, async () => {
      const { ids } = await locks.read(identityId, ledgerAgeMs);
      if (ids !== undefined && Math.abs(clock.now() - ids.at) < maxAgeMs) return ids;
      // a 429 often means that another instance has just asked
      ledgerAgeMs = undefined;
      const found = { ...(await identities.describe(identityId)), at: clock.now() };
      await locks.change(identityId, (ledger) => ({ ...ledger, ids: found }));
      return found;
    });
  const { clientId, tenantId } = await shareUnderWay(described, key, ask);
  return { clientId, tenantId };
}
