import { describe, expect, it } from '@jest/globals';
import { MAX_CREDENTIALS, withReservation } from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, TWO, makeMemoryWorld } from './memory-world.ts';

const LOCKLESS_PUT = /^PUT ledger/;
const reservedOn = (identity: string) => ({ kind: 'reserved', reserved: { identity } });

function fullPool(options: Parameters<typeof makeMemoryWorld>[0] = {}) {
  const world = makeMemoryWorld(options);
  for (const id of options.pool ?? [ONE, TWO]) world.hold(id, ...foreign(MAX_CREDENTIALS));
  return world;
}

describe('an environment that finds the pool full', () => {
  it('reads each ledger twice, once for orphans, and writes where it waits', async () => {
    const world = fullPool({ pool: [ONE] });
    await world.list(0, [ONE]);
    const request = requestFor('ex-1');
    expect(await world.callsOf(() => world.access.reserve(request))).toEqual([
      'GET ledger/pool-1',
      'GET ledger/pool-1',
      'GET ledger/pool-1',
      'GET ledger/waitlist',
      'PUT ledger/pool-1',
      'PUT ledger/waitlist',
    ]);
    const at = world.clock.now();
    expect((await world.ledger('pool')).waiting).toEqual([{ slug: 'ex-1', at }]);
    expect((await world.ledger(ONE)).contestedAt).toBe(at);
  });

  it('is not told to wait where that could not be noted on the identity', async () => {
    const world = fullPool({ pool: [ONE] });
    await world.list(0, [ONE]);
    world.onCall = (call) => (call === 'PUT ledger/pool-1' ? { status: 403 } : undefined);
    await expect(world.access.reserve(requestFor('ex-1'))).rejects.toMatchObject({
      code: 'not-permitted',
      object: 'the ledger of identity pool-1',
    });
  });

  it('whose own identity it is looks elsewhere once, and writes nothing where that is no use', async () => {
    const world = fullPool();
    await world.list();
    const calls = await world.callsOf(() => world.access.reserve(requestFor('ex-1', { identity: ONE })));
    expect(calls.filter((call) => LOCKLESS_PUT.test(call))).toEqual([]);
    // by the list that is known, and by a new one before it is told to wait
    expect(calls.filter((call) => call === 'GET ledger/pool-2')).toHaveLength(2);
  });

  it('stays with the identity on which it has a credential already, though another is free', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'), ...foreign(MAX_CREDENTIALS - 1));
    const more = { identity: ONE, wanted: [wanted('ex-1'), wanted('ex-1', 'second')] };
    const calls = await world.callsOf(async () =>
      expect(await world.access.reserve(requestFor('ex-1', more))).toEqual({
        kind: 'full',
        why: expect.stringContaining('pool-1 holds 20 of 20'),
      }),
    );
    expect(calls).not.toContain('LIST pool-2');
  });
});

describe('a reservation of an environment that is gone', () => {
  const crashed = (at: number) => ({ slug: 'crashed', names: ['x'], at });

  it('makes room on one identity, though the other holds none', async () => {
    const world = makeMemoryWorld({ holds: async () => false });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    world.hold(TWO, ...foreign(MAX_CREDENTIALS - 1));
    await world.list();
    await world.change(TWO, (now) => withReservation(now, crashed(world.clock.now() - 90_000)));
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject(reservedOn(TWO));
  });

  it('gives its slot back together with those of all others that are gone', async () => {
    const world = makeMemoryWorld({ pool: [ONE], holds: async () => false });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 2));
    await world.list(0, [ONE]);
    for (const slug of ['one', 'other'])
      await world.change(ONE, (now) => withReservation(now, { slug, names: [slug], at: world.clock.now() - 90_000 }));
    const more = { wanted: [wanted('ex-1'), wanted('ex-1', 'second')] };
    expect(await world.access.reserve(requestFor('ex-1', more))).toMatchObject(reservedOn(ONE));
    expect((await world.ledger(ONE)).reservations.map(({ slug }) => slug)).toEqual(['ex-1']);
  });

  it('has its identity listed, since its PUT may have been sent', async () => {
    const world = makeMemoryWorld({ pool: [ONE], holds: async () => false });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 1));
    await world.list(0, [ONE]);
    await world.change(ONE, (now) => withReservation(now, crashed(world.clock.now() - 90_000)));
    world.hold(ONE, held('crashed'));
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({
      kind: 'full',
      why: expect.stringContaining('pool-1 holds 20 of 20; '),
    });
  });

  it('is left to its environment where that reserved at another moment, or is another of the same moment', async () => {
    const at = 1_000;
    const world = makeMemoryWorld({ pool: [ONE], holds: async (slug) => slug !== 'crashed' });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 2));
    await world.list(0, [ONE]);
    for (const slug of ['crashed', 'alive'])
      await world.change(ONE, (now) => withReservation(now, { slug, names: [slug], at }));
    await world.access.reserve(requestFor('ex-1'));
    expect((await world.ledger(ONE)).reservations.map(({ slug }) => slug).toSorted()).toEqual(['alive', 'ex-1']);
  });
});

it('a pool that is empty gives all-zero ids, and warns where something was wanted', async () => {
  const { access } = makeMemoryWorld({ pool: [] });
  const zero = '00000000-0000-0000-0000-000000000000';
  const warning = 'WORKLOAD_IDENTITIES is empty: no federated credential was made, and nothing will open Key Vault';
  for (const [all, warnings] of [
    [[wanted('ex-1')], [warning]],
    [[], []],
  ] as const)
    expect(await access.reserve(requestFor('ex-1', { wanted: [...all] }))).toEqual({
      kind: 'reserved',
      reserved: { clientId: zero, tenantId: zero, warnings },
    });
});
