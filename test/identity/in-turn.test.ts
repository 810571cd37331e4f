import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../lib/errors.ts';
import { inTurn } from '../../lib/identity/writer/serialized-write.ts';
import { slowDown, takeTurn } from '../../lib/identity/writer/rate-limit.ts';
import { makePacedWorld } from './paced-world.ts';
import { always, identityId } from './world.ts';

const write = { identityId: identityId('pool-1'), kind: 'put', slug: 'ex-1' } as const;
const throttle = { status: 429, code: 'TooManyRequests', message: undefined, retryAfterMs: undefined };

function makeTurn() {
  const world = makePacedWorld();
  const options = { write, writeGuard: always, deadline: world.clock.now() + 60_000, used: { turn: 0 } };
  return {
    ...world,
    run: () =>
      inTurn(world.context, options, {
        work: async (gate) => {
          await gate();
          world.note('write');
        },
      }),
  };
}

describe('inTurn', () => {
  it('writes at once while Azure has throttled nobody', async () => {
    const { run, events } = makeTurn();

    await run();

    expect(events).toEqual(['0 lock', '0 write']);
  });

  it('takes the lock only just before its turn, so that a crash while it waits keeps nobody from writing', async () => {
    const { run, events, context } = makeTurn();
    await slowDown(context, write, throttle);

    await run();
    await run();

    expect(events).toEqual(['3500 lock', '4200 write', '7700 lock', '8400 write']);
  });

  it('lets go of a lock that it got without a turn, where Azure has throttled others meanwhile', async () => {
    const { run, events, context, locks } = makeTurn();
    const { withLock } = locks;
    locks.withLock = async (id, work) => {
      locks.withLock = withLock;
      await slowDown(context, write, throttle);
      return withLock(id, work);
    };

    await run();

    expect(events).toEqual(['0 lock', '3500 lock', '4200 write']);
  });

  it('books again where it got the lock too late, and leaves the next writer its distance', async () => {
    const { run, events, context, locks, clock, pass } = makeTurn();
    await slowDown(context, write, throttle);
    const { withLock } = locks;
    locks.withLock = async (id, work) => {
      locks.withLock = withLock;
      pass(3_000);
      return withLock(id, work);
    };
    await run();

    const [, , written] = events;
    expect(written).toBe('8400 write');
    const next = await takeTurn(context, { ...write, slug: 'ex-2' }, { deadline: clock.now() + 60_000 });
    expect((next ?? 0) - clock.now()).toBe(4200);
  });

  it('sends nothing in its turn where Azure has put all writes of the identity off meanwhile', async () => {
    const { run, events, context, locks } = makeTurn();
    await slowDown(context, write, throttle);
    const { withLock } = locks;
    locks.withLock = async (id, work) => {
      locks.withLock = withLock;
      await slowDown(context, write, { ...throttle, retryAfterMs: 20_000 });
      return withLock(id, work);
    };

    await run();

    expect(events).toEqual(['3500 lock', '22800 lock', '23500 write']);
  });

  it('leaves its turn to another identity where a dead writer has the lock, and asks for none until that may be free', async () => {
    const { run, context, locks, clock, pass } = makeTurn();
    for (let n = 0; n < 2; n++) await slowDown(context, write, throttle);
    const busy = new ProvisionerError('conflict', 'busy', { retryAfterMs: 1 });
    locks.withLock = async (_id, _work, options) => {
      pass(options?.withinMs ?? 0);
      throw busy;
    };

    await expect(run()).rejects.toBe(busy);

    const turnOf = async (name: string) => {
      const other = { ...write, identityId: identityId(name), slug: `of-${name}` };
      return ((await takeTurn(context, other, { deadline: clock.now() + 60_000 })) ?? 0) - clock.now();
    };
    // 700 ms before its turn it asked, for 500 ms
    expect([await turnOf('pool-2'), await turnOf('pool-3'), await turnOf('pool-1')]).toEqual([0, 510, 4100]);
  });
});
