import { type Actor, newRequest, toRepository } from '../environment/model/request.ts';
import type { RecordSummary } from '../environment/model/record-summary.ts';
import type { Ports } from '../environment/ports/ports.ts';
import { findUnwell } from './check-health.ts';
import { eachAtOnce } from './each.ts';
import type { Ask } from './findings.ts';

/** Who asks for what a sweep finds. */
export const SWEEP: Actor = { kind: 'system', name: 'sweep' };

interface Counted {
  queued: string[];
  failed: number;
}

/** Queues what a sweep asks for. `at`: when its lists were begun, in ms since the epoch. */
export async function send(ports: Ports, { swept, ask, at }: { swept: Counted; ask: Ask; at: number }): Promise<void> {
  const { slug, repository, ref, reason, why, sha, pullRequest } = ask;
  const id = ports.newId();
  const asked = {
    ...{ id, environment: slug, repository, ref, reason, actor: SWEEP, why },
    ...(sha !== undefined && { sha }),
    ...(pullRequest !== undefined && { pullRequest }),
  };
  // a request that says what somebody wants dates from before the lists: whatever a person asked since is newer
  await ports.requests.send(newRequest(asked, reason === 'sweep' ? ports.clock.now() : at));
  const subject = { actor: SWEEP, environment: slug, repository: repository.fullName, ref, requestId: id };
  ports.audit?.note({ ...subject, action: reason, result: 'decided', reason: why });
  swept.queued.push(slug);
}

/** A check of health needs neither GitHub nor a comparison of every object; who is asked for anyway, or deleted, gets none. */
export async function checkHealth(
  ports: Ports,
  { swept, records, asks }: { swept: Counted; records: readonly RecordSummary[]; asks: readonly Ask[] },
): Promise<void> {
  const asked = new Set([...swept.queued, ...asks.map(({ slug }) => slug)]);
  const unwell = (await findUnwell(ports, records))
    .filter(({ name }) => !asked.has(name))
    .map((summary) => ({ slug: summary.name, repository: toRepository(summary), ref: summary.ref }));
  await eachAtOnce(ports, swept, unwell, async ({ slug, repository, ref }) => {
    const check = { id: ports.newId(), environment: slug, repository, ref, reason: 'check', actor: SWEEP } as const;
    await ports.requests.send(newRequest(check, ports.clock.now()));
    swept.queued.push(slug);
  });
}
