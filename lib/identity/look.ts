import { readArmFault, saysAbsent } from './arm-error.ts';
import { credentialObject, nameOfIdentity } from './context.ts';
import type { AccessContext } from './context.ts';
import type { HeldCredential } from './guard-credential.ts';
import { withSeen } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { MAX_WAIT_MS, retrying } from './retry.ts';

/** Azure admits one list of an identity in 4 s (FACTS A8): all instances share each for this long. */
const SHARED_FOR_MS = 60_000;

export interface Look {
  identityId: string;
  ledger: Ledger;
  credentials: readonly HeldCredential[];
}

export interface LookOptions {
  /** How old a list may be, in ms; 60 s when left out, and with 0 it is taken now. */
  maxAgeMs?: number;
  /** When to give up; 8 s from now when left out. */
  deadline?: number;
}

/** What an identity holds: as listed by any instance a while ago, with our own writes since, or else as listed now. */
export async function lookAt(context: AccessContext, identityId: string, options: LookOptions = {}): Promise<Look> {
  const { clock, locks, lists } = context;
  const { maxAgeMs = SHARED_FOR_MS, deadline = clock.now() + MAX_WAIT_MS } = options;
  if (maxAgeMs === 0) return listUntil(context, { identityId, maxAgeMs, deadline });
  const ledger = await locks.read(identityId);
  const { seen } = ledger;
  if (isYoung(seen, clock.now() - maxAgeMs)) return { identityId, ledger, credentials: seen.credentials };
  const key = identityId.toLowerCase();
  const listing =
    lists.get(key) ?? listUntil(context, { identityId, maxAgeMs, deadline }).finally(() => lists.delete(key));
  lists.set(key, listing);
  return listing;
}

/** Lists; where Azure throttles that, looks into the ledger before it tries again: another instance may have listed. */
async function listUntil(
  context: AccessContext,
  { identityId, maxAgeMs, deadline }: { identityId: string; maxAgeMs: number; deadline: number },
): Promise<Look> {
  const { clock, locks, identities } = context;
  const object = `Identity/${nameOfIdentity(identityId)}`;
  return retrying(context, { object, deadline }, async () => {
    const ledger = await locks.read(identityId);
    const { seen, writes } = ledger;
    if (isYoung(seen, clock.now() - maxAgeMs)) return { identityId, ledger, credentials: seen.credentials };
    const at = clock.now();
    const credentials = await identities.list(identityId);
    const noted = await locks.change(identityId, (now) => withSeen(now, { at, writes, credentials }));
    return { identityId, ledger: noted, credentials };
  });
}

function isYoung(seen: Ledger['seen'], since: number): seen is NonNullable<Ledger['seen']> {
  return seen !== undefined && seen.at > since;
}

/** One credential as ARM holds it now; undefined where it holds none of that name. */
export async function readCredential(
  context: AccessContext,
  { identityId, name, deadline }: { identityId: string; name: string; deadline: number },
): Promise<HeldCredential | undefined> {
  const { identities, clock } = context;
  return retrying(context, { object: credentialObject(identityId, name), deadline }, async () => {
    try {
      return await identities.get(identityId, name);
    } catch (error) {
      if (saysAbsent(readArmFault(error, clock.now()))) return undefined;
      throw error;
    }
  });
}
