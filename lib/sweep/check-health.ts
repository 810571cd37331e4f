import type { Ports } from '../environment/ports/ports.ts';
import type { Survey as Health } from '../environment/ports/readiness.ts';
import type { RecordSummary } from '../environment/model/record-summary.ts';
import { toLogFields } from '../errors.ts';

/**
 * The ready environments to check: something in the namespace is not up, pods that can't be listed may hide restarts,
 * or there are remarks, whose cause may be gone. All are found by lists over the whole cluster, never one by one.
 * None where the cluster does not answer: environments keep their phase until it does.
 */
export async function findUnwell(ports: Ports, records: readonly RecordSummary[]): Promise<RecordSummary[]> {
  const ready = records.filter(({ phase, ref }) => phase === 'ready' && ref !== '');
  if (ready.length === 0) return [];
  try {
    const health = await ports.cluster.survey();
    if (health.unread.length > 0) ports.log.warn('not all kinds can be surveyed', { kinds: health.unread });
    return ready.filter((summary) => isUnwell(summary, health));
  } catch (thrown) {
    ports.log.error('environments not surveyed', { ...toLogFields(thrown) });
    return [];
  }
}

function isUnwell({ namespace, warnings }: RecordSummary, { suspect, unread }: Health): boolean {
  return unread.length > 0 || suspect.has(namespace) || (warnings ?? 0) > 0;
}
