import { isSameId } from '../../azure/arm-client.ts';
import { type IdentityContext, nameOfIdentity } from '../context.ts';
import { retrying } from '../../azure/arm-retry.ts';
import type { WantedCredential } from '../../environment/ports/credentials.ts';

/** On which identity each wanted credential belongs. */
export interface Placement {
  /** On the identity that the pool gives the environment. */
  floating: WantedCredential[];
  /** On the identity that the overlay names by its client id. */
  fixed: { identityId: string; wanted: WantedCredential }[];
  warnings: string[];
}

/** Tells placeholders from literal client ids; a literal that is none of the pool's gets no credential and a warning. */
export async function placeCredentials(
  context: IdentityContext,
  wanted: readonly WantedCredential[],
): Promise<Placement> {
  const literals = wanted.filter(({ clientId }) => clientId !== undefined);
  const placement: Placement = {
    floating: wanted.filter((one) => one.clientId === undefined),
    fixed: [],
    warnings: [],
  };
  if (literals.length === 0) return placement;
  const known = await Promise.all(
    context.pool.map(async (identityId) => ({ identityId, ...(await describeIdentity(context, identityId)) })),
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

/** The pool's own spelling of an identity's id; undefined where it was taken out of the pool or never was in it. */
export function inPool({ pool }: IdentityContext, identityId: string | undefined): string | undefined {
  return identityId === undefined ? undefined : pool.find((one) => isSameId(one, identityId));
}

/** One that is made again has lost its credentials, so the next list tells; this is for one that held none. */
const DESCRIBED_FOR_MS = 5 * 60_000;

/** Client and tenant id as ARM stated them to any instance a moment ago: one that is made again has others. */
export async function describeIdentity(
  context: IdentityContext,
  identityId: string,
): Promise<{ clientId: string; tenantId: string }> {
  const { clock, identities, locks } = context;
  const object = `Identity/${nameOfIdentity(identityId)}`;
  const { clientId, tenantId } = await retrying(context, { object }, async () => {
    const shared = (await locks.read(identityId)).described;
    if (shared !== undefined && clock.now() - shared.at < DESCRIBED_FOR_MS) return shared;
    const asked = { at: clock.now(), ...(await identities.describe(identityId)) };
    await locks.change(identityId, (ledger) => ({ ...ledger, described: asked }));
    return asked;
  });
  return { clientId, tenantId };
}
