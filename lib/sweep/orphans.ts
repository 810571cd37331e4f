import { toCredentialName } from '../environment/model/names.ts';
import { newRecord, note } from '../environment/model/record-event.ts';
import type { Lease, Ports } from '../environment/ports/ports.ts';
import type { EnvironmentRecord } from '../environment/model/record.ts';
import { toIso } from '../environment/steps/reconciliation.ts';
import { ProvisionerError } from '../errors.ts';
import type { Orphan } from './survey.ts';

/** A call may be sent only while the lease outlives its timeout by this much (DESIGN, leases). */
const LEASE_MARGIN_MS = 10_000;
/** Nothing tells any more whose branch it was. */
const UNKNOWN = 'unknown/unknown';

/**
 * Removes federated credentials that are exactly of our making and whose environment is gone. Under the lease of its
 * record, so that nobody makes the environment meanwhile; where there is none, a gone one is made.
 */
export async function removeOrphan(ports: Ports, orphan: Orphan): Promise<string[]> {
  const { slug } = orphan;
  if ((await ports.records.read(slug)) === undefined) await ports.records.create(toTombstone(ports, slug));
  const leased = await ports.records.lease(slug);
  if (leased.kind !== 'held') return [];
  const { lease } = leased;
  try {
    const stored = await ports.records.read(slug);
    if (stored?.record.phase !== 'gone' || (await ports.cluster.readNamespace(orphan.namespace))) return [];
    const removed = await revokeOrphan(ports, orphan, lease);
    if (removed.length === 0) return [];
    note(stored.record, { at: toIso(ports.clock.now()), what: 'orphan removed', why: removed.join(', ') });
    await ports.records.write(stored.record, { etag: stored.etag, lease });
    return removed;
  } finally {
    await lease.release();
  }
}

/** Claims nothing: the next branch of this slug takes it over. */
function toTombstone({ clock }: Ports, slug: string): EnvironmentRecord {
  const at = toIso(clock.now());
  const repository = { fullName: UNKNOWN };
  const request = { v: 1, id: '', environment: slug, repository, ref: slug, attempt: 0, at, since: at } as const;
  return { ...newRecord({ ...request, reason: 'sweep' }), phase: 'gone' };
}

async function revokeOrphan(ports: Ports, { slug, namespace, identity }: Orphan, lease: Lease): Promise<string[]> {
  const template = ports.settings.credentialName;
  const nameOf = (serviceAccount: string): string => toCredentialName({ slug, serviceAccount, template });
  const request = { slug, namespace, wanted: [], identity, nameOf };
  const changes = await ports.credentials.remove(request, (timeoutMs) => {
    if (lease.remainingMs() >= timeoutMs + LEASE_MARGIN_MS) return undefined;
    throw new ProvisionerError('lease-lost', `the lease of environment ${slug} ends too soon to write`, {
      object: `record ${slug}`,
    });
  });
  const removed = changes.map(({ object }) => object);
  ports.log.warn('orphaned credential removed', { environment: slug, removed });
  return removed;
}
