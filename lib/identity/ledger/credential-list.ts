import { ProvisionerError } from '../../errors.ts';
import { readArmFault, saysAbsent } from '../../azure/arm-error.ts';
import { type IdentityContext, credentialObject, nameOfIdentity } from '../context.ts';
import type { HeldCredential } from '../ownership.ts';
import { type Described, type Ledger, type Look, withSeen } from './ledger.ts';
import { MAX_WAIT_MS, retrying } from '../../azure/arm-retry.ts';

/** Azure admits one list of an identity in 4 s (FACTS A8): all instances share each for this long. */
const SHARED_FOR_MS = 60_000;

/** Who has said this long ago that it lists, and has not, was throttled or is dead. */
const LISTS_WITHIN_MS = 2_000;
const LOOK_AGAIN_MS = 250;
/** Clocks of instances agree better than this; a list from further ahead tells nothing of its age. */
const CLOCKS_WITHIN_MS = 5_000;

export interface LookOptions {
  /** How old a list may be, in ms; 60 s when left out, and with 0 it is taken now. */
  maxAgeMs?: number;
  /** When to give up; 8 s from now when left out. */
  deadline?: number;
}

/** What an identity holds: as listed by any instance a while ago, with our own writes since, or else as listed now. */
export async function lookAt(context: IdentityContext, identityId: string, options: LookOptions = {}): Promise<Look> {
  const { clock, locks, lists } = context;
  const { maxAgeMs = SHARED_FOR_MS, deadline = clock.now() + MAX_WAIT_MS } = options;
  if (maxAgeMs === 0) return listUntil(context, { identityId, maxAgeMs, deadline });
  const readAt = clock.now();
  const ledger = await locks.read(identityId);
  const { seen } = ledger;
  if (isYoung(seen, { now: clock.now(), maxAgeMs }))
    return { identityId, ledger, readAt, credentials: seen.credentials };
  const key = identityId.toLowerCase();
  const listing =
    lists.get(key) ?? listUntil(context, { identityId, maxAgeMs, deadline }).finally(() => lists.delete(key));
  lists.set(key, listing);
  return listing;
}

/** Lists, or waits for another instance that lists already: Azure would throttle the second of them for 4 s (FACTS A8). */
async function listUntil(
  context: IdentityContext,
  { identityId, maxAgeMs, deadline }: { identityId: string; maxAgeMs: number; deadline: number },
): Promise<Look> {
  const { clock, locks } = context;
  const object = `Identity/${nameOfIdentity(identityId)}`;
  const asked: Asked = { identityId, maxAgeMs };
  return retrying(context, { object, deadline }, async () => {
    for (;;) {
      const claimed = await claimList(context, asked);
      if (claimed === undefined) await waitForOther(context, { object, deadline });
      else if ('look' in claimed) return claimed.look;
      else {
        asked.claim = claimed.claim;
        const listed = await listAnew(context, { identityId, known: claimed.known });
        const { credentials } = listed;
        const readAt = clock.now();
        const ledger = await locks.change(identityId, (now) => ({
          ...withSeen(now, { ...claimed.claim, credentials }),
          ...(listed.described !== undefined && { described: listed.described }),
        }));
        return { identityId, ledger, readAt, credentials };
      }
    }
  });
}

/** Lists, and describes the identity where it may have been made again under its name, since it then has other ids. */
async function listAnew(
  { identities, clock }: IdentityContext,
  { identityId, known }: { identityId: string; known: Ledger },
): Promise<{ credentials: HeldCredential[]; described?: Described }> {
  const describe = async () => ({ at: clock.now(), ...(await identities.describe(identityId)) });
  if (known.described === undefined) {
    const [credentials, described] = await Promise.all([
      identities.list(identityId),
      describe().catch(() => undefined),
    ]);
    return described === undefined ? { credentials } : { credentials, described };
  }
  const credentials = await identities.list(identityId);
  const names = new Set(credentials.map(({ name }) => name));
  const hasLost = known.seen?.credentials.some(({ name }) => !names.has(name)) === true;
  return hasLost ? { credentials, described: await describe() } : { credentials };
}

interface Claim {
  at: number;
  writes: number;
}

interface Asked {
  identityId: string;
  maxAgeMs: number;
  /** The lists that were taken or begun when it was asked, by when they were claimed: what comes later is as good as one's own. */
  before?: readonly (number | undefined)[];
  /** One's own, of the try before. */
  claim?: Claim;
}

/** The list where another instance has taken it by now; else the right to take it, unless another is at it. */
async function claimList(
  { locks, clock }: IdentityContext,
  asked: Asked,
): Promise<{ look: Look } | { claim: Claim; known: Ledger } | undefined> {
  const { identityId } = asked;
  let claim: Claim | undefined;
  const readAt = clock.now();
  const ledger = await locks.change(identityId, (now) => {
    const { seen, writes, listing } = now;
    const at = clock.now();
    asked.before ??= [seen?.at, listing];
    // another instance's clock may be ahead, by seconds or by far too much
    const isTaken = listing !== undefined && listing !== asked.claim?.at && Math.abs(at - listing) < LISTS_WITHIN_MS;
    claim = isGood(seen, { ...asked, now: at }) || isTaken ? undefined : { at, writes };
    return claim && { ...now, listing: at };
  });
  const { seen } = ledger;
  if (isGood(seen, { ...asked, now: clock.now() }))
    return { look: { identityId, ledger, readAt, credentials: seen.credentials } };
  return claim && { claim, known: ledger };
}

/** Where it may not be of before, no clock is asked: those of two instances never agree. */
function isGood(seen: Ledger['seen'], asked: Asked & { now: number }): seen is NonNullable<Ledger['seen']> {
  if (asked.maxAgeMs > 0) return isYoung(seen, asked);
  return seen !== undefined && asked.before?.includes(seen.at) === false;
}

async function waitForOther(
  { clock, random }: IdentityContext,
  { object, deadline }: { object: string; deadline: number },
): Promise<void> {
  if (clock.now() < deadline) return clock.sleep(LOOK_AGAIN_MS * (0.5 + random()));
  const retryAfterMs = Math.round(LISTS_WITHIN_MS * (0.5 + random()));
  throw new ProvisionerError('unavailable', `${object}: others are listing it`, { object, retryAfterMs });
}

function isYoung(
  seen: Ledger['seen'],
  { now, maxAgeMs }: { now: number; maxAgeMs: number },
): seen is NonNullable<Ledger['seen']> {
  return seen !== undefined && seen.at > now - maxAgeMs && seen.at < now + CLOCKS_WITHIN_MS;
}

/** One credential as ARM holds it now; undefined where it holds none of that name. */
export async function readCredential(
  context: IdentityContext,
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
