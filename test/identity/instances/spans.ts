import type { IdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';

/** What one request did for a while, in ms since the epoch. */
export interface Span {
  /** `queued` for a place among those that run at once, `asleep` after a requeue, `lock` while waiting for it, `held` with it. */
  what: 'queued' | 'running' | 'asleep' | 'lock' | 'held';
  /** Slug of the branch, or name of the identity for `lock` and `held`. */
  of: string;
  from: number;
  to: number;
}

/** The same locks, noting how long each was waited for and held. */
export function noteLocks(locks: IdentityLocks, spans: Span[], now: () => number): IdentityLocks {
  return {
    ...locks,
    withLock(id, work, options) {
      const of = id.toLowerCase();
      const from = now();
      let lockedAt: number | undefined;
      const endWait = (): number => {
        const to = now();
        spans.push({ what: 'lock', of, from, to });
        return to;
      };
      const noted: typeof work = (lock) => {
        lockedAt = endWait();
        return work(lock);
      };
      return locks.withLock(id, noted, options).finally(() => {
        if (lockedAt === undefined) endWait();
        else spans.push({ what: 'held', of, from: lockedAt, to: now() });
      });
    },
  };
}
