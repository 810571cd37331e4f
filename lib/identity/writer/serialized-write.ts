import { nameOfIdentity } from '../../azure/arm-client.ts';
import { readArmFault } from '../../azure/arm-error.ts';
import type { Clock } from '../../environment/ports/ports.ts';
import type { Gate } from '../managed-identities.ts';
import type { IdentityContext } from '../context.ts';
import { type Ledger, withoutSeen } from '../ledger/ledger.ts';
import type { HeldLock } from './identity-lock.ts';
import { type Write, earliestWrite, noteThrottled, reserveWrite } from './rate-limit.ts';
import type { WriteGuard } from '../../environment/ports/cluster.ts';
import { ProvisionerError } from '../../errors.ts';
import { noteRetry } from '../../telemetry/retries.ts';

/** The lock is taken this long before the write: a lock held while waiting would be lost to a crash for 30 s. */
const LOCK_AHEAD_MS = 700;
/** Who has not got it by then is requeued: the holder may have died. */
const LOCK_WITHIN_MS = 500;

/** Who has a moment goes on for so long after the deadline: given up, it would be lost to all. */
const PATIENCE_MS = 4_000;

export interface SerializedWrite {
  write: Write;
  writeGuard: WriteGuard;
  deadline: number;
}

/** Runs the work as the identity's only writer, within Azure's rate. The work asks the gate right before it sends. */
export async function writeSerially<T>(
  context: IdentityContext,
  { write, writeGuard, deadline }: SerializedWrite,
  work: (gate: Gate) => Promise<T>,
): Promise<T> {
  const { clock, locks } = context;
  const { identityId } = write;
  const latest = deadline + PATIENCE_MS;
  let at = await reserveWrite(context, write, { deadline });
  for (;;) {
    if (at !== undefined) {
      await sleepUntil(clock, at - LOCK_AHEAD_MS);
      at = await earliestWrite(context, write, { reserved: at, deadline: latest });
      if (at - LOCK_AHEAD_MS > clock.now()) continue;
    }
    const reserved = at;
    const send = async (lock: HeldLock): Promise<T> => {
      await sleepUntil(clock, await earliestWrite(context, write, { reserved, deadline: latest }));
      const turn = reserved && (await reserveWrite(context, write, { deadline: latest, of: 'subscription' }));
      if (turn !== undefined) await sleepUntil(clock, turn);
      return work(gateOf(context, { writeGuard, lock, identityId, deadline }));
    };
    try {
      return await locks.withLock(identityId, send, reserved === undefined ? {} : { withinMs: LOCK_WITHIN_MS });
    } catch (error) {
      const fault = readArmFault(error);
      if (fault?.status !== 429) throw error;
      await noteThrottled(context, write, fault);
      noteRetry('azure', '429');
      at = await earliestWrite(context, write, { reserved: clock.now(), deadline: latest });
    }
  }
}

async function sleepUntil(clock: Clock, at: number): Promise<void> {
  if (at > clock.now()) await clock.sleep(at - clock.now());
}

/** Leases don't fence: a call must end this long before the lease may (DESIGN, The shape). */
const MARGIN_MS = 10_000;

/** Longer after the deadline nothing is sent: the process has stood still, and what it read under the lock is outdated. */
const LATE_MS = 10_000;

/** Asked right before a write is sent: the caller's lease and the identity's lock must both outlive the call. */
export function gateOf(
  { clock, timeoutMs }: Pick<IdentityContext, 'clock' | 'timeoutMs'>,
  { writeGuard, lock, identityId, deadline }: Omit<SerializedWrite, 'write'> & { lock: HeldLock; identityId: string },
): Gate {
  const name = nameOfIdentity(identityId);
  const refuse = (why: string) => new ProvisionerError('lease-lost', why, { object: `Identity/${name}` });
  return () => {
    const wait = writeGuard(timeoutMs);
    if (wait !== undefined) return wait;
    if (lock.remainingMs() <= timeoutMs + MARGIN_MS)
      throw refuse(`the lock of identity ${name} would not outlive a write`);
    if (clock.now() > deadline + LATE_MS) throw refuse(`what was read of identity ${name} before a write is too old`);
    return undefined;
  };
}

/** So long after a write was begun under the lock nobody else can have written to the identity. */
const NOTE_WITHIN_MS = 15_000;

/** Notes in the ledger what a write came to, begun at `since`; a later note may undo that of others, so the next look lists. */
export async function noteWritten(
  { clock, locks }: Pick<IdentityContext, 'clock' | 'locks'>,
  { identityId, since }: { identityId: string; since: number },
  note: (ledger: Ledger) => Ledger,
): Promise<void> {
  await locks.change(identityId, (ledger) =>
    clock.now() - since <= NOTE_WITHIN_MS ? note(ledger) : withoutSeen(note(ledger)),
  );
}
