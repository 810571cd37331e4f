import { parseOwnCredential, toCredentialName } from '../environment/model/names.ts';
import { newRecord, note } from '../environment/model/record-event.ts';
import type { Lease, Ports } from '../environment/ports/ports.ts';
import type { EnvironmentRecord } from '../environment/model/record.ts';
import { toIso } from '../environment/steps/reconciliation.ts';
import { ProvisionerError, toLogFields } from '../errors.ts';

/** A call may be sent only while the lease outlives its timeout by this much (DESIGN, leases). */
const LEASE_MARGIN_MS = 10_000;
const FEWEST = 3;
const SHARE = 0.25;
/** Nothing tells any more whose branch it was. */
const UNKNOWN = 'unknown/unknown';

interface Orphan {
  slug: string;
  namespace: string;
  identity: string;
}

export interface SweptOrphans {
  /** `FederatedCredential/identity/name` of each that was removed. */
  removed: string[];
  failed: number;
  /** Of the identities that could be listed. */
  slots?: { used: number; free: number };
}

/** Azure keeps at most so many federated credentials on one identity. */
const SLOTS_PER_IDENTITY = 20;
/** AKS makes this one where an identity is bound to a cluster; it belongs to nobody else. */
const MADE_BY_AKS = 'aks-identity-binding';

/**
 * Removes federated credentials that are exactly of our making and whose environment is gone: no record of it but a gone
 * one, and no namespace. None at all where a list failed or there are more than the brakes let through.
 */
export async function sweepOrphans(ports: Ports): Promise<SweptOrphans> {
  const swept: SweptOrphans = { removed: [], failed: 0 };
  if (ports.settings.mode === 'observe') return swept;
  // credentials before records: an environment that is made meanwhile is in the second list
  const { orphans, own, unread, foreign, slots } = await findOrphans(ports);
  swept.slots = slots;
  for (const held of foreign) ports.log.warn('foreign-credential', { ...held });
  if (orphans.length === 0) return swept;
  const limit = ports.settings.sweepMaxDeletions ?? Math.max(FEWEST, Math.floor(own * SHARE));
  if (unread > 0 || orphans.length > limit) {
    const reason =
      unread > 0 ? `${unread} identities could not be listed` : `SWEEP_MAX_DELETIONS lets ${limit} through`;
    ports.log.warn('orphaned credentials left alone', { orphans: orphans.length, own, reason });
    return swept;
  }
  for (const orphan of orphans) {
    try {
      swept.removed.push(...(await removeOrphan(ports, orphan)));
    } catch (thrown) {
      swept.failed += 1;
      ports.log.error('orphaned credential not removed', { environment: orphan.slug, ...toLogFields(thrown) });
    }
  }
  return swept;
}

interface Found {
  orphans: Orphan[];
  own: number;
  unread: number;
  /** Credentials on identities of the pool that no configuration of this app explains. */
  foreign: { identity: string; name: string; subject: string }[];
  slots: { used: number; free: number };
}

async function findOrphans(ports: Ports): Promise<Found> {
  const { issuer, identities, unread } = await ports.credentials.holdings();
  const foreign: Found['foreign'] = [];
  const used = identities.reduce((sum, { credentials }) => sum + credentials.length, 0);
  const found = {
    unread: unread.length,
    foreign,
    slots: { used, free: identities.length * SLOTS_PER_IDENTITY - used },
  };
  const template = ports.settings.credentialName;
  const own = identities.flatMap(({ identity, credentials }) =>
    credentials.flatMap((held) => {
      const parsed = parseOwnCredential(held, { issuer, template });
      if (parsed !== undefined) return [{ ...parsed, identity }];
      if (held.name !== MADE_BY_AKS) foreign.push({ identity, name: held.name, subject: held.subject });
      return [];
    }),
  );
  if (own.length === 0) return { orphans: [], own: 0, ...found };
  const alive = new Set<string>();
  for await (const { name, phase } of ports.records.list()) if (phase !== 'gone') alive.add(name);
  const orphans: Orphan[] = [];
  for (const { slug, namespace, identity } of own) {
    const isCounted = orphans.some((one) => one.slug === slug && one.identity === identity);
    if (isCounted || alive.has(slug)) continue;
    if ((await ports.cluster.readNamespace(namespace)) === undefined) orphans.push({ slug, namespace, identity });
  }
  return { orphans, own: own.length, ...found };
}

/** Under the lease of its record, so that nobody makes the environment meanwhile; where there is none, a gone one is made. */
async function removeOrphan(ports: Ports, orphan: Orphan): Promise<string[]> {
  const { slug } = orphan;
  if ((await ports.records.read(slug)) === undefined) await ports.records.create(toTombstone(ports, slug));
  const leased = await ports.records.lease(slug);
  if (leased.kind === 'busy') return [];
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
