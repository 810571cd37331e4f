import { readArmFault, saysAbsent } from './arm-error.ts';
import { nameOfIdentity } from './context.ts';
import type { AccessContext } from './context.ts';
import type { HeldCredential } from './guard-credential.ts';
import { withSeen } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { retrying } from './retry.ts';

/** Azure admits one list of an identity in 4 s (FACTS A8): all instances share each for this long. */
const SHARED_FOR_MS = 15_000;

export interface Look {
  identityId: string;
  ledger: Ledger;
  credentials: readonly HeldCredential[];
  /** Listed for this look, and not by somebody a few seconds ago. */
  isFresh: boolean;
}

/** What an identity holds: as listed by any instance a few seconds ago, or else now. */
export async function lookAt(
  context: AccessContext,
  identityId: string,
  options: { fresh?: boolean } = {},
): Promise<Look> {
  const { clock, locks, identities } = context;
  const ledger = await locks.read(identityId);
  const { seen } = ledger;
  if (seen !== undefined && options.fresh !== true && clock.now() - seen.at < SHARED_FOR_MS)
    return { identityId, ledger, credentials: seen.credentials, isFresh: false };
  const at = clock.now();
  const object = `Identity/${nameOfIdentity(identityId)}`;
  const credentials = await retrying(context, { object }, () => identities.list(identityId));
  const noted = await locks.change(identityId, (now) => withSeen(now, { at, writes: ledger.writes, credentials }));
  return { identityId, ledger: noted, credentials, isFresh: true };
}

/** One credential as ARM holds it now; undefined where it holds none of that name. */
export async function readCredential(
  { identities, clock }: AccessContext,
  identityId: string,
  name: string,
): Promise<HeldCredential | undefined> {
  try {
    return await identities.get(identityId, name);
  } catch (error) {
    if (saysAbsent(readArmFault(error, clock.now()))) return undefined;
    throw error;
  }
}
