import type { ArmFault } from '../azure/arm-error.ts';
import type { AccessContext } from './context.ts';
import type { Ledger, WriteKind } from './ledger/ledger.ts';
import {
  IDENTITY_INTERVAL_MS,
  PACED_FOR_MS,
  SUBSCRIPTION_INTERVAL_MS,
  type Write,
  isPaced,
  subscriptionScope,
} from './writer/rate-limit.ts';

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
    return withPace(noted, { kind, now, wait: fault.retryAfterMs, intervalMs: SUBSCRIPTION_INTERVAL_MS });
  });
}

function withPace(
  ledger: Ledger,
  options: { kind: WriteKind; now: number; wait: number | undefined; intervalMs: number },
): Ledger {
  const { kind, now, intervalMs, wait = intervalMs } = options;
  const before = ledger.pace[kind];
  const next = Math.max(now + wait, isPaced(before, now) ? before.next : 0);
  return { ...ledger, pace: { ...ledger.pace, [kind]: { next, intervalMs, until: now + PACED_FOR_MS } } };
}
