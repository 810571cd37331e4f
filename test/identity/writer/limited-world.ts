import type { IdentityContext } from '../../../lib/identity/context.ts';
import { type IdentityLocks, createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { containerOf, createBlobStore } from '../../support/fakes/blobs.ts';

/** Ledgers and locks over blobs in memory, and a clock that only sleeping moves: rate limiting is arithmetic. */
export function makeLimitedWorld({ random = 0 } = {}) {
  const events: string[] = [];
  const begun = 1_000_000;
  let now = begun;
  const note = (what: string) => void events.push(`${Math.round(now - begun)} ${what}`);
  const clock = {
    now: () => now,
    sleep: async (ms: number) => void (now += ms),
  };
  const container = containerOf(createBlobStore(), {
    call: async (step) => step.act(),
    now: clock.now,
    holder: 'here',
  });
  const locks: IdentityLocks = createIdentityLocks({
    container: async () => container,
    clock,
    random: () => random,
    // renewed all the time: what a lease does when it ends is not what these tests are about
    timer: { now: () => 0, every: () => () => undefined },
  });
  const { withLock } = locks;
  locks.withLock = (id, work, options) =>
    withLock(
      id,
      (lock) => {
        note('lock');
        return work(lock);
      },
      options,
    );
  const context = { locks, clock, random: () => random, timeoutMs: 10_000 } as unknown as IdentityContext;
  return { context, locks, clock, events, note, pass: (ms: number) => (now += ms) };
}
