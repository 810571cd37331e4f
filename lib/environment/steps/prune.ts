import { toProvisionerError } from '../../errors.ts';
import { slugLabel } from '../model/labels.ts';
import { type Change, countActions, type InventoryEntry, type KubeObject } from '../ports/cluster.ts';
import { note } from '../model/record-event.ts';
import { type Reconciliation, step, toIso } from './reconciliation.ts';
import { guardByOwner, stillOurs } from './write-guard.ts';

/** Marks what the overlays no longer hold, and only that, as orphaned. */
export function markOrphans(inventory: readonly InventoryEntry[], rendered: readonly KubeObject[]): InventoryEntry[] {
  const orphans = new Set(findLeftovers(inventory, rendered));
  return inventory.map((entry) => {
    const kept = { ...entry };
    delete kept.orphaned;
    return orphans.has(entry) ? { ...kept, orphaned: true as const } : kept;
  });
}

/**
 * Deletes the orphans once everything else is ready: until the roll-out is over, running pods of the old template use
 * them. Nothing is deleted from a namespace that is not ours any more.
 */
export async function pruneOrphans(run: Reconciliation): Promise<void> {
  const { record, ports } = run;
  const orphans = record.inventory.filter(({ orphaned }) => orphaned === true);
  if (orphans.length === 0 || (await stillOurs(run)) !== undefined) return;
  const changes = await step(run, 'prune', () => pruneLeftovers(run, orphans));
  note(record, { at: toIso(ports.clock.now()), what: 'pruned', changes: countActions(changes) });
  ports.log.info('pruned', {
    environment: record.name,
    objects: changes.map(({ action, object }) => `${action} ${object}`).slice(0, 100),
  });
}

/**
 * Deletes what the overlays no longer hold. What may still exist stays in the inventory, so that a later run retries it;
 * a permanent refusal is a warning, since everything that is wanted is there.
 */
async function pruneLeftovers(run: Reconciliation, leftovers: InventoryEntry[]): Promise<Change[]> {
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
    const isClaim = object.startsWith('PersistentVolumeClaim/');
    if (action === 'skipped' && isClaim) record.warnings.push(`${object} is rendered no more and was kept: ${reason}`);
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

function withoutEntries(inventory: readonly InventoryEntry[], gone: readonly InventoryEntry[]): InventoryEntry[] {
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
