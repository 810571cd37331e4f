import { guardName, guardOwner, isSameRepository } from './model/guards.ts';
import { OTHER_WAY, slugOf, toNamespace, toNaming } from './model/names.ts';
import { isWanting } from './model/desired.ts';
import { newRecord } from './model/record-event.ts';
import { toAuditSubject } from './ports/audit.ts';
import type { Ports, StoredRecord } from './ports/ports.ts';
import type { EnvironmentRequest } from './model/request.ts';

export type FoundRecord = { kind: 'found'; stored: StoredRecord } | { kind: 'nothing-to-do' } | { kind: 'refused' };

/** Finds the request's record, or creates it; a removal never creates one. */
export async function findRecord(ports: Ports, request: EnvironmentRequest): Promise<FoundRecord> {
  const stored = await ports.records.read(request.environment);
  if (stored !== undefined) return { kind: 'found', stored };
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
  if (made.kind === 'created') return { kind: 'found', stored: made.stored };
  const other = await ports.records.read(request.environment);
  return other === undefined ? { kind: 'nothing-to-do' } : { kind: 'found', stored: other };
}

/** A repository that was renamed or given a prefix keeps its environments under their existing slugs. */
export async function findRenamed(
  ports: Ports,
  request: EnvironmentRequest,
  { writes = true } = {},
): Promise<StoredRecord | undefined> {
  const { records, settings } = ports;
  const { owners, way } = toNaming(request.repository, settings);
  // all their environments follow today's naming: the read by slug would have found it
  const isNamedNow = request.environment === slugOf(request, settings);
  if (isNamedNow && (await records.areNamed(owners, way))) return undefined;
  let hasOthers = false;
  for await (const { name, repository, repositoryId, ref, phase } of records.list()) {
    const holder = { fullName: repository, ...(repositoryId !== undefined && { id: repositoryId }) };
    if (phase === 'gone' || !isSameRepository(holder, request.repository)) continue;
    if (ref === request.ref) return records.read(name);
    hasOthers ||= name !== slugOf({ repository: request.repository, ref }, settings);
  }
  // noted before anything with this name is created: after a crash, nobody would look for it otherwise
  if (writes) await records.noteNamings(owners, hasOthers ? [way, OTHER_WAY] : [way]);
  return undefined;
}

/** A request may only name the environment of its own repository and ref. */
function guardSlug(ports: Ports, request: EnvironmentRequest): ReturnType<typeof guardName> {
  return guardName({ namespace: toNamespace(request.environment), slug: slugOf(request, ports.settings) });
}
