import { ProvisionerError } from '../../errors.ts';
import { guardIdentity, guardOwner, guardUid, type Refusal } from '../model/guards.ts';
import { type Guarded, type Reconciliation, named } from './reconciliation.ts';
import type { WriteGuard } from '../ports/cluster.ts';

/** Guard 3, asked now; throws `gone` where the namespace went away. */
export async function stillOurs(run: Reconciliation): Promise<Refusal | undefined> {
  const foreign = await named(run, 'guards', () => confirmOwner(run));
  if (foreign !== undefined) return foreign;
  if (run.owned === undefined) {
    const { namespace } = run.record;
    throw new ProvisionerError('gone', `namespace ${namespace} went away while it was written to`, {
      object: `Namespace/${namespace}`,
    });
  }
  return undefined;
}

/** A call is sent only if the lease outlives its timeout by this much (DESIGN, The shape). */
const LEASE_MARGIN_MS = 10_000;
/** After a pause this long the namespace's owner is read again. */
const TRUST_MS = 5_000;
/** After this many answers in a row that were already stale on arrival, the attempt ends. */
const SLOW_LOOKS = 3;

/** Reads the namespace and checks guards 3 and 4. */
export async function confirmOwner(run: Guarded): Promise<Refusal | undefined> {
  const { ports, record } = run;
  // counted from before the call: a paused host would read an old answer
  const askedAt = ports.clock.now();
  const live = await ports.cluster.readNamespace(record.namespace);
  run.confirmedAt = askedAt;
  const before = run.owned;
  if (live === undefined) {
    delete run.owned;
    return undefined;
  }
  const refusal =
    guardOwner(live, { repository: record.repository, ref: record.ref, slug: record.name }) ??
    guardIdentity(live, record) ??
    (before === undefined ? undefined : guardUid(live, before.uid));
  if (refusal !== undefined) {
    run.lost = refusal;
    return refusal;
  }
  run.owned = live;
  // known by its claim: from here on the uid says which one it is
  record.uid ??= live.uid;
  return undefined;
}

/** Guards a write by the lease alone: for removals that carry their own preconditions. */
export function guardByLease(run: Reconciliation): WriteGuard {
  return (timeoutMs) => {
    if (run.lease.remainingMs() < timeoutMs + LEASE_MARGIN_MS) {
      throw new ProvisionerError('lease-lost', `the lease of environment ${run.record.name} ends too soon to write`, {
        object: `record ${run.record.name}`,
      });
    }
    return undefined;
  };
}

/** Guards a write into or for the namespace: the lease holds, and the namespace is still ours. */
export function guardByOwner(run: Reconciliation): WriteGuard {
  const byLease = guardByLease(run);
  const object = `Namespace/${run.record.namespace}`;
  let pending: Promise<void> | undefined;
  let slow = 0;
  const confirm = async (): Promise<void> => {
    const refusal = await confirmOwner(run);
    if (refusal !== undefined) throw new ProvisionerError('conflict', refusal.reason, { object });
    if (run.owned === undefined) {
      throw new ProvisionerError('gone', `namespace ${run.record.namespace} went away while it was written to`, {
        object,
      });
    }
    slow = run.ports.clock.now() - run.confirmedAt <= TRUST_MS ? 0 : slow + 1;
    if (slow < SLOW_LOOKS) return;
    throw new ProvisionerError('unavailable', 'the API server answers too slowly to write by its answers', { object });
  };
  return (timeoutMs) => {
    void byLease(timeoutMs);
    if (run.lost !== undefined) throw new ProvisionerError('conflict', run.lost.reason, { object });
    if (run.ports.clock.now() - run.confirmedAt <= TRUST_MS) return undefined;
    pending ??= confirm().finally(() => (pending = undefined));
    return pending;
  };
}
