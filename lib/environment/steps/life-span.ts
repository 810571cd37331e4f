import { toExpiry, toGraceEnd, toWarning } from '../model/life-span.ts';
import { note } from '../model/record-event.ts';
import { type Outcome, type Reconciliation, toIso } from './reconciliation.ts';

/** A request on the queue can't wait longer; one that comes early waits again. */
const LONGEST_WAIT_MS = 6 * 24 * 60 * 60 * 1000;

/** Stops an environment whose life span is over. A newer event has moved the end before this is asked. */
export function stopExpired(run: Reconciliation): void {
  const { record, ports } = run;
  const now = ports.clock.now();
  const expiry = toExpiry(record, ports.settings);
  if (expiry === undefined || now < expiry || record.stop !== undefined || !exists(run)) return;
  const why = `expired: no activity since ${record.activityAt} (ENVIRONMENT_TTL); push or provision to get it back`;
  record.stop = { at: toIso(now), why };
  note(record, { at: toIso(now), what: 'expired', why });
  ports.log.info('expired', { environment: record.name, activityAt: record.activityAt });
}

/** The wait until the grace of a deleted branch is over; undefined where the environment goes now. */
export function waitForGrace(run: Reconciliation): Outcome | undefined {
  const { record, ports } = run;
  if (record.stop !== undefined || record.phase === 'deleting' || !exists(run)) return undefined;
  const now = ports.clock.now();
  // if no event said so, the grace begins when GitHub first says that the branch is gone
  const deletedAt = record.event.reason === 'delete' ? record.event.at : (record.deletedAt ?? toIso(now));
  const end = toGraceEnd(deletedAt, record, ports.settings);
  if (end <= now) return undefined;
  record.deletedAt = deletedAt;
  if (record.phase !== 'expiring' || record.deleteAt !== toIso(end)) {
    note(record, {
      at: toIso(now),
      what: 'expiring',
      why: `the branch is gone; the environment goes at ${toIso(end)}`,
    });
    ports.log.info('expiring', { environment: record.name, deleteAt: toIso(end) });
  }
  record.phase = 'expiring';
  record.deleteAt = toIso(end);
  return { kind: 'later', delayMs: Math.min(LONGEST_WAIT_MS, end - now) };
}

/** After everything else: a ready environment whose end is near is expiring, and one whose end moved is ready again. */
export function markExpiring({ record, ports }: Reconciliation): void {
  if (record.phase !== 'ready' && record.phase !== 'expiring') return;
  // the branch is gone: that end is not the life span's
  if (record.deletedAt !== undefined) return;
  const expiry = toExpiry(record, ports.settings);
  const now = ports.clock.now();
  if (expiry !== undefined && now >= toWarning(expiry, ports.settings)) {
    if (record.phase === 'ready')
      note(record, { at: toIso(now), what: 'expiring', why: `the environment goes at ${toIso(expiry)}` });
    record.phase = 'expiring';
    record.deleteAt = toIso(expiry);
    return;
  }
  record.phase = 'ready';
  delete record.deleteAt;
}

/** Whether there is anything that could be kept, or would be where MODE is observe. */
function exists({ record }: Reconciliation): boolean {
  return (record.uid !== undefined || record.observed?.would === 'provision') && record.phase !== 'gone';
}
