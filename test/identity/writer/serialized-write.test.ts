import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { gateOf, noteWritten, writeSerially } from '../../../lib/identity/writer/serialized-write.ts';
import { noteThrottled, reserveWrite } from '../../../lib/identity/writer/rate-limit.ts';
import { onRetry } from '../../../lib/telemetry/retries.ts';
import { sdkError } from '../../support/fakes/call.ts';
import { makeLimitedWorld } from './limited-world.ts';
import { always, identityId } from '../world.ts';

const write = { identityId: identityId('pool-1'), kind: 'put', slug: 'ex-1' } as const;
const throttle = { status: 429, code: 'TooManyRequests', message: undefined, retryAfterMs: undefined };

function makeWriter({ withinMs = 60_000 } = {}) {
  const world = makeLimitedWorld();
  const options = { write, writeGuard: always, deadline: world.clock.now() + withinMs };
  const failures: Error[] = [];
  return {
    ...world,
    fail: (failure: Error) => void failures.push(failure),
    run: () =>
      writeSerially(world.context, options, async (gate) => {
        await gate();
        const failure = failures.shift();
        if (failure !== undefined) {
          world.note('429');
          throw failure;
        }
        world.note('write');
      }),
  };
}

describe('writeSerially', () => {
  it('writes at once while Azure has throttled nobody', async () => {
    const { run, events } = makeWriter();

    await run();

    expect(events).toEqual(['0 lock', '0 write']);
  });

  it('takes the lock only just before its moment, so that a crash while it waits keeps nobody from writing', async () => {
    const { run, events, context } = makeWriter();
    await noteThrottled(context, write, throttle);

    await run();
    await run();

    expect(events).toEqual(['1300 lock', '2000 write', '5500 lock', '6200 write']);
  });

  it('sends nothing before the time to which Azure has put off the identity since', async () => {
    const { run, events, context, locks } = makeWriter();
    const { withLock } = locks;
    locks.withLock = async (id, work) => {
      locks.withLock = withLock;
      await noteThrottled(context, write, { ...throttle, retryAfterMs: 20_000 });
      return withLock(id, work);
    };

    await run();

    expect(events).toEqual(['0 lock', '20000 write']);
  });

  it('sends a throttled write again itself, at the next moment and without the lock until then', async () => {
    const { run, events, fail } = makeWriter();
    fail(sdkError(429, { code: 'TooManyRequests' }));

    await run();

    expect(events).toEqual(['0 lock', '0 429', '1300 lock', '2000 write']);
  });

  it('gives a throttled write up where its next moment comes too late, and sends nothing then', async () => {
    const { run, events, fail } = makeWriter();
    fail(sdkError(429, { code: 'TooManyRequests', retryAfterS: 65 }));

    await expect(run()).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 62_000 });
    expect(events).toEqual(['0 lock', '0 429']);
  });

  it('goes on for 4 s after its deadline, since nobody else would use its moment', async () => {
    const { run, events, fail } = makeWriter();
    fail(sdkError(429, { code: 'TooManyRequests', retryAfterS: 63 }));

    await run();

    expect(events.at(-1)).toBe('63000 write');
  });

  it.each([
    [60_000, 64_000],
    [59_999, undefined],
  ])('takes a moment 64 s from now by a deadline in %i ms or gives it up', async (withinMs, sentAt) => {
    const { run, events, fail } = makeWriter({ withinMs });
    fail(sdkError(429, { code: 'TooManyRequests', retryAfterS: 64 }));
    if (sentAt === undefined) await expect(run()).rejects.toMatchObject({ code: 'unavailable' });
    else await run();
    expect(events.includes('64000 write')).toBe(sentAt !== undefined);
  });

  it('takes no lock before its moment, were that put off while it waited', async () => {
    const { run, events, context, clock } = makeWriter();
    await noteThrottled(context, write, throttle);
    const { sleep } = clock;
    clock.sleep = async (ms) => {
      clock.sleep = sleep;
      await sleep(ms);
      await noteThrottled(context, write, { ...throttle, retryAfterMs: 20_000 });
    };
    await run();
    expect(events).toEqual(['20600 lock', '21300 write']);
  });

  it('waits under the lock for its turn among the identities of the subscription', async () => {
    const { run, events, context, clock } = makeWriter();
    await noteThrottled(context, write, throttle);
    const other = { ...write, identityId: identityId('pool-2') };
    for (let n = 0; n < 5; n += 1)
      await reserveWrite(context, other, { deadline: clock.now() + 60_000, of: 'subscription' });
    await run();
    expect(events).toEqual(['1300 lock', '2550 write']);
  });

  it('sends its throttled write again before the moments that others reserved after it', async () => {
    const { run, events, fail, context, clock, locks } = makeWriter();
    const { withLock } = locks;
    locks.withLock = async (id, work, options) => {
      locks.withLock = withLock;
      await noteThrottled(context, write, throttle);
      for (let n = 0; n < 3; n += 1)
        await reserveWrite(context, { ...write, slug: 'other' }, { deadline: clock.now() + 60_000 });
      return withLock(id, work, options);
    };
    fail(sdkError(429, { code: 'TooManyRequests', retryAfterS: 3 }));
    await run();
    expect(events.at(-1)).toBe('17600 write');
  });

  it('sleeps until just before its moment and for the rest under the lock, and not where it has come', async () => {
    const { run, context, clock } = makeWriter();
    await noteThrottled(context, write, throttle);
    const { sleep } = clock;
    const slept: number[] = [];
    clock.sleep = (ms) => (slept.push(ms), sleep(ms));
    await run();
    expect(slept).toEqual([1_300, 700]);
  });

  it.each([
    ['500 ms where its moment is at hand', true, 500],
    ['8 s where nobody was throttled', false, 8_000],
  ])('waits for a lock that others hold %s', async (_what, isThrottled, ms) => {
    const { run, context, clock, locks } = makeWriter();
    if (isThrottled) await noteThrottled(context, write, throttle);
    const begun = clock.now();
    await locks.withLock(write.identityId, async () => {
      await expect(run()).rejects.toMatchObject({ code: 'conflict' });
    });
    expect(clock.now() - begun).toBe((isThrottled ? 1_300 : 0) + ms);
  });

  it('is counted as sent again, with the reason', async () => {
    const told: string[] = [];
    onRetry((peer, reason) => void told.push(`${peer} ${reason}`));
    const { run, fail } = makeWriter();
    fail(sdkError(429, { code: 'TooManyRequests' }));
    await run().finally(() => onRetry(() => undefined));
    expect(told).toEqual(['azure 429']);
  });

  it('waits only shortly for a lock that a dead one may hold', async () => {
    const { run, context, locks } = makeWriter();
    await noteThrottled(context, write, throttle);
    const busy = new ProvisionerError('conflict', 'busy', { retryAfterMs: 1 });
    locks.withLock = async (_id, _work, options) => {
      expect(options?.withinMs).toBeLessThan(700);
      throw busy;
    };

    await expect(run()).rejects.toBe(busy);
  });
});

describe('noteWritten', () => {
  const seen = { at: 0, credentials: [] };
  const noteAfter = async (ms: number) => {
    const { context, locks, clock, pass } = makeLimitedWorld();
    const { identityId: id } = write;
    await locks.change(id, (ledger) => ({ ...ledger, seen }));
    const since = clock.now();
    pass(ms);
    await noteWritten(context, { identityId: id, since }, (ledger) => ({ ...ledger, contestedAt: 1 }));
    return locks.read(id);
  };

  it('notes what came of a write while nobody else can have written', async () => {
    expect(await noteAfter(15_000)).toMatchObject({ seen, contestedAt: 1 });
  });

  it('has the identity listed again where others may have written since', async () => {
    const ledger = await noteAfter(15_001);

    expect(ledger.contestedAt).toBe(1);
    expect(ledger.seen).toBeUndefined();
  });
});

describe('the gate', () => {
  const { clock } = makeLimitedWorld();
  const gate = (remainingMs: number, guard = always, deadline = clock.now()) =>
    gateOf(
      { clock, timeoutMs: 10_000 },
      { writeGuard: guard, lock: { remainingMs: () => remainingMs }, identityId: write.identityId, deadline },
    );

  it('lets a write through only where the lock outlives it by 10 s', () => {
    expect(gate(20_001)()).toBeUndefined();
    expect(gate(20_000)).toThrow('would not outlive a write');
  });

  it('lets none through that was read before a pause, though the lock was renewed after it', () => {
    expect(gate(30_000, always, clock.now() - 10_000)()).toBeUndefined();
    expect(gate(30_000, always, clock.now() - 10_001)).toThrow('too old');
  });

  it('says whose lock it is, and that the lease is lost', () => {
    const failures = [gate(0), gate(30_000, always, 0)].map((ask) => {
      try {
        return ask();
      } catch (thrown) {
        return thrown;
      }
    });
    expect(failures).toMatchObject([
      {
        code: 'lease-lost',
        object: 'Identity/pool-1',
        message: 'the lock of identity pool-1 would not outlive a write',
      },
      {
        code: 'lease-lost',
        object: 'Identity/pool-1',
        message: 'what was read of identity pool-1 before a write is too old',
      },
    ]);
  });

  it('asks the environment’s own guard first', () => {
    const refusal = new ProvisionerError('lease-lost', 'the lease ends');
    const guard = (): undefined => {
      throw refusal;
    };
    expect(gate(60_000, guard)).toThrow(refusal);
  });
});
