import { guardName, guardOwner, isSameRepository } from './model/guards.ts';
import { OTHER_WAY, slugOf, toNamespace, toNaming } from './model/names.ts';
import { isWanting } from './model/desired.ts';
import { newRecord } from './model/record-event.ts';
import { toAuditSubject } from './ports/audit.ts';
import { ProvisionerError } from '../errors.ts';
import type { Lease, Ports, StoredRecord } from './ports/ports.ts';
import { type EnvironmentRequest, toRepository } from './model/request.ts';

export type LeasedRecord =
  | { kind: 'held'; slug: string; lease: Lease; created?: StoredRecord | undefined }
  | { kind: 'busy' | 'nothing-to-do' | 'refused' };

/**
 * Leases the request's record, which is found or created if the environment has none of that name. Most requests are for
 * one that exists: it is read once, under the lease.
 */
export async function leaseRecord(ports: Ports, request: EnvironmentRequest): Promise<LeasedRecord> {
  const { records } = ports;
  const leased = await records.lease(request.environment);
  if (leased.kind === 'held') return { ...leased, slug: request.environment };
  if (leased.kind === 'busy') return leased;
  const found = await findMissing(ports, request);
  if (found.kind !== 'found' && found.kind !== 'created') return found;
  const slug = found.stored.record.name;
  const own = await records.lease(slug);
  if (own.kind === 'missing') throw wentAway(slug);
  if (own.kind === 'busy') return own;
  // to provision, the record just created needs no second read: nothing is written outside before it is written by its ETag
  const isNew = found.kind === 'created' && isWanting(request.reason);
  return { ...own, slug, created: isNew ? found.stored : undefined };
}

export function wentAway(slug: string): ProvisionerError {
  return new ProvisionerError('conflict', `the record of environment ${slug} went away`, { object: `record ${slug}` });
}

type FoundRecord =
  | { kind: 'found'; stored: StoredRecord }
  | { kind: 'created'; stored: StoredRecord }
  | { kind: 'nothing-to-do' }
  | { kind: 'refused' };

/** The record of a request if there is none of its name: that of a renamed repository, or a new one. A removal creates none. */
async function findMissing(ports: Ports, request: EnvironmentRequest): Promise<FoundRecord> {
  const renamed = await findRenamed(ports, request);
  if (renamed !== undefined) return { kind: 'found', stored: renamed };

  const refusal = guardSlug(ports, request);
  if (refusal !== undefined) {
    ports.log.warn('refused', { environment: request.environment, guard: refusal.guard, reason: refusal.reason });
    const reason = `${refusal.guard}: ${refusal.reason}`;
    ports.audit?.note({ ...toAuditSubject(request), action: request.reason, result: 'refused', reason });
    return { kind: 'refused' };
  }
  if (!isWanting(request.reason)) {
    const live = await ports.cluster.readNamespace(toNamespace(request.environment));
    if (live === undefined || (request.reason !== 'delete' && request.reason !== 'deprovision')) {
      ports.log.info('nothing to do', { environment: request.environment, reason: request.reason });
      return { kind: 'nothing-to-do' };
    }
    const foreign = guardOwner(live, { repository: request.repository, ref: request.ref, slug: request.environment });
    if (foreign !== undefined) ports.log.warn('found', { environment: request.environment, reason: foreign.reason });
  }
  const made = await ports.records.create(newRecord(request));
  if (made.kind === 'created') return made;
  const other = await ports.records.read(request.environment);
  if (other !== undefined) return { kind: 'found', stored: other };
  // there was one a moment ago: asking again loses nothing, and a dropped delete would leave the environment standing
  throw wentAway(request.environment);
}

/** A repository that was renamed or given a prefix keeps its environments under their existing slugs. */
export async function findRenamed(
  ports: {
    records: Pick<Ports['records'], 'areNamed' | 'list' | 'noteNamings' | 'read'>;
    settings: Ports['settings'];
  },
  request: Pick<EnvironmentRequest, 'environment' | 'ref' | 'repository'>,
  { writes = true } = {},
): Promise<StoredRecord | undefined> {
  const { records, settings } = ports;
  const { owners, way } = toNaming(request.repository, settings);
  // all their environments follow today's naming: the read by slug would have found it
  const isNamedNow = request.environment === slugOf(request, settings);
  if (isNamedNow && (await records.areNamed(owners, way))) return undefined;
  let hasOthers = false;
  for await (const summary of records.list()) {
    const { name, ref, phase } = summary;
    if (phase === 'gone' || !isSameRepository(toRepository(summary), request.repository)) continue;
    if (ref === request.ref) return records.read(name);
    hasOthers ||= name !== slugOf({ repository: request.repository, ref }, settings);
  }
  // noted before anything with this name is created: after a crash, nobody would search for it otherwise
  if (writes) await records.noteNamings(owners, hasOthers ? [way, OTHER_WAY] : [way]);
  return undefined;
}

/** A request may only name the environment of its own repository and ref. */
function guardSlug(ports: Ports, request: EnvironmentRequest): ReturnType<typeof guardName> {
  return guardName({ namespace: toNamespace(request.environment), slug: slugOf(request, ports.settings) });
}
