import { toProvisionerError } from '../../errors.ts';
import { withoutEntries } from '../inventory.ts';
import { ownerLabels } from '../model/labels.ts';
import type { InventoryEntry } from '../model/record.ts';
import { type Session, admitByOwner } from './reconciliation.ts';
import type { Change } from '../ports/cluster.ts';

/**
 * Deletes what the overlays no longer hold. What may still be there stays in the inventory, so that a later look tries
 * again; a refusal that no retry mends is a warning, since everything that is wanted is there.
 */
export async function pruneLeftovers(session: Session, leftovers: InventoryEntry[]): Promise<Change[]> {
  const { record, peers } = session;
  const { changes, left, error } = await peers.cluster.prune(leftovers, {
    namespace: record.namespace,
    labels: ownerLabels(record.name),
    admit: admitByOwner(session),
  });
  const kept = new Set(left);
  record.inventory = withoutEntries(
    record.inventory,
    leftovers.filter((entry) => !kept.has(entry)),
  );
  if (error !== undefined && toProvisionerError(error).retryable) throw error;
  for (const { object, action, reason } of changes) {
    if (action === 'unknown') record.warnings.push(`${object} is rendered no more and was not deleted: ${reason}`);
  }
  return changes;
}
