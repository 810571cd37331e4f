import type { IdentityContext } from '../../../lib/identity/context.ts';
import type { IdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { type Ledger, newLedger } from '../../../lib/identity/ledger/ledger.ts';

/** Ledgers in memory and a clock that only sleeping moves: rate limiting is arithmetic. */
export function makeLimitedWorld({ random = 0 } = {}) {
  const ledgers = new Map<string, Ledger>();
  const events: string[] = [];
  const begun = 1_000_000;
  let now = begun;
  const note = (what: string) => void events.push(`${Math.round(now - begun)} ${what}`);
  const read = (id: string) => ledgers.get(id.toLowerCase()) ?? newLedger();
  const locks: IdentityLocks = {
    async withLock(_id, work) {
      note('lock');
      return work({ remainingMs: () => 30_000 });
    },
    read: async (id) => read(id),
    change: async (id, change) => {
      const next = change(read(id)) ?? read(id);
      ledgers.set(id.toLowerCase(), next);
      return next;
    },
  };
  const clock = {
    now: () => now,
    sleep: async (ms: number) => void (now += ms),
  };
  const context = { locks, clock, random: () => random, timeoutMs: 10_000 } as unknown as IdentityContext;
  return { context, locks, clock, events, note, pass: (ms: number) => (now += ms) };
}
