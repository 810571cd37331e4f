import { nameOfIdentity } from '../../azure/arm-client.ts';
import { ProvisionerError } from '../../errors.ts';
import type { IdentityContext } from '../context.ts';
import type { Ledger, Rate, WriteKind } from '../ledger/ledger.ts';
import { RECENT_MS } from '../ledger/credential-list.ts';
import { THROTTLED_WAIT_MS } from '../../azure/arm-retry.ts';
import type { ArmFault } from '../../azure/arm-error.ts';

/** 0.25 writes of a kind per second on one identity, and 5 % for a write that is sent late. */
const INTERVAL_MS = THROTTLED_WAIT_MS * 1.05;
/** How long writes on an identity are spaced after its last 429. */
const LIMITED_FOR_MS = 5 * 60_000;
/** Clocks of instances agree better than this. */
const CLOCKS_WITHIN_MS = 60_000;
/** Identities that are throttled together, by the subscription's rate, must not come back together. */
const JITTER_MS = 1_000;
/** A requeued request comes back this long before its write could be sent. */
const AHEAD_MS = 3_000;
/** And up to this much later for each other environment that waits: otherwise most would only be requeued again. */
const SPREAD_MS = 2_000;

export interface Write {
  identityId: string;
  kind: WriteKind;
  /** Of the environment that it is for. */
  slug: string;
}

/**
 * Reserves when this write is to be sent, where Azure has throttled the identity; undefined where it may be sent at once.
 * Throws `unavailable`, and reserves nothing, where that would be after the deadline: nobody would use the slot.
 */
export async function reserveWrite(
  context: IdentityContext,
  write: Write,
  { deadline }: { deadline: number },
): Promise<number | undefined> {
  const { clock, locks } = context;
  const { identityId, kind } = write;
  const recent = await locks.read(identityId, RECENT_MS);
  if (!isLimited(recent.rates[kind], clock.now())) return undefined;
  let at: number | undefined;
  const ledger = await locks.change(identityId, (found) => {
    const rate = found.rates[kind];
    at = isLimited(rate, clock.now()) ? Math.max(clock.now(), rate.next) : undefined;
    if (at === undefined || rate === undefined || at > deadline) return undefined;
    return withRate(found, kind, { ...rate, next: at + INTERVAL_MS });
  });
  if (at !== undefined && at > deadline) throw tooLate(context, write, { ledger, at });
  return at;
}

/** Gives back a reserved moment that will not be used, unless later ones were reserved after it. */
export async function cancelWrite({ locks }: IdentityContext, { identityId, kind }: Write, at: number): Promise<void> {
  await locks.change(identityId, (ledger) => {
    const rate = ledger.rates[kind];
    return rate?.next === at + INTERVAL_MS ? withRate(ledger, kind, { ...rate, next: at }) : undefined;
  });
}

/** When the holder of the identity's lock may send: Azure may have put off all writes since the moment was reserved. */
export async function earliestWrite(
  context: IdentityContext,
  write: Write,
  { reserved, deadline }: { reserved: number | undefined; deadline: number },
): Promise<number> {
  const { clock, locks } = context;
  const ledger = await locks.read(write.identityId, reserved === undefined ? RECENT_MS : 0);
  const rate = ledger.rates[write.kind];
  const at = Math.max(reserved ?? 0, isLimited(rate, clock.now()) ? rate.notBefore : 0);
  if (at > deadline) throw tooLate(context, write, { ledger, at });
  return at;
}

/** After a 429 no writer of the identity sends before Azure's Retry-After, nor faster than Azure's rate. */
export async function noteThrottled(
  { clock, locks, random }: IdentityContext,
  { identityId, kind }: Write,
  fault: ArmFault,
): Promise<void> {
  const now = clock.now();
  const notBefore = now + (fault.retryAfterMs ?? INTERVAL_MS) + Math.round(random() * JITTER_MS);
  await locks.change(identityId, (ledger) => {
    const rate = ledger.rates[kind];
    const next = Math.max(notBefore, isLimited(rate, now) ? rate.next : 0);
    return withRate(ledger, kind, { next, notBefore, until: now + LIMITED_FOR_MS });
  });
}

/** A write that was sent late keeps its distance to the next one. */
export function withSent(ledger: Ledger, kind: WriteKind, sentAt: number): Ledger {
  const rate = ledger.rates[kind];
  if (!isLimited(rate, sentAt) || rate.next >= sentAt + INTERVAL_MS) return ledger;
  return withRate(ledger, kind, { ...rate, next: sentAt + INTERVAL_MS });
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
  { identityId, slug }: Write,
  { ledger, at }: { ledger: Ledger; at: number },
): ProvisionerError {
  const name = nameOfIdentity(identityId);
  const waitMs = at - clock.now();
  const others = ledger.reservations.filter((one) => one.slug !== slug).length;
  return new ProvisionerError(
    'unavailable',
    `identity ${name}: the next write may be sent in ${Math.ceil(waitMs / 1000)} s, at the rate that Azure admits`,
    {
      object: `Identity/${name}`,
      retryAfterMs: Math.round(Math.max(0, waitMs - AHEAD_MS) + others * SPREAD_MS * random()),
    },
  );
}
