import { type ContainerStatus, msOf } from '../reading.ts';

export const SHORTEST_MS = 60_000;
const LONGEST_MS = 600_000;

/** Twice the life that ended, since a program that dies every five minutes looks well for five minutes. */
export function quietMs(lifeMs: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, 2 * lifeMs));
}

/** Until when a container that was restarted has to run before it counts as well again; undefined where it never was. */
export function quietAfter({ restartCount = 0, state, lastState }: ContainerStatus): number | undefined {
  if (restartCount === 0) return undefined;
  const last = lastState?.terminated;
  const life = last === undefined ? 0 : msOf(last.finishedAt) - msOf(last.startedAt);
  const from = Math.max(msOf(state?.running?.startedAt), msOf(last?.finishedAt));
  return from + quietMs(life);
}

/** Whether it was restarted so short a time ago that it does not count as well yet. */
export function isRestless(status: ContainerStatus, now: number): boolean {
  const until = quietAfter(status);
  return until !== undefined && until > now;
}
