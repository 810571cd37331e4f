import { isCheckDue } from '../environment/steps/applied-state.ts';
import type { Ports } from '../environment/ports/ports.ts';
import type { EnvironmentRecord, RecordSummary } from '../environment/model/record.ts';
import { toLogFields } from '../errors.ts';
import { sweepOrphans } from './orphans.ts';

/** How long a gone record stays as a tombstone. */
const TOMBSTONE_MS = 30 * 24 * 60 * 60 * 1000;

export interface Swept {
  looked: number;
  queued: string[];
  removed: string[];
  /** Federated credentials of environments that are gone, as `FederatedCredential/identity/name`. */
  orphans: string[];
  failed: number;
  /** How many environments are in each phase. */
  phases: Record<string, number>;
  /** Credential slots of the pool; absent where it was not listed. */
  slots?: { used: number; free: number };
}

/**
 * Asks for a look at whatever is neither ready nor gone, of an older template, or not looked at for DRIFT_INTERVAL; and
 * removes old tombstones and orphaned credentials.
 */
export async function sweep(ports: Ports): Promise<Swept> {
  const swept: Swept = { looked: 0, queued: [], removed: [], orphans: [], failed: 0, phases: {} };
  for await (const summary of ports.records.list()) {
    swept.looked += 1;
    swept.phases[summary.phase] = (swept.phases[summary.phase] ?? 0) + 1;
    try {
      await sweepOne(ports, { summary, swept });
    } catch (thrown) {
      // one that cannot be swept must not keep the others from it
      swept.failed += 1;
      ports.log.error('not swept', { environment: summary.name, ...toLogFields(thrown) });
    }
  }
  await sweepCredentials(ports, swept);
  const { looked, failed, phases, slots } = swept;
  const [queued, removed, orphans] = [swept.queued.length, swept.removed.length, swept.orphans.length];
  ports.log.info('swept', { looked, queued, removed, orphans, failed, phases, ...(slots && { slots }) });
  return swept;
}

async function sweepCredentials(ports: Ports, swept: Swept): Promise<void> {
  try {
    const { removed, failed, slots } = await sweepOrphans(ports);
    swept.orphans.push(...removed);
    if (slots !== undefined) swept.slots = slots;
    swept.failed += failed;
  } catch (thrown) {
    // Azure out of reach keeps nobody from the rest
    swept.failed += 1;
    ports.log.error('orphaned credentials not looked for', { ...toLogFields(thrown) });
  }
}

async function sweepOne(ports: Ports, { summary, swept }: { summary: RecordSummary; swept: Swept }): Promise<void> {
  const { name, phase } = summary;
  const now = ports.clock.now();
  if (phase === 'gone') {
    if (now - Date.parse(summary.at) < TOMBSTONE_MS) return;
    const stored = await ports.records.read(name);
    if (stored?.record.phase !== 'gone') return;
    await ports.records.remove(name, stored.etag);
    swept.removed.push(name);
    return;
  }
  const isCurrent =
    summary.template === (summary.manifests ?? ports.overlays.hash) && !isCheckDue(summary.checkedAt, ports);
  if (phase === 'ready' && isCurrent) return;
  const about = await readBranch(ports, summary);
  if (about === undefined) return;
  const at = new Date(now).toISOString();
  await ports.requests.send({
    v: 1,
    id: ports.newId(),
    environment: name,
    ...about,
    reason: 'sweep',
    actor: { kind: 'system', name: 'sweep' },
    at,
    attempt: 0,
    since: at,
  });
  swept.queued.push(name);
}

/** Whose environment it is; where the list does not know, the record is read, which throws where it is damaged. */
async function readBranch(
  { records }: Ports,
  summary: RecordSummary,
): Promise<Pick<EnvironmentRecord, 'repository' | 'ref'> | undefined> {
  const { name, repository, repositoryId, ref } = summary;
  if (ref !== '')
    return { repository: { fullName: repository, ...(repositoryId !== undefined && { id: repositoryId }) }, ref };
  const stored = await records.read(name);
  return stored && { repository: stored.record.repository, ref: stored.record.ref };
}
