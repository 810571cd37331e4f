import { describe, expect, it } from '@jest/globals';
import type { AccessContext } from '../../../lib/identity/context.ts';
import type { IdentityLocks } from '../../../lib/identity/identity-locks.ts';
import { newLedger } from '../../../lib/identity/ledger.ts';
import type { Ledger } from '../../../lib/identity/ledger.ts';
import { slowDown, takeTurn } from '../../../lib/identity/pace.ts';
import { identityId } from './world.ts';

const ONE = identityId('pool-1');
const TWO = identityId('pool-2');
const fault = (retryAfterMs?: number) => ({ status: 429, code: 'TooManyRequests', message: undefined, retryAfterMs });

/** Ledgers in memory and a clock that only sleeping moves: pacing is arithmetic. */
function makeContext() {
  const ledgers = new Map<string, Ledger>();
  let now = 1_000_000;
  const slept: number[] = [];
  const read = (id: string) => ledgers.get(id.toLowerCase()) ?? newLedger();
  const locks: IdentityLocks = {
    withLock: () => Promise.reject(new Error('not needed')),
    read: async (id) => read(id),
    change: async (id, change) => {
      const next = change(read(id)) ?? read(id);
      ledgers.set(id.toLowerCase(), next);
      return next;
    },
  };
  const clock = {
    now: () => now,
    sleep: async (ms: number) => {
      slept.push(Math.round(ms));
      now += ms;
    },
  };
  return { context: { locks, clock } as unknown as AccessContext, slept, pass: (ms: number) => (now += ms) };
}

const put = (identity: string) => ({ identityId: identity, kind: 'put' as const });

describe('takeTurn', () => {
  it('waits for nothing while Azure has throttled nobody', async () => {
    const { context, slept } = makeContext();

    for (let n = 0; n < 10; n++) await takeTurn(context, put(ONE), context.clock.now() + 8000);

    expect(slept).toEqual([]);
  });

  it("keeps every writer of an identity to Azure's rate after a 429, and no other kind or identity", async () => {
    const { context, slept } = makeContext();
    await slowDown(context, put(ONE), fault());

    await takeTurn(context, put(TWO), context.clock.now() + 8000);
    await takeTurn(context, { identityId: ONE, kind: 'delete' }, context.clock.now() + 8000);
    expect(slept).toEqual([]);
    for (let n = 0; n < 3; n++) await takeTurn(context, put(ONE), context.clock.now() + 8000);
    expect(slept).toEqual([4200, 4200, 4200]);
  });

  it('begins when Azure says, where it says so', async () => {
    const { context, slept } = makeContext();
    await slowDown(context, put(ONE), fault(1500));

    await takeTurn(context, put(ONE), context.clock.now() + 8000);

    expect(slept).toEqual([1500]);
  });

  it('paces all identities of the subscription after a second 429', async () => {
    const { context, slept } = makeContext();
    await slowDown(context, put(ONE), fault());
    await slowDown(context, put(ONE), fault());

    for (const id of [TWO, identityId('pool-3'), TWO]) await takeTurn(context, put(id), context.clock.now() + 8000);

    expect(slept).toEqual([525, 525, 525]);
  });

  it('takes no turn of the subscription for one whose identity comes too late', async () => {
    const { context, slept } = makeContext();
    await slowDown(context, put(ONE), fault(30_000));
    await slowDown(context, put(ONE), fault(30_000));

    await expect(takeTurn(context, put(ONE), context.clock.now() + 8000)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await takeTurn(context, put(TWO), context.clock.now() + 8000);

    expect(slept).toEqual([525]);
  });

  it('hands back a turn that comes too late, which is lost to nobody', async () => {
    const { context, slept } = makeContext();
    await slowDown(context, put(ONE), fault(30_000));

    for (let n = 0; n < 3; n++)
      await expect(takeTurn(context, put(ONE), context.clock.now() + 8000)).rejects.toMatchObject({
        code: 'unavailable',
        retryAfterMs: 30_000,
      });
    expect(slept).toEqual([]);
  });

  it('forgets the pace in time', async () => {
    const { context, slept, pass } = makeContext();
    await slowDown(context, put(ONE), fault());
    pass(6 * 60_000);

    await takeTurn(context, put(ONE), context.clock.now() + 8000);
    await takeTurn(context, put(ONE), context.clock.now() + 8000);

    expect(slept).toEqual([]);
  });
});
