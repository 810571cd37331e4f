import { describe, expect, it } from '@jest/globals';
import {
  cancelWrite,
  earliestWrite,
  noteThrottled,
  reserveWrite,
  withSent,
} from '../../../lib/identity/writer/rate-limit.ts';
import type { WriteKind } from '../../../lib/identity/ledger/ledger.ts';
import { makeLimitedWorld } from './limited-world.ts';
import { identityId } from '../world.ts';

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
    async reserve(identity: string, more: { slug?: string; within?: number; kind?: 'put' | 'delete' } = {}) {
      const now = clock.now();
      const at = await reserveWrite(context, write(identity, more), { deadline: now + (more.within ?? 60_000) });
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
    expect([await reserve(ONE), await reserve(ONE), await reserve(ONE)]).toEqual([4200, 8400, 12_600]);
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

  it('has requests back the later the more of them wait for the identity', async () => {
    const { reserve, context, write } = makeContext({ random: 0.5 });
    await noteThrottled(context, write(ONE), fault(30_000));
    const reservations = ['a', 'b', 'c'].map((slug) => ({ slug, names: [slug], at: 0 }));
    await context.locks.change(ONE, (ledger) => ({ ...ledger, reservations }));

    // half a second of jitter, and half of 2 s for each of the other two
    await expect(reserve(ONE, { slug: 'a', within: 8000 })).rejects.toMatchObject({ retryAfterMs: 29_500 });
  });

  it('forgets the limit in time', async () => {
    const { reserve, context, write, pass } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    pass(6 * 60_000);

    expect([await reserve(ONE), await reserve(ONE)]).toEqual([undefined, undefined]);
  });
});

describe('cancelWrite', () => {
  it('gives the moment to the next writer, unless later ones were reserved after it', async () => {
    const { reserve, context, write, clock } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    const first = clock.now() + ((await reserve(ONE)) ?? 0);
    await cancelWrite(context, write(ONE), first);
    expect(await reserve(ONE)).toBe(4200);

    expect(await reserve(ONE)).toBe(8400);
    await cancelWrite(context, write(ONE), first);
    expect(await reserve(ONE)).toBe(12_600);
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

describe('withSent', () => {
  it('keeps the next write away from one that was sent late', async () => {
    const { reserve, context, write, clock } = makeContext();
    await noteThrottled(context, write(ONE), fault());
    const reserved = clock.now() + ((await reserve(ONE)) ?? 0);
    await context.locks.change(ONE, (ledger) => withSent(ledger, 'put', reserved + 3_000));

    expect(await reserve(ONE)).toBe(4200 + 3_000 + 4200);
  });
});
