import type { Ports } from '../environment/ports/ports.ts';
import type { RecordSummary } from '../environment/model/record-summary.ts';

/** A request may wait for its environment for a day before the record names what it brought. */
const UNNAMED_MS = 2 * 24 * 60 * 60 * 1000;

/** Removes manifests that branches brought along and that no record names any more: their request failed, or was lost. */
export async function collectUploads(ports: Ports, records: readonly RecordSummary[]): Promise<string[]> {
  const { branchTemplates, clock, log } = ports;
  if (branchTemplates === undefined) return [];
  const named = new Map(records.map((summary) => [summary.name, summary]));
  const removed: string[] = [];
  for await (const { slug, digest, storedAt } of branchTemplates.list()) {
    if (clock.now() - storedAt < UNNAMED_MS || isNamed(named.get(slug), digest)) continue;
    await branchTemplates.remove(slug, digest);
    removed.push(`${slug}/${digest}`);
  }
  if (removed.length > 0) log.info('manifests removed that no record names', { uploads: removed.slice(0, 100) });
  return removed;
}

/** A record whose list entry is damaged may name anything. */
function isNamed(summary: RecordSummary | undefined, digest: string): boolean {
  if (summary === undefined) return false;
  return summary.ref === '' || summary.manifests === digest;
}
