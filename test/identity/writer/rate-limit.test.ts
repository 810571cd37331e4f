import { describe, expect, it } from '@jest/globals';
import {
  earliestWrite,
  isLimited,
  noteThrottled,
  reserveWrite,
  withSent,
} from '../../../lib/identity/writer/rate-limit.ts';
import type { WriteKind } from '../../../lib/identity/ledger/ledger.ts';
import { makeLimitedWorld } from './limited-world.ts';
import { held, identityId } from '../world.ts';

const ONE = identityId('pool-1');
const TWO = identityId('pool-2');
const fault = (retryAfterMs?: number) => ({ status: 429, code: 'TooManyRequests', message: undefined, retryAfterMs });

function makeContext(options: Parameters<typeof makeLimitedWorld>[0] = {}) {
  const { context, clock, pass } = makeLimitedWorld(options);
  const write = (identity: string, { slug = 'ex-1', kind = 'put' }: { slug?: string; kind?: WriteKind } = {}) => ({
    identityId: identity,
    kind,
    slug,
  });
  return {
    context,
    write,
    pass,
    clock,
    /** In how many ms the next write may be sent; undefined: at once. */
    async reserve(
      identity: string,
      more: { slug?: string; within?: number; kind?: 'put' | 'delete'; of?: 'subscription' } = {},
    ) {
      const now = clock.now();
      const { within = 60_000, of = 'identity' } = more;
      const at = await reserveWrite(context, write(identity, more), { deadline: now + within, of });
      return at === undefined ? undefined : at - now;
    },
  };
}

describe('reserveWrite', () => {
  it('asks for no wait while Azure has throttled nobody', async () => {
    const { reserve } = makeContext();

    for (let n = 0; n < 10; n += 1) expect(await reserve(ONE)).toBeUndefined();
  });

  it("keeps every writer of an identity to Azure's rate after a 429, and no other kind or identity", async () => {
    const { reserve, context, write } = makeContext();
    await noteThrottled(context, write(ONE), fault());

    expect(await reserve(TWO)).toBeUndefined();
    expect(await reserve(ONE, { kind: 'delete' })).toBeUndefined();
    expect([await reserve(ONE), await reserve(ONE), await reserve(ONE)]).toEqual([2000, 6200, 10_400]);
  });

  it('has the identities of a subscription take turns after a 429 though each had kept to its own rate', async () => {
    const { reserve, context, write, clock } = makeContext();
    const elsewhere = ONE.replace('sub-1', 'sub-2');
    await context.locks.change(ONE, (ledger) => withSent(ledger, 'put', clock.now() - 4_200));
    await noteThrottled(context, write(ONE), fault());

    const turns = [];
    for (const one of [ONE, TWO, TWO]) turns.push(await reserve(one, { of: 'subscription' }));
    expect(turns).toEqual([0, 510, 1020]);
    expect(await reserve(elsewhere, { of: 'subscription' })).toBeUndefined();
    expect(await reserve(ONE, { of: 'subscription', kind: 'delete' })).toBeUndefined();
  });

  it('blames the identity alone for a 429 right after a write of its own', async () => {
    const { reserve, context, write, clock } = makeContext();
    await context.locks.change(ONE, (ledger) => withSent(ledger, 'put', clock.now() - 1_000));
    expect(await reserve(ONE)).toBeUndefined();
    await noteThrottled(context, write(ONE), fault());

    expect(await reserve(ONE)).toBe(3200);
    expect(await reserve(ONE, { of: 'subscription' })).toBeUndefined();
  });

  it.each([
    [4_199, undefined],
    [4_200, 0],
  ])('blames the subscription from the moment on that the rate allows: %i ms after a write', async (ms, turn) => {
    const { reserve, context, write, clock } = makeContext();
    await context.locks.change(ONE, (ledger) => withSent(ledger, 'put', clock.now() - ms));
    await noteThrottled(context, write(ONE), fault());
    expect(await reserve(TWO, { of: 'subscription' })).toBe(turn);
  });

  it('gives no turn of the subscription twice, were it throttled again', async () => {
    const { reserve, context, write } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    for (let n = 0; n < 3; n += 1) await reserve(ONE, { of: 'subscription' });
    await noteThrottled(context, write(TWO), fault());
    expect(await reserve(TWO, { of: 'subscription' })).toBe(1_530);
  });

  it('rounds the wait up to whole seconds where it tells people', async () => {
    const { reserve, context, write } = makeContext();
    await noteThrottled(context, write(ONE), fault(5_005));
    await expect(reserve(ONE, { within: 0 })).rejects.toMatchObject({
      message: 'identity pool-1: the next write may be sent in 6 s, at the rate that Azure admits',
    });
  });

  it('keeps nobody waiting by what a clock an hour ahead has noted', async () => {
    const { reserve, context, write, clock } = makeContext();
    const at = clock.now() + 3_600_000;
    const rates = { put: { next: at, notBefore: at, until: at + 300_000 } };
    await context.locks.change(ONE, (ledger) => ({ ...ledger, rates }));
    expect(await reserve(ONE)).toBeUndefined();

    await noteThrottled(context, write(ONE), fault());
    expect(await reserve(ONE)).toBe(4200);
  });

  it('begins when Azure says, where it says so', async () => {
    const { reserve, context, write } = makeContext();
    await noteThrottled(context, write(ONE), fault(1500));

    expect(await reserve(ONE)).toBe(1500);
  });

  it('has identities that the subscription throttles together come back apart', async () => {
    const waits = [];
    for (const random of [0, 0.5, 0.99]) {
      const { reserve, context, write } = makeContext({ random });
      await noteThrottled(context, write(ONE), fault(1500));
      waits.push(await reserve(ONE));
    }

    expect(waits).toEqual([1500, 2000, 2490]);
  });

  it('reserves nothing that comes too late, and has the request back shortly before', async () => {
    const { reserve, context, write } = makeContext();
    await noteThrottled(context, write(ONE), fault(30_000));

    for (let n = 0; n < 3; n += 1)
      await expect(reserve(ONE, { within: 8000 })).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 27_000 });
    expect(await reserve(ONE)).toBe(30_000);
  });

  it.each([4200, 4199])('gives a moment up to the deadline itself, 4200 ms ahead: %i ms', async (within) => {
    const { reserve, context, write } = makeContext();
    await noteThrottled(context, write(ONE), fault(4_200));
    if (within === 4200) expect([await reserve(ONE, { within }), await reserve(ONE)]).toEqual([4200, 8400]);
    else
      await expect(reserve(ONE, { within })).rejects.toMatchObject({
        code: 'unavailable',
        message: 'identity pool-1: the next write may be sent in 5 s, at the rate that Azure admits',
        object: 'Identity/pool-1',
        retryAfterMs: 1200,
      });
  });

  it('has a request back at once where its moment is within seconds', async () => {
    const { reserve, context, write } = makeContext();
    await noteThrottled(context, write(ONE), fault(2_000));
    await expect(reserve(ONE, { within: 1_000 })).rejects.toMatchObject({ retryAfterMs: 0 });
  });

  it('has requests back the later the more of them wait for the identity', async () => {
    const { reserve, context, write } = makeContext({ random: 0.5 });
    await noteThrottled(context, write(ONE), fault(30_000));
    const reservations = ['a', 'b', 'c'].map((slug) => ({ slug, names: [slug], at: 0 }));
    await context.locks.change(ONE, (ledger) => ({ ...ledger, reservations }));

    // half a second of jitter, and half of 2 s for each of the other two
    await expect(reserve(ONE, { slug: 'a', within: 8000 })).rejects.toMatchObject({ retryAfterMs: 29_500 });
  });

  it('has removals back the later the more the identity holds', async () => {
    const { reserve, context, write } = makeContext({ random: 0.5 });
    await noteThrottled(context, write(ONE, { kind: 'delete' }), fault(30_000));
    const credentials = ['a', 'b', 'c'].map((slug) => held(slug));
    await context.locks.change(ONE, (ledger) => ({ ...ledger, seen: { at: 0, credentials } }));

    // half a second of jitter, and half of 2 s for each of the three
    await expect(reserve(ONE, { kind: 'delete', within: 8000 })).rejects.toMatchObject({ retryAfterMs: 30_500 });
  });

  it('forgets the limit in time', async () => {
    const { reserve, context, write, pass } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    pass(6 * 60_000);

    expect([await reserve(ONE), await reserve(ONE)]).toEqual([undefined, undefined]);
  });
});

describe('a limit', () => {
  const MINUTE_MS = 60_000;

  it.each<[string, number, boolean]>([
    ['that ends now', 0, false],
    ['that ends in a millisecond', 1, true],
    ['as long as any of ours, by a clock that is nearly a minute ahead', 6 * MINUTE_MS - 1, true],
    ['that only a clock a minute ahead can have noted', 6 * MINUTE_MS, false],
  ])('%s holds: %p', (_what, ms, holds) => {
    expect(isLimited({ next: 0, notBefore: 0, until: 1_000_000 + ms }, 1_000_000)).toBe(holds);
  });

  it('is none where Azure throttled nobody', () => {
    expect(isLimited(undefined, 0)).toBe(false);
  });

  it('that is noted again keeps what was reserved, and holds from then', async () => {
    const { reserve, context, write, pass } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    for (let n = 0; n < 3; n += 1) await reserve(ONE);
    await noteThrottled(context, write(ONE), fault(1_000));
    expect(await reserve(ONE)).toBe(15_600);
    pass(5 * MINUTE_MS - 1);
    expect(await reserve(ONE)).toBe(0);
    pass(1);
    expect(await reserve(ONE)).toBeUndefined();
  });
});

describe('earliestWrite', () => {
  it('puts off what was reserved before Azure asked for more time', async () => {
    const { reserve, context, write, clock } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    const reserved = clock.now() + ((await reserve(ONE)) ?? 0);
    await noteThrottled(context, write(ONE), fault(20_000));
    const begun = clock.now();

    expect(await earliestWrite(context, write(ONE), { reserved, deadline: begun + 60_000 })).toBe(begun + 20_000);
    await expect(earliestWrite(context, write(ONE), { reserved, deadline: begun + 8_000 })).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterMs: 17_000,
    });
  });
});

describe('earliestWrite by the ledger', () => {
  it('takes a moment up to the deadline itself, and none before the one that was reserved', async () => {
    const { context, write, clock } = makeContext();
    const now = clock.now();
    await noteThrottled(context, write(ONE), fault(8_000));
    expect(await earliestWrite(context, write(ONE), { reserved: undefined, deadline: now + 8_000 })).toBe(now + 8_000);
    const later = { reserved: now + 9_000, deadline: now + 60_000 };
    expect(await earliestWrite(context, write(ONE), later)).toBe(now + 9_000);
    expect(await earliestWrite(context, write(TWO), { reserved: undefined, deadline: now })).toBe(0);
    await expect(
      earliestWrite(context, write(ONE), { reserved: undefined, deadline: now + 7_999 }),
    ).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('has no wait for a write of ours that Azure did not throttle', async () => {
    const { context, write, clock } = makeContext();
    await context.locks.change(ONE, (ledger) => withSent(ledger, 'put', clock.now()));
    expect(await earliestWrite(context, write(ONE), { reserved: undefined, deadline: clock.now() })).toBe(0);
  });

  it('reads it anew only where a moment was reserved, since Azure may have asked for more time', async () => {
    const { context, write, clock } = makeContext();
    const ages: (number | undefined)[] = [];
    const read: typeof context.locks.read = (id, maxAgeMs) => (ages.push(maxAgeMs), context.locks.read(id, maxAgeMs));
    const watched = { ...context, locks: { ...context.locks, read } };
    const deadline = clock.now() + 60_000;
    await earliestWrite(watched, write(ONE), { reserved: undefined, deadline });
    await earliestWrite(watched, write(ONE), { reserved: clock.now(), deadline });
    await reserveWrite(watched, write(ONE), { deadline });
    expect(ages).toEqual([5_000, 0, 5_000]);
  });
});

describe('withSent', () => {
  it('keeps the next write away from one that was sent late', async () => {
    const { reserve, context, write, clock } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    const reserved = clock.now() + ((await reserve(ONE)) ?? 0);
    await context.locks.change(ONE, (ledger) => withSent(ledger, 'put', reserved + 3_000));

    expect(await reserve(ONE)).toBe(2000 + 3_000 + 4200);
  });

  it('limits nothing by itself, and brings no later moment forward', async () => {
    const { context, write, clock } = makeContext();
    const now = clock.now();
    const unlimited = withSent(await context.locks.read(ONE), 'put', now);
    expect(isLimited(unlimited.rates.put, now)).toBe(false);
    await noteThrottled(context, write(ONE), fault(10_000));
    const limited = await context.locks.read(ONE);
    expect(withSent(limited, 'put', now).rates.put).toMatchObject({ next: now + 10_000, notBefore: now + 10_000 });
    expect(withSent(limited, 'put', now + 5_801).rates.put).toMatchObject({
      next: now + 10_001,
      notBefore: now + 10_001,
    });
    expect(withSent(limited, 'delete', now).rates.put).toEqual(limited.rates.put);
  });
});
