import { toProvisionerError } from '../../errors.ts';
import { slugLabel } from '../model/labels.ts';
import type { InventoryEntry } from '../model/record.ts';
import type { Reconciliation } from './reconciliation.ts';
import type { Change, KubeObject } from '../ports/cluster.ts';
import { guardByOwner } from './write-guard.ts';

/**
 * Deletes what the overlays no longer hold. What may still exist stays in the inventory, so that a later run retries it;
 * a permanent refusal is a warning, since everything that is wanted is there.
 */
export async function pruneLeftovers(run: Reconciliation, leftovers: InventoryEntry[]): Promise<Change[]> {
  const { record, ports } = run;
  const { changes, left, error } = await ports.cluster.prune(leftovers, {
    namespace: record.namespace,
    labels: slugLabel(record.name),
    writeGuard: guardByOwner(run),
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

interface Identified {
  apiVersion: string;
  kind: string;
  name: string;
}

/** Identifies an object, whatever API version applied it. */
function identityOf({ apiVersion, kind, name }: Identified): string {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return `${group}/${kind}/${name}`;
}

/** Merges an apply's entries into the inventory. */
export function mergeInventory(
  before: readonly InventoryEntry[],
  applied: readonly InventoryEntry[],
): InventoryEntry[] {
  const fresh = new Set(applied.map(identityOf));
  return [...before.filter((entry) => !fresh.has(identityOf(entry))), ...applied];
}

export function withoutEntries(
  inventory: readonly InventoryEntry[],
  gone: readonly InventoryEntry[],
): InventoryEntry[] {
  const names = new Set(gone.map(identityOf));
  return inventory.filter((entry) => !names.has(identityOf(entry)));
}

/** What was applied before and is no longer rendered. */
export function findLeftovers(inventory: readonly InventoryEntry[], rendered: readonly KubeObject[]): InventoryEntry[] {
  const wanted = new Set(
    rendered.map(({ apiVersion, kind, metadata: { name } }) => identityOf({ apiVersion, kind, name })),
  );
  return inventory.filter((entry) => !wanted.has(identityOf(entry)));
}
