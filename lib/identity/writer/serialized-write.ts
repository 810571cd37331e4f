import { nameOfIdentity } from '../../azure/arm-client.ts';
import type { Clock, Lease } from '../../environment/ports/ports.ts';
import type { Gate } from '../managed-identities.ts';
import type { IdentityContext } from '../context.ts';
import { type Write, cancelWrite, earliestWrite, reserveWrite } from './rate-limit.ts';
import type { WriteGuard } from '../../environment/ports/cluster.ts';
import { ProvisionerError } from '../../errors.ts';

/** The lock is taken this long before the write: a lock held while waiting would be lost to a crash for 30 s. */
const LOCK_AHEAD_MS = 700;
/** Who has not got it by then cancels the write: the holder may have died. */
const LOCK_WITHIN_MS = 500;

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
  const { clock, locks, timeoutMs } = context;
  const { identityId } = write;
  const reserved = await reserveWrite(context, write, { deadline });
  if (reserved !== undefined) await sleepUntil(clock, reserved - LOCK_AHEAD_MS);
  let isLocked = false;
  try {
    return await locks.withLock(
      identityId,
      async (lock) => {
        isLocked = true;
        await sleepUntil(clock, await earliestWrite(context, write, { reserved, deadline }));
        return work(gateOf({ writeGuard, lock, identityId, timeoutMs }));
      },
      reserved === undefined ? {} : { withinMs: LOCK_WITHIN_MS },
    );
  } catch (error) {
    if (reserved !== undefined && !isLocked) await cancelWrite(context, write, reserved).catch(() => undefined);
    throw error;
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
  lock: Pick<Lease, 'remainingMs'>;
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
