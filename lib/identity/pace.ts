import { ProvisionerError } from '../errors.ts';
import type { ArmFault } from './arm-error.ts';
import { parseIdentityId } from './arm-id.ts';
import { nameOfIdentity } from './context.ts';
import type { AccessContext } from './context.ts';
import type { Ledger, Pace, WriteKind } from './ledger.ts';
import { THROTTLED_WAIT_MS } from './retry.ts';

/** A hair slower than Azure's rates (FACTS A8), so that no turn comes a moment too early. */
const MARGIN = 1.05;
/** 0.25 writes of a kind per second on one identity. */
const IDENTITY_INTERVAL_MS = THROTTLED_WAIT_MS * MARGIN;
/** 2 writes of a kind per second in one subscription. */
const SUBSCRIPTION_INTERVAL_MS = 500 * MARGIN;
/** So long after its last 429 a rate is kept to; then writes are sent at once again. */
const PACED_FOR_MS = 5 * 60_000;

interface Write {
  identityId: string;
  kind: WriteKind;
}

/** Waits for this write's turn, where Azure has throttled others; throws `unavailable` where it comes too late. */
export async function takeTurn(context: AccessContext, write: Write, deadline: number): Promise<void> {
  const { clock, locks } = context;
  const { identityId, kind } = write;
  const scopes = [identityId, subscriptionScope(identityId)];
  const ledgers = await Promise.all(scopes.map((scope) => locks.read(scope)));
  const paced = scopes.flatMap((scope, index) => {
    const pace = ledgers[index]?.pace[kind];
    return isPaced(pace, clock.now()) ? [{ scope, next: pace.next }] : [];
  });
  // a turn that nobody waits for would be lost to all, so none is taken where the other comes too late
  const soonest = Math.max(clock.now(), ...paced.map(({ next }) => next));
  if (soonest > deadline) throw tooLate(identityId, soonest - clock.now());
  const turns = await Promise.all(paced.map(({ scope }) => joinQueue(context, { scope, kind })));
  const wait = Math.max(clock.now(), ...turns) - clock.now();
  if (clock.now() + wait > deadline) throw tooLate(identityId, wait);
  if (wait > 0) await clock.sleep(wait);
}

async function joinQueue(
  { clock, locks }: AccessContext,
  { scope, kind }: { scope: string; kind: WriteKind },
): Promise<number> {
  let turn = 0;
  await locks.change(scope, (ledger) => {
    const pace = ledger.pace[kind];
    turn = clock.now();
    if (!isPaced(pace, turn)) return undefined;
    turn = Math.max(turn, pace.next);
    return { ...ledger, pace: { ...ledger.pace, [kind]: { ...pace, next: turn + pace.intervalMs } } };
  });
  return turn;
}

/**
 * After a 429 the identity's rate holds for all its writers, and after a second one, whoever got the first, the
 * subscription's for all of its: many identities at their own rates together pass it.
 */
export async function slowDown(context: AccessContext, { identityId, kind }: Write, fault: ArmFault): Promise<void> {
  const { clock, locks } = context;
  const now = clock.now();
  await locks.change(identityId, (ledger) =>
    withPace(ledger, { kind, now, wait: fault.retryAfterMs, intervalMs: IDENTITY_INTERVAL_MS }),
  );
  await locks.change(subscriptionScope(identityId), (ledger) => {
    const last = ledger.throttled?.[kind] ?? 0;
    const noted = { ...ledger, throttled: { ...ledger.throttled, [kind]: now } };
    if (now - last > PACED_FOR_MS) return noted;
    // the time that Azure names is this identity's own
    return withPace(noted, { kind, now, wait: undefined, intervalMs: SUBSCRIPTION_INTERVAL_MS });
  });
}

function withPace(
  ledger: Ledger,
  options: { kind: WriteKind; now: number; wait: number | undefined; intervalMs: number },
): Ledger {
  const { kind, now, intervalMs, wait = intervalMs } = options;
  const next = Math.max(now + wait, ledger.pace[kind]?.next ?? 0);
  return { ...ledger, pace: { ...ledger.pace, [kind]: { next, intervalMs, until: now + PACED_FOR_MS } } };
}

function isPaced(pace: Pace | undefined, now: number): pace is Pace {
  return pace !== undefined && pace.until > now;
}

function subscriptionScope(identityId: string): string {
  return `/subscriptions/${parseIdentityId(identityId).subscription}`;
}

function tooLate(identityId: string, retryAfterMs: number): ProvisionerError {
  const name = nameOfIdentity(identityId);
  return new ProvisionerError(
    'unavailable',
    `identity ${name}: Azure admits its next write in ${Math.ceil(retryAfterMs / 1000)} s`,
    {
      object: `Identity/${name}`,
      retryAfterMs,
    },
  );
}
