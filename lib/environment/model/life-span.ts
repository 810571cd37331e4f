import type { EnvironmentRecord } from './record.ts';
import type { RecordSummary } from './record-summary.ts';
import type { EnvironmentSettings } from './settings.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A warning comes this long before the end, or a quarter of the life span where that is shorter. */
const LONGEST_WARNING_MS = DAY_MS;

type Dated = Pick<EnvironmentRecord | RecordSummary, 'activityAt' | 'keepUntil'>;

/** When an environment ends for lack of activity, in ms; undefined if nothing ends it. */
export function toExpiry({ activityAt, keepUntil }: Dated, { ttlMs }: EnvironmentSettings): number | undefined {
  if (ttlMs === undefined || activityAt === undefined) return undefined;
  return Math.max(Date.parse(activityAt) + ttlMs, Date.parse(keepUntil ?? activityAt));
}

/** From when on people are warned of the end, in ms. */
export function toWarning(expiry: number, { ttlMs = 0 }: EnvironmentSettings): number {
  return expiry - Math.min(LONGEST_WARNING_MS, ttlMs / 4);
}

/** When the environment of a deleted branch goes: after DELETE_GRACE, and not before its keep mark ends. */
export function toGraceEnd(
  deletedAt: string,
  { keepUntil }: Dated,
  { deleteGraceMs = 0 }: EnvironmentSettings,
): number {
  return Math.max(Date.parse(deletedAt) + deleteGraceMs, Date.parse(keepUntil ?? deletedAt));
}

const FIRST_RETRY_MS = 15 * 60_000;

/** When a sweep tries a failed environment again: pauses double, up to a day. */
export function toRetry(count: number, now: number): { count: number; at: string } {
  // the first sweep after a failure tries at once: a person may have fixed the cause and started it
  const pauseMs = count === 0 ? 0 : Math.min(DAY_MS, FIRST_RETRY_MS * 2 ** count);
  return { count, at: new Date(now + pauseMs).toISOString() };
}
