import { describe, expect, it } from '@jest/globals';
import { newLedger } from '../../../lib/identity/ledger/ledger.ts';
import { type IdentityLocks, createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import { containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import type { Call } from '../../support/fakes/call.ts';
import { virtualClock } from '../../support/fakes/clock.ts';
import { identityId } from '../world.ts';

const ONE = identityId('pool-1');

/** Instances over blobs in memory, by one clock; what each of them calls, and how often it renews its lease. */
function makeWorld({ random = 0.5 } = {}) {
  const clock = virtualClock();
  const store = createBlobStore();
  const calls: string[] = [];
  const renewals: number[] = [];
  const slept: number[] = [];
  const world = {
    clock,
    calls,
    renewals,
    slept,
    store,
    instance(holder = 'here'): IdentityLocks {
      const call: Call = async (step) => {
        const line = `${step.what} ${step.on.replace(/^[0-9a-f]{16}/, 'hash')}`;
        calls.push(line);
        return step.act();
      };
      return createIdentityLocks({
        container: async () => containerOf(store, { call, now: clock.now, holder }),
        clock: {
          now: clock.now,
          async sleep(ms) {
            slept.push(ms);
            await clock.sleep(ms);
          },
        },
        random: () => random,
        timer: {
          now: clock.now,
          every(ms) {
            renewals.push(ms);
            return () => void renewals.push(0);
          },
        },
      });
    },
  };
  return world;
}

const busy = {
  code: 'conflict',
  message: 'identity pool-1 is being written by others',
  object: 'Identity/pool-1',
};

describe('the lease of an identity', () => {
  it('lasts 30 s and is renewed every 5 s, as long as the work goes on', async () => {
    const { instance, renewals } = makeWorld();
    const remaining = await instance().withLock(ONE, async (lock) => {
      expect(renewals).toEqual([5_000]);
      return lock.remainingMs();
    });
    expect(remaining).toBe(30_000);
    expect(renewals).toEqual([5_000, 0]);
  });

  it('is that of one blob for all spellings of its id, beside the one of its ledger', async () => {
    const { instance, store } = makeWorld();
    const locks = instance();
    for (const id of [ONE, ONE.toUpperCase()]) {
      await locks.withLock(id, async () => undefined);
      await locks.change(id, (ledger) => ({ ...ledger, contestedAt: 1 }));
    }
    const names = [...store.blobs.keys()].toSorted();
    expect(names).toEqual([expect.stringMatching(/^[0-9a-f]{16}\.json$/), names[0]?.replace('.json', '.lock')]);
  });

  it('is asked for by the first in line alone, and by the next when it is let go', async () => {
    const { instance, calls } = makeWorld();
    const locks = instance();
    await locks.withLock(ONE, async () => undefined);
    calls.length = 0;
    const order: string[] = [];
    const work = (name: string) => () =>
      locks.withLock(ONE, async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      });
    await Promise.all([work('one')(), work('other')()]);
    expect(order).toEqual(['one begins', 'one ends', 'other begins', 'other ends']);
    expect(calls).toEqual(['LEASE hash.lock', 'RELEASE hash.lock', 'LEASE hash.lock', 'RELEASE hash.lock']);
  });

  it.each([
    [0, 80, 1_000],
    [0.5, 40, 3_000],
  ])('that others hold is asked for until 8 s are over, by random %i in pauses: %i', async (random, pauses, ms) => {
    const { instance, clock, calls, slept } = makeWorld({ random });
    const begun = clock.now();
    await instance('others').withLock(ONE, async () => {
      calls.length = 0;
      await expect(instance().withLock(ONE, async () => undefined)).rejects.toMatchObject({
        ...busy,
        retryAfterMs: ms,
      });
    });
    expect(clock.now() - begun).toBe(8_000);
    expect(slept).toEqual(Array.from({ length: pauses }, () => 8_000 / pauses));
    expect(calls.filter((call) => call === 'LEASE hash.lock')).toHaveLength(pauses);
  });

  it('is asked for once where there is no time to wait, and again where there is a millisecond', async () => {
    const { instance, calls } = makeWorld();
    await instance('others').withLock(ONE, async () => {
      for (const withinMs of [0, 200, 201]) {
        calls.length = 0;
        await expect(instance().withLock(ONE, async () => undefined, { withinMs })).rejects.toMatchObject(busy);
        expect(calls).toHaveLength(withinMs === 201 ? 2 : 1);
      }
    });
  });

  it('is let go by work that fails, and goes to who waits for it', async () => {
    const { instance } = makeWorld();
    const locks = instance();
    await expect(
      locks.withLock(ONE, async () => {
        throw new Error('a fault of ours');
      }),
    ).rejects.toThrow('a fault of ours');
    expect(await locks.withLock(ONE, async () => 'done')).toBe('done');
  });
});

describe('the ledger of an identity', () => {
  it('is one for all spellings of its id: what one has written the other knows', async () => {
    const { instance, calls } = makeWorld();
    const locks = instance();
    await locks.change(ONE, (ledger) => ({ ...ledger, contestedAt: 7 }));
    calls.length = 0;
    expect(await locks.read(ONE.toUpperCase(), 1)).toEqual({ ...newLedger(), contestedAt: 7 });
    expect(calls).toEqual([]);
    await locks.read(ONE);
    expect(calls).toEqual(['GET hash.json']);
  });
});
