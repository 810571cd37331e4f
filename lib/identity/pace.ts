import { ProvisionerError } from '../errors.ts';
import type { ArmFault } from './arm-error.ts';
import { parseIdentityId } from './arm-id.ts';
import { nameOfIdentity } from './context.ts';
import type { AccessContext } from './context.ts';
import type { Pace, WriteKind } from './ledger.ts';
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
  const { clock } = context;
  // both lines are joined at once: to wait in one after the other would cost turns
  const scopes = [write.identityId, subscriptionScope(write.identityId)];
  const turns = await Promise.all(scopes.map((scope) => nextTurn(context, { scope, kind: write.kind, deadline })));
  const wait = Math.max(...turns) - clock.now();
  if (clock.now() + wait > deadline) throw tooLate(write.identityId, wait);
  if (wait > 0) await clock.sleep(wait);
}

async function nextTurn(
  { clock, locks }: AccessContext,
  { scope, kind, deadline }: { scope: string; kind: WriteKind; deadline: number },
): Promise<number> {
  const now = clock.now();
  if (!isPaced((await locks.read(scope)).pace[kind], now)) return now;
  let turn = now;
  await locks.change(scope, (ledger) => {
    const pace = ledger.pace[kind];
    turn = clock.now();
    if (!isPaced(pace, turn)) return undefined;
    turn = Math.max(turn, pace.next);
    // a turn that nobody waits for would be lost to all
    if (turn > deadline) return undefined;
    return { ...ledger, pace: { ...ledger.pace, [kind]: { ...pace, next: turn + pace.intervalMs } } };
  });
  return turn;
}

/** After a first 429 the identity's rate holds for all its writers, after a second one the subscription's for all of its. */
export async function slowDown(
  context: AccessContext,
  { identityId, kind }: Write,
  { fault, times }: { fault: ArmFault; times: number },
): Promise<void> {
  await hold(context, { scope: identityId, kind, wait: fault.retryAfterMs, intervalMs: IDENTITY_INTERVAL_MS });
  if (times < 2) return;
  const scope = subscriptionScope(identityId);
  // the time that Azure names is this identity's own
  await hold(context, { scope, kind, wait: undefined, intervalMs: SUBSCRIPTION_INTERVAL_MS });
}

async function hold(
  { locks, clock }: AccessContext,
  options: { scope: string; kind: WriteKind; wait: number | undefined; intervalMs: number },
): Promise<void> {
  const { scope, kind, intervalMs } = options;
  const now = clock.now();
  const from = now + (options.wait ?? intervalMs);
  await locks.change(scope, (ledger) => {
    const next = Math.max(from, ledger.pace[kind]?.next ?? 0);
    return { ...ledger, pace: { ...ledger.pace, [kind]: { next, intervalMs, until: now + PACED_FOR_MS } } };
  });
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
