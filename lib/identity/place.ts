import type { WantedCredential } from '../environment/peers.ts';
import { isSameId } from './arm-id.ts';
import { nameOfIdentity } from './context.ts';
import type { AccessContext } from './context.ts';
import type { Described } from './ledger.ts';
import { retrying } from './retry.ts';

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
  context: AccessContext,
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
export function inPool({ pool }: AccessContext, identityId: string | undefined): string | undefined {
  return identityId === undefined ? undefined : pool.find((one) => isSameId(one, identityId));
}

/** An identity that is made anew under its old name gets another client id: it is asked for this often. */
const DESCRIBED_FOR_MS = 3_600_000;

/** Client and tenant id as ARM states them, to any instance within the hour. */
export async function describeIdentity(
  context: AccessContext,
  identityId: string,
): Promise<{ clientId: string; tenantId: string }> {
  const { clock, identities, locks, described } = context;
  const key = identityId.toLowerCase();
  const isYoung = (one: Described | undefined): one is Described =>
    one !== undefined && clock.now() - one.at < DESCRIBED_FOR_MS;
  const object = `Identity/${nameOfIdentity(identityId)}`;
  const found = await retrying(context, { object }, async () => {
    const own = described.get(key);
    if (isYoung(own)) return own;
    const shared = (await locks.read(identityId)).described;
    if (isYoung(shared)) return shared;
    const asked = { at: clock.now(), ...(await identities.describe(identityId)) };
    await locks.change(identityId, (ledger) => ({ ...ledger, described: asked }));
    return asked;
  });
  described.set(key, found);
  return { clientId: found.clientId, tenantId: found.tenantId };
}
