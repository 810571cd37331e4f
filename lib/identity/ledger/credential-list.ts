import { nameOfIdentity } from '../../azure/arm-client.ts';
import { readArmFault, saysAbsent } from '../../azure/arm-error.ts';
import { MAX_WAIT_MS, retrying } from '../../azure/arm-retry.ts';
import { type IdentityContext, credentialObject } from '../context.ts';
import { shareUnderWay } from '../../concurrency.ts';
import { ProvisionerError } from '../../errors.ts';
import type { HeldCredential } from '../ownership.ts';
import { type Ledger, type Look, withRecent, withSeen } from './ledger.ts';

/** Azure admits one list of an identity in 4 s (FACTS A8): all instances share each for this long. */
const SHARED_FOR_MS = 60_000;
/** A ledger that this process read or wrote so recently is read again only where a decision needs the newest. */
export const RECENT_MS = 5_000;
/** A list that took longer is none of now: the process has stood still, and others may have listed since. */
const LISTED_WITHIN_MS = 15_000;
/** Clocks of instances agree better than this; a list dated further ahead does not tell its age. */
const CLOCKS_WITHIN_MS = 5_000;

export interface LookOptions {
  /** How old a list may be, in ms; 60 s when left out. 0 lists now. */
  maxAgeMs?: number;
  /** How old the ledger may be, in ms; read now when left out. */
  ledgerAgeMs?: number;
  /** When to give up; 8 s from now when left out. */
  deadline?: number;
}

/** What an identity holds: from a list that any instance took, with our own writes since, or from a list taken now. */
export async function lookAt(context: IdentityContext, identityId: string, options: LookOptions = {}): Promise<Look> {
  const { clock, locks, lists } = context;
  const { maxAgeMs = SHARED_FOR_MS, ledgerAgeMs, deadline = clock.now() + MAX_WAIT_MS } = options;
  const asked = { identityId, maxAgeMs, deadline };
  // instance clocks differ, so no list of others is known to be of now
  if (maxAgeMs === 0) return list(context, asked);
  const look = toLook(context, asked, await locks.read(identityId, ledgerAgeMs));
  if (look !== undefined) return look;
  return shareUnderWay(lists, identityId.toLowerCase(), () => list(context, asked));
}

interface Asked {
  identityId: string;
  maxAgeMs: number;
  deadline: number;
}

async function list(context: IdentityContext, asked: Asked): Promise<Look> {
  const { clock, locks, identities } = context;
  const { identityId, deadline } = asked;
  let isRetry = false;
  const object = `Identity/${nameOfIdentity(identityId)}`;
  return retrying(context, { object, deadline }, async () => {
    const before = await locks.read(identityId, isRetry ? undefined : RECENT_MS);
    // a 429 often means that another instance has just listed
    const other = isRetry ? toLook(context, asked, before) : undefined;
    if (other !== undefined) return other;
    isRetry = true;
    const { writes } = before;
    const at = clock.now();
    const credentials = await identities.list(identityId);
    const isOfNow = (): boolean => clock.now() - at <= LISTED_WITHIN_MS;
    const ledger = await locks.change(identityId, (now) =>
      isOfNow() ? withSeen(now, { at, writes, credentials }) : undefined,
    );
    if (!isOfNow()) {
      const newer = toLook(context, asked, ledger);
      if (newer !== undefined) return newer;
      throw new ProvisionerError('unavailable', 'the list took too long to be one of now', { object });
    }
    return { identityId, ledger, credentials: withRecent(ledger, { at, credentials }) };
  });
}

/** What the ledger says, unless its list is too old for the question. */
function toLook({ clock }: IdentityContext, { identityId, maxAgeMs }: Asked, ledger: Ledger): Look | undefined {
  const { seen } = ledger;
  const isYoung = seen !== undefined && seen.at > clock.now() - maxAgeMs && seen.at < clock.now() + CLOCKS_WITHIN_MS;
  return isYoung ? { identityId, ledger, credentials: seen.credentials } : undefined;
}

/** One credential as ARM holds it now; undefined where it holds none of that name. */
export async function readCredential(
  context: IdentityContext,
  { identityId, name, deadline }: { identityId: string; name: string; deadline: number },
): Promise<HeldCredential | undefined> {
  return retrying(context, { object: credentialObject(identityId, name), deadline }, async () => {
    try {
      return await context.identities.get(identityId, name);
    } catch (error) {
      if (saysAbsent(readArmFault(error))) return undefined;
      throw error;
    }
  });
}

/** Whether a failure is ARM's word that there is no such identity: the ledger's storage has a 404 of the same name. */
export function saysGone(error: unknown): boolean {
  return error instanceof ProvisionerError && error.code === 'rejected' && saysAbsent(readArmFault(error.cause));
}
