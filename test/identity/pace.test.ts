import { describe, expect, it } from '@jest/globals';
import { readNext, slowDown, takeTurn } from '../../lib/identity/writer/rate-limit.ts';
import { makePacedWorld } from './paced-world.ts';
import { identityId } from './world.ts';

const ONE = identityId('pool-1');
const TWO = identityId('pool-2');
const fault = (retryAfterMs?: number) => ({ status: 429, code: 'TooManyRequests', message: undefined, retryAfterMs });

function makeContext() {
  const { context, clock, pass } = makePacedWorld();
  let asked = 0;
  const write = (identity: string, slug = `ex-${asked++}`) => ({ identityId: identity, kind: 'put' as const, slug });
  return {
    context,
    write,
    pass,
    /** In how many ms the next write has its turn; undefined: at once. */
    async turn(identity: string, { slug, within = 60_000, kind = 'put', after = 0 }: TurnOptions = {}) {
      const now = clock.now();
      const turn = await takeTurn(context, { ...write(identity, slug), kind }, { deadline: now + within, after });
      return turn === undefined ? undefined : turn - now;
    },
  };
}

interface TurnOptions {
  slug?: string;
  within?: number;
  kind?: 'put' | 'delete';
  after?: number;
}

describe('takeTurn', () => {
  it('asks for no wait while Azure has throttled nobody', async () => {
    const { turn, context, write } = makeContext();

    for (let n = 0; n < 10; n++) expect(await turn(ONE)).toBeUndefined();
    expect(await readNext(context, write(ONE))).toBeUndefined();
  });

  it("keeps every writer of an identity to Azure's rate after a 429, and no other kind or identity", async () => {
    const { turn, context, write } = makeContext();
    await slowDown(context, write(ONE), fault());

    expect(await turn(TWO)).toBeUndefined();
    expect(await turn(ONE, { kind: 'delete' })).toBeUndefined();
    expect([await turn(ONE), await turn(ONE), await turn(ONE)]).toEqual([4200, 8400, 12_600]);
    expect(await readNext(context, write(ONE))).toBe(1_004_200);
  });

  it('keeps nobody waiting by what a clock an hour ahead has noted', async () => {
    const { turn, context, write } = makeContext();
    const at = context.clock.now() + 3_600_000;
    const pace = { put: { next: at, intervalMs: 4_200, until: at + 300_000 } };
    await context.locks.change(ONE, (ledger) => ({ ...ledger, pace }));
    expect(await turn(ONE)).toBeUndefined();

    await slowDown(context, write(ONE), fault());
    expect(await turn(ONE)).toBe(4200);
  });

  it('begins when Azure says, where it says so', async () => {
    const { turn, context, write } = makeContext();
    await slowDown(context, write(ONE), fault(1500));

    expect(await turn(ONE)).toBe(1500);
  });

  it('paces all identities of the subscription after a second 429', async () => {
    const { turn, context, write } = makeContext();
    await slowDown(context, write(ONE), fault());
    await slowDown(context, write(ONE), fault());

    expect([await turn(TWO), await turn(identityId('pool-3')), await turn(TWO)]).toEqual([510, 1020, 4710]);
  });

  it('lets nobody in the subscription write before the time that Azure names with a second 429', async () => {
    const { turn, context, write } = makeContext();
    await slowDown(context, write(ONE), fault(1000));
    await slowDown(context, write(ONE), fault(30_000));

    expect([await turn(TWO), await turn(identityId('pool-3'))]).toEqual([30_000, 30_510]);
  });

  it('fills the gaps that a slower identity leaves', async () => {
    const { turn, context, write } = makeContext();
    for (const id of [TWO, ONE, ONE]) await slowDown(context, write(id), fault());

    const turns = [];
    for (const id of [ONE, identityId('pool-3'), ONE, identityId('pool-4'), TWO]) turns.push(await turn(id));

    expect(turns).toEqual([4200, 510, 8400, 1020, 4710]);
  });

  it('takes no turn that comes too late, which is lost to nobody, and has its environment back before it', async () => {
    const { turn, context, write } = makeContext();
    await slowDown(context, write(ONE), fault(30_000));

    for (let n = 0; n < 3; n++)
      await expect(turn(ONE, { within: 8000 })).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 27_000 });
    expect(await turn(ONE)).toBe(30_000);
  });

  it('has environments back the later the more of them wait for the identity', async () => {
    const { turn, context, write } = makeContext();
    await slowDown(context, write(ONE), fault(30_000));
    const reservations = ['a', 'b', 'c'].map((slug) => ({ slug, names: [slug], at: 0 }));
    await context.locks.change(ONE, (ledger) => ({ ...ledger, reservations }));

    // half of 2 s for each of the other two
    await expect(turn(ONE, { slug: 'a', within: 8000 })).rejects.toMatchObject({ retryAfterMs: 29_000 });
  });

  it('gives an environment that asks again the turn that it has, and another once that is used', async () => {
    const { turn, context, write, pass } = makeContext();
    await slowDown(context, write(ONE), fault());

    expect(await turn(ONE, { slug: 'a' })).toBe(4200);
    expect(await turn(ONE, { slug: 'b' })).toBe(8400);
    pass(1000);
    expect(await turn(ONE, { slug: 'a' })).toBe(3200);
    expect(await turn(ONE, { slug: 'a', after: 1_004_200 })).toBe(11_600);
  });

  it('forgets the pace in time', async () => {
    const { turn, context, write, pass } = makeContext();
    await slowDown(context, write(ONE), fault());
    pass(6 * 60_000);

    expect([await turn(ONE), await turn(ONE)]).toEqual([undefined, undefined]);
  });
});
