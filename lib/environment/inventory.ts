import type { InventoryEntry } from './model/record.ts';
import type { KubeObject } from './kube-object.ts';

interface Identified {
  apiVersion: string;
  kind: string;
  name: string;
}

/** One object whatever version of its API it was applied by. */
function identityOf({ apiVersion, kind, name }: Identified): string {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return `${group}/${kind}/${name}`;
}

/** The inventory after an apply: what it names anew is as it says, the rest as before. */
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

/** What was applied once and is rendered no more. */
export function findLeftovers(inventory: readonly InventoryEntry[], rendered: readonly KubeObject[]): InventoryEntry[] {
  const wanted = new Set(
    rendered.map(({ apiVersion, kind, metadata: { name } }) => identityOf({ apiVersion, kind, name })),
  );
  return inventory.filter((entry) => !wanted.has(identityOf(entry)));
}
