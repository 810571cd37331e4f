import type { Clock } from '../../environment/ports/ports.ts';
import type { Gate } from '../managed-identities.ts';
import { type IdentityContext, nameOfIdentity } from '../context.ts';
import type { HeldLock } from './identity-lock.ts';
import { type Write, giveBack, noteSent, readNext, takeTurn } from './rate-limit.ts';
import type { WriteGuard } from '../../environment/ports/cluster.ts';
import { ProvisionerError } from '../../errors.ts';

/** The lock is asked for this long before the turn; held while others wait for theirs, it would be lost to a crash. */
const LOCK_AHEAD_MS = 700;
/** One that has not got it by then gives its turn back in time for another identity: the holder may have died with it. */
const LOCK_WITHIN_MS = 500;
/** One that gets the lock later than this has missed its turn. */
const LATE_MS = 1_000;

export interface InTurn {
  write: Write;
  writeGuard: WriteGuard;
  deadline: number;
  /** The turn that was used last: each attempt needs another. */
  used: { turn: number };
}

/** Runs the work as the identity's only writer, when its turn has come; what can be prepared under the lock is done before. */
export async function inTurn<T>(
  context: IdentityContext,
  { write, writeGuard, deadline, used }: InTurn,
  { prepare, work }: { prepare?: () => Promise<void>; work: (gate: Gate) => Promise<T> },
): Promise<T> {
  const { clock, locks, timeoutMs } = context;
  const { identityId } = write;
  for (;;) {
    const turn = await takeTurn(context, write, { deadline, after: used.turn });
    if (turn !== undefined) {
      used.turn = turn;
      await sleepUntil(clock, turn - LOCK_AHEAD_MS);
    }
    let isLocked = false;
    const locked = locks.withLock(identityId, writeNow, turn === undefined ? {} : { withinMs: LOCK_WITHIN_MS });
    const done = await locked.catch(async (error: unknown) => {
      if (turn !== undefined && !isLocked) await giveBack(context, write, turn).catch(() => undefined);
      throw error;
    });
    if (done !== undefined) return done.result;

    async function writeNow(lock: HeldLock): Promise<{ result: T } | undefined> {
      isLocked = true;
      const next = await readNext(context, write);
      const soonest = Math.max(clock.now(), next ?? 0);
      const isMissed = turn === undefined ? next !== undefined : soonest - turn > LATE_MS;
      if (isMissed) return undefined;
      await prepare?.();
      await sleepUntil(clock, Math.max(turn ?? 0, soonest));
      let sentAt: number | undefined;
      const mayWrite = gateOf({ writeGuard, lock, identityId, timeoutMs });
      const gate = () => {
        const wait = mayWrite();
        if (wait === undefined) sentAt = clock.now();
        return wait;
      };
      // without it the next one may come too early, and what Azure answered counts more
      const noteEnd = () =>
        sentAt === undefined ? undefined : noteSent(context, write, sentAt).catch(() => undefined);
      return { result: await work(gate).finally(noteEnd) };
    }
  }
}

async function sleepUntil(clock: Clock, at: number): Promise<void> {
  if (at > clock.now()) await clock.sleep(at - clock.now());
}

/** Leases don't fence: a call must end this long before the lease may (DESIGN, The shape). */
const MARGIN_MS = 10_000;

/** Asked right before a write is sent: the caller's lease and the identity's lock must both outlive the call. */
export function gateOf(options: {
  writeGuard: WriteGuard;
  lock: HeldLock;
  identityId: string;
  timeoutMs: number;
}): Gate {
  const { writeGuard, lock, identityId, timeoutMs } = options;
  return () => {
    const wait = writeGuard(timeoutMs);
    if (wait !== undefined) return wait;
    if (lock.remainingMs() > timeoutMs + MARGIN_MS) return undefined;
    const name = nameOfIdentity(identityId);
    throw new ProvisionerError('lease-lost', `the lock of identity ${name} would not outlive a write`, {
      object: `Identity/${name}`,
    });
  };
}
