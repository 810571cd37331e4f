import { nameOfIdentity, parseIdentityId } from '../../azure/arm-client.ts';
import { ProvisionerError } from '../../errors.ts';
import type { IdentityContext } from '../context.ts';
import type { Ledger, Rate, WriteKind } from '../ledger/ledger.ts';
import { RECENT_MS } from '../ledger/credential-list.ts';
import { THROTTLED_WAIT_MS } from '../../azure/arm-retry.ts';
import type { ArmFault } from '../../azure/arm-error.ts';

/** 0.25 writes of a kind per second on one identity, and 5 % for a write that is sent late. */
const INTERVAL_MS = THROTTLED_WAIT_MS * 1.05;
/** 2 per second on all identities of a subscription (FACTS A8), and 2 %. */
const TURN_MS = 510;
/** A writer waits at least so long after a 429: it reads the name again, which Azure admits once in 2 s. */
const AGAIN_MS = 2_000;
/** How long writes on an identity are spaced after its last 429. */
const LIMITED_FOR_MS = 5 * 60_000;
/** Clocks of instances agree better than this. */
const CLOCKS_WITHIN_MS = 60_000;
/** Identities that are throttled together, by the subscription's rate, must not come back together. */
const JITTER_MS = 1_000;
/** A requeued request comes back this long before its write could be sent. */
const AHEAD_MS = 3_000;
/** And up to this much later for each other environment that may wait: otherwise most would only be requeued again. */
const SPREAD_MS = 2_000;

export interface Write {
  identityId: string;
  kind: WriteKind;
  /** Of the environment that it is for. */
  slug: string;
}

/**
 * Reserves when this write is to be sent by the rate of the identity, or of the subscription, where Azure has throttled it;
 * undefined where it may be sent at once. Throws `unavailable`, and reserves nothing, where that would be after the deadline:
 * nobody would use the slot.
 */
export async function reserveWrite(
  context: IdentityContext,
  write: Write,
  { deadline, of = 'identity' }: { deadline: number; of?: 'identity' | 'subscription' },
): Promise<number | undefined> {
  const { clock, locks } = context;
  const { identityId, kind } = write;
  const [scope, intervalMs] =
    of === 'identity' ? [identityId, INTERVAL_MS] : [parseIdentityId(identityId).subscription, TURN_MS];
  const recent = await locks.read(scope, RECENT_MS);
  if (!isLimited(recent.rates[kind], clock.now())) return undefined;
  let at: number | undefined;
  const ledger = await locks.change(scope, (found) => {
    const rate = found.rates[kind];
    at = isLimited(rate, clock.now()) ? Math.max(clock.now(), rate.next) : undefined;
    if (at === undefined || rate === undefined || at > deadline) return undefined;
    return withRate(found, kind, { ...rate, next: at + intervalMs });
  });
  if (at !== undefined && at > deadline) throw tooLate(context, write, { ledger, at });
  return at;
}

/** When a write may be sent: Azure may have put off all of them since its moment was reserved. */
export async function earliestWrite(
  context: IdentityContext,
  write: Write,
  { reserved, deadline }: { reserved?: number | undefined; deadline: number },
): Promise<number> {
  const { clock, locks } = context;
  const ledger = await locks.read(write.identityId, reserved === undefined ? RECENT_MS : 0);
  const rate = ledger.rates[write.kind];
  const byLedger = reserved === undefined ? 'next' : 'notBefore';
  const at = Math.max(reserved ?? 0, isLimited(rate, clock.now()) ? rate[byLedger] : 0);
  if (at > deadline) throw tooLate(context, write, { ledger, at });
  return at;
}

/**
 * After a 429 no writer of the identity sends before Azure's Retry-After, nor faster than Azure's rate. Where the identity had
 * kept to its rate, it was the subscription's: its identities then take turns, since retries at random times starve some of
 * them (a burst of 200 branches took 1.5 to 1.7 times Azure's bound that way, and takes 1.1 to 1.35).
 */
export async function noteThrottled(
  { clock, locks, random }: IdentityContext,
  { identityId, kind }: Write,
  fault: ArmFault,
): Promise<void> {
  const now = clock.now();
  const until = now + LIMITED_FOR_MS;
  const jitterMs = Math.round(random() * JITTER_MS);
  let isOfSubscription: boolean | undefined;
  await locks.change(identityId, (ledger) => {
    const rate = ledger.rates[kind];
    // a clock that is ahead must not keep all others waiting
    const leftMs = Math.min(INTERVAL_MS, (rate?.notBefore ?? now) - now);
    isOfSubscription = leftMs <= 0;
    const waitMs = (fault.retryAfterMs ?? Math.max(AGAIN_MS, leftMs)) + jitterMs;
    const next = isLimited(rate, now) ? Math.max(now, rate.next) : now;
    return withRate(ledger, kind, { next: next + waitMs, notBefore: now + waitMs, until });
  });
  if (!isOfSubscription) return;
  await locks.change(parseIdentityId(identityId).subscription, (ledger) => {
    const rate = ledger.rates[kind];
    const next = isLimited(rate, now) ? rate.next : now;
    return withRate(ledger, kind, { next, notBefore: next, until });
  });
}

/** Once Azure limits them, the next write keeps its distance to one that was sent. */
export function withSent(ledger: Ledger, kind: WriteKind, sentAt: number): Ledger {
  const rate = ledger.rates[kind];
  const notBefore = sentAt + INTERVAL_MS;
  if (!isLimited(rate, sentAt)) return withRate(ledger, kind, { next: notBefore, notBefore, until: 0 });
  const later = { next: Math.max(rate.next, notBefore), notBefore: Math.max(rate.notBefore, notBefore) };
  return withRate(ledger, kind, { ...rate, ...later });
}

/** A limit that ends later than any noted now comes from a clock that is ahead, and would keep all others waiting. */
export function isLimited(rate: Rate | undefined, now: number): rate is Rate {
  return rate !== undefined && rate.until > now && rate.until < now + LIMITED_FOR_MS + CLOCKS_WITHIN_MS;
}

function withRate(ledger: Ledger, kind: WriteKind, rate: Rate): Ledger {
  return { ...ledger, rates: { ...ledger.rates, [kind]: rate } };
}

function tooLate(
  { clock, random }: IdentityContext,
  { identityId, kind, slug }: Write,
  { ledger, at }: { ledger: Ledger; at: number },
): ProvisionerError {
  const name = nameOfIdentity(identityId);
  const waitMs = at - clock.now();
  const isPut = kind === 'put';
  const waiting = isPut ? ledger.reservations.filter((one) => one.slug !== slug) : (ledger.seen?.credentials ?? []);
  return new ProvisionerError(
    'unavailable',
    `identity ${name}: the next write may be sent in ${Math.ceil(waitMs / 1000)} s, at the rate that Azure admits`,
    {
      object: `Identity/${name}`,
      retryAfterMs: Math.round(Math.max(0, waitMs - AHEAD_MS) + waiting.length * SPREAD_MS * random()),
    },
  );
}
