import { guardName, guardOwner, isSameRepository } from './guards.ts';
import { toNamespace, toSlug } from './names.ts';
import { isWanting } from './desired.ts';
import { newRecord } from './observe.ts';
import type { Peers, StoredRecord } from './peers.ts';
import type { EnvironmentRequest } from './request.ts';

/** The record that the request is about, made where it must be: never for the removal of what is not there. */
export async function findRecord(
  peers: Peers,
  request: EnvironmentRequest,
): Promise<StoredRecord | 'nothing-to-do' | 'refused'> {
  const stored = await peers.records.read(request.environment);
  if (stored !== undefined) return stored;
  const renamed = await findRenamed(peers, request);
  if (renamed !== undefined) return renamed;

  const refusal = guardSlug(peers, request);
  if (refusal !== undefined) {
    peers.log.warn('refused', { environment: request.environment, guard: refusal.guard, reason: refusal.reason });
    return 'refused';
  }
  if (!isWanting(request.reason)) {
    const live = await peers.cluster.readNamespace(toNamespace(request.environment));
    if (live === undefined || (request.reason !== 'delete' && request.reason !== 'deprovision')) {
      peers.log.info('nothing to do', { environment: request.environment, reason: request.reason });
      return 'nothing-to-do';
    }
    const foreign = guardOwner(live, { repository: request.repository, ref: request.ref, slug: request.environment });
    if (foreign !== undefined) peers.log.warn('found', { environment: request.environment, reason: foreign.reason });
  }
  const made = await peers.records.create(newRecord(request));
  if (made !== 'exists') return made;
  return (await peers.records.read(request.environment)) ?? 'nothing-to-do';
}

/** A repository that was renamed, or given a prefix, keeps its environments under the slugs that they have. */
export async function findRenamed(peers: Peers, request: EnvironmentRequest): Promise<StoredRecord | undefined> {
  for await (const { name, repository, repositoryId, ref, phase } of peers.records.list()) {
    if (ref !== request.ref || phase === 'gone') continue;
    const holder = { fullName: repository, ...(repositoryId !== undefined && { id: repositoryId }) };
    if (isSameRepository(holder, request.repository)) return peers.records.read(name);
  }
  return undefined;
}

/** A request may name no other environment than the one of its repository and ref. */
function guardSlug(peers: Peers, request: EnvironmentRequest): ReturnType<typeof guardName> {
  const { fullName } = request.repository;
  const configured = peers.settings.repositories.find((one) => one.fullName.toLowerCase() === fullName.toLowerCase());
  const slug = toSlug({ repository: fullName, ref: request.ref, prefix: configured?.prefix });
  return guardName({ namespace: toNamespace(request.environment), slug });
}
