import { isSameId, nameOfIdentity } from '../../azure/arm-client.ts';
import type { IdentityContext } from '../context.ts';
import type { IdentityIds } from '../managed-identities.ts';
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

/** The pool's own spelling of an identity's id; undefined where it is not in the pool, or no longer. */
export function inPool({ pool }: IdentityContext, identityId: string | undefined): string | undefined {
  return identityId === undefined ? undefined : pool.find((one) => isSameId(one, identityId));
}

/** An identity that was deleted and made again shows by the credentials it lost; one that held none, only after this. */
const DESCRIBED_FOR_MS = 5 * 60_000;

/** Client and tenant id as ARM states them, kept for 5 minutes. */
export async function describeIdentity(context: IdentityContext, identityId: string): Promise<IdentityIds> {
  const { clock, identities, described } = context;
  const key = identityId.toLowerCase();
  const known = described.get(key);
  if (known !== undefined && clock.now() - known.at < DESCRIBED_FOR_MS) return known.ids;
  // a burst asks at once, and Azure admits one such read in 2 s (FACTS A8): callers share it
  const ids = retrying(context, { object: `Identity/${nameOfIdentity(identityId)}` }, () =>
    identities.describe(identityId),
  );
  const asked = { at: clock.now(), ids };
  described.set(key, asked);
  ids.catch(() => {
    if (described.get(key) === asked) described.delete(key);
  });
  return ids;
}
