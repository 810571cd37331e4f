import type { Log, Ports, Requests } from '../environment/ports/ports.ts';
import { toHostError, toLogFields } from '../errors.ts';
import { newRequest, toRepository } from '../environment/model/request.ts';
import type { Phase } from '../environment/model/record.ts';
import type { RecordSummary } from '../environment/model/record-summary.ts';

/** A request is taken up within seconds: after this long without a word, its host was killed with the message in hand. */
const SILENT_MS = 120_000;
const UNDER_WAY: readonly Phase[] = ['queued', 'provisioning'];

export type WatchDeps = Pick<Ports, 'clock' | 'newId' | 'log'> & {
  records: Pick<Ports['records'], 'list'>;
  requests: Pick<Requests, 'send'>;
};

/**
 * Asks for another run of whatever a killed host left: the real host keeps the message of a killed process invisible for up
 * to 10 minutes. Costs one list of metadata, which also says whose lease is free.
 */
export async function watch({ records, requests, clock, newId, log }: WatchDeps): Promise<string[]> {
  const now = clock.now();
  const taken: string[] = [];
  for await (const summary of records.list()) {
    if (!isLeft(summary, now)) continue;
    const { name, ref } = summary;
    const asked = { id: newId(), environment: name, repository: toRepository(summary), ref, reason: 'sweep' } as const;
    await requests.send(newRequest(asked, now));
    taken.push(name);
  }
  if (taken.length > 0) log.warn('left by a killed host, taken up again', { environments: taken });
  return taken;
}

/** A request that waits for its time, such as a question to GitHub, is named in the record and comes by itself. */
function isLeft({ phase, isLeased, writtenAt, nextAt, ref, observed }: RecordSummary, now: number): boolean {
  if (!UNDER_WAY.includes(phase) || isLeased === true || ref === '' || writtenAt === undefined) return false;
  // MODE is observe, or was: nothing began, and the sweep takes it up
  if (observed !== undefined) return false;
  const last = Math.max(Date.parse(writtenAt), nextAt === undefined ? 0 : Date.parse(nextAt));
  return now - last > SILENT_MS;
}

/** Watches because it is time; what fails is logged, and thrown for the host to count. */
export async function watchOnTime(deps: { log: Log; open(): Promise<WatchDeps> }): Promise<void> {
  try {
    await watch(await deps.open());
  } catch (thrown) {
    deps.log.error('watch failed', { ...toLogFields(thrown) });
    throw toHostError(thrown);
  }
}
