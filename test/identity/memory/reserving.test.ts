import { describe, expect, it } from '@jest/globals';
import {
  MAX_CREDENTIALS,
  withReservation,
  withoutReservation,
  withoutSeen,
} from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, OUT, TWO, makeMemoryWorld } from './memory-world.ts';

const only = { pool: [ONE] };
const reserved = (identity: string) => ({ kind: 'reserved', reserved: { identity } });

describe('a pool', () => {
  it('names an identity once, however it is spelled', async () => {
    const { access } = makeMemoryWorld({ pool: [ONE, ONE.toUpperCase(), TWO] });
    expect(await access.inspect(requestFor('ex-1', { identity: ONE }))).toMatchObject({ poolSize: 2 });
    expect((await access.holdings()).identities.map(({ identity }) => identity)).toEqual([ONE.toUpperCase(), TWO]);
  });

  it('that is empty is asked for nothing, and says why nothing is made', async () => {
    const { access, calls } = makeMemoryWorld({ pool: [] });
    const { wanted: all } = requestFor('ex-1');
    expect(await access.inspect(requestFor('ex-1'))).toEqual({
      issuer: '',
      poolSize: 0,
      identities: [],
      placed: [{ serviceAccount: all[0]?.serviceAccount }],
    });
    expect(await access.plan(requestFor('ex-1'), 'present')).toEqual({
      changes: [
        { object: `FederatedCredential/${all[0]?.name}`, action: 'skipped', reason: 'WORKLOAD_IDENTITIES is empty' },
      ],
    });
    expect(await access.holdings()).toEqual({ issuer: '', identities: [], unread: [] });
    const answer = await access.reserve(requestFor('ex-1'));
    if (answer.kind !== 'reserved') throw new Error('reserved without a pool');
    expect(await access.ensure(requestFor('ex-1'), answer.reserved, () => undefined)).toEqual([]);
    expect(calls).toEqual([]);
  });

  it('that is empty since still shows what was written while it was not', async () => {
    const { access, hold } = makeMemoryWorld({ pool: [] });
    hold(ONE, held('ex-1'));
    expect(await access.inspect(requestFor('ex-1', { identity: ONE }))).toMatchObject({
      poolSize: 0,
      identities: [{ identity: ONE, isPooled: false, credentials: [held('ex-1')] }],
    });
    expect(await access.plan(requestFor('ex-1', { identity: ONE }), 'absent')).toEqual({
      changes: [{ object: `FederatedCredential/pool-1/${held('ex-1').name}`, action: 'deleted' }],
    });
  });
});

describe('slots of two identities', () => {
  const literal = { ...wanted('ex-1', 'reader'), clientId: 'client-of-pool-2' };
  const request = requestFor('ex-1', { identity: ONE, wanted: [wanted('ex-1'), literal] });

  it('are taken together, each for the names it is to hold', async () => {
    const { access, ledger } = makeMemoryWorld();
    expect(await access.reserve(request)).toMatchObject(reserved(ONE));
    expect((await ledger(ONE)).reservations).toMatchObject([{ slug: 'ex-1', names: [wanted('ex-1').name] }]);
    expect((await ledger(TWO)).reservations).toMatchObject([{ slug: 'ex-1', names: [literal.name] }]);
  });

  it('are given back where the second was taken while the first was reserved', async () => {
    const world = makeMemoryWorld();
    await world.list();
    let isTaken = false;
    world.onCall = async (call) => {
      if (call !== 'PUT ledger/pool-1' || isTaken) return undefined;
      isTaken = true;
      world.hold(TWO, ...foreign(MAX_CREDENTIALS));
      await world.list(0, [TWO]);
      return undefined;
    };
    expect(await world.access.reserve(request)).toEqual({
      kind: 'full',
      why: expect.stringMatching(/^waiting for a credential slot: pool-2 holds 20 of 20; /),
    });
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });

  it.each([
    ['LIST pool-1', { pool: [ONE, TWO] }],
    ['LIST pool-2', { pool: [ONE, TWO] }],
  ])('are not taken where one of both cannot be read, though the other can: %s', async (call, options) => {
    const world = makeMemoryWorld(options);
    world.onCall = (one) => (one === call ? { status: 403 } : undefined);
    await expect(world.access.reserve(request)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(world.logged).not.toContain('an identity of the pool cannot be read');
    const ledgers = await Promise.all([ONE, TWO].map((id) => world.ledger(id)));
    expect(ledgers.flatMap(({ reservations }) => reservations)).toEqual([]);
  });

  it('are not taken where the one that a literal names cannot be read, though another has room', async () => {
    const world = makeMemoryWorld();
    world.onCall = (one) => (one === 'LIST pool-2' ? { status: 403 } : undefined);
    const access = world.access.reserve(requestFor('ex-1', { wanted: [wanted('ex-1'), literal] }));
    await expect(access).rejects.toMatchObject({ code: 'not-permitted' });
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });

  it('are those of the named identity alone where every client id is literal', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    expect(await world.access.reserve(requestFor('ex-1', { wanted: [literal] }))).toMatchObject(reserved(TWO));
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });

  it('are counted together on the identity that both belong on, and one of them moves where both find no room', async () => {
    const world = makeMemoryWorld();
    const both = requestFor('ex-1', { identity: TWO, wanted: [wanted('ex-1'), literal] });
    world.hold(TWO, ...foreign(MAX_CREDENTIALS - 1));
    expect(await world.access.reserve(both)).toMatchObject(reserved(ONE));
    expect((await world.ledger(TWO)).reservations).toMatchObject([{ slug: 'ex-1', names: [literal.name] }]);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    await world.list();
    expect(await world.access.reserve(requestFor('ex-2', { ...both, slug: 'ex-2' }))).toEqual({
      kind: 'full',
      why: expect.stringMatching(/^waiting for 2 credential slots on one identity: pool-2 holds 19 of 20/),
    });
  });
});

describe('a slot that others take in the moment of its reservation', () => {
  it('is looked for again, five times at most, and the request comes back after 1 to 5 s', async () => {
    const world = makeMemoryWorld({ ...only, random: 0.75 });
    let rounds = 0;
    world.onCall = async (call) => {
      // somebody else's outcome is unknown: the list no longer counts
      if (call !== 'PUT ledger/pool-1' || (await world.ledger(ONE)).seen === undefined) return undefined;
      rounds += 1;
      await world.change(ONE, withoutSeen);
      return undefined;
    };
    await expect(world.access.reserve(requestFor('ex-1'))).rejects.toMatchObject({
      code: 'conflict',
      message: 'other environments take credential slots too fast',
      object: 'Identity/pool',
      retryAfterMs: 4_000,
    });
    expect(rounds).toBe(5);
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });
});

describe('a reservation of an environment that is gone', () => {
  const crashed = { slug: 'crashed', names: ['x'] };

  it.each([
    [60_000, true, 'full'],
    [60_001, true, 'reserved'],
    [3_600_000, false, 'full'],
    [3_600_001, false, 'reserved'],
  ])('counts for %i ms where records can be asked: %p', async (ageMs, canAsk, kind) => {
    const world = makeMemoryWorld({ ...only, ...(canAsk && { holds: async () => false }) });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 1));
    await world.list(0, [ONE]);
    await world.change(ONE, (now) => withReservation(now, { ...crashed, at: world.clock.now() - ageMs }));
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({ kind });
  });

  it('is asked for by its slug and identity, and stays where the environment reserved again meanwhile', async () => {
    const asked: string[] = [];
    const world = makeMemoryWorld({
      ...only,
      holds: async (slug, identityId) => {
        asked.push(`${slug} ${identityId === ONE}`);
        await world.change(ONE, (now) => withReservation(now, { ...crashed, at: world.clock.now() }));
        return false;
      },
    });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 1));
    await world.list(0, [ONE]);
    await world.change(ONE, (now) => withReservation(now, { ...crashed, at: world.clock.now() - 90_000 }));
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({ kind: 'full' });
    expect(asked).toEqual(['crashed true']);
    expect((await world.ledger(ONE)).reservations).toMatchObject([{ slug: 'crashed', at: world.clock.now() }]);
  });

  it('is dropped alone: one that is still held keeps its slot', async () => {
    const world = makeMemoryWorld({ ...only, holds: async (slug) => slug === 'alive' });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 2));
    await world.list(0, [ONE]);
    const at = world.clock.now() - 90_000;
    for (const slug of ['alive', 'crashed'])
      await world.change(ONE, (now) => withReservation(now, { slug, names: [slug], at }));
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject(reserved(ONE));
    expect((await world.ledger(ONE)).reservations.map(({ slug }) => slug).toSorted()).toEqual(['alive', 'ex-1']);
  });
});

describe('an environment whose identity is full', () => {
  it('stays where it cannot go elsewhere, and joins no waitlist: a slot of another identity is no use to it', async () => {
    const world = makeMemoryWorld(only);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    expect(await world.access.reserve(requestFor('ex-1', { identity: ONE }))).toMatchObject({ kind: 'full' });
    expect((await world.ledger('pool')).waiting ?? []).toEqual([]);
    expect(await world.access.reserve(requestFor('ex-2'))).toMatchObject({ kind: 'full' });
    expect((await world.ledger('pool')).waiting).toEqual([{ slug: 'ex-2', at: world.clock.now() }]);
  });

  it('has the old one listed when it moves, since its PUT may have been sent', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    expect(await world.access.reserve(requestFor('ex-1', { identity: ONE }))).toMatchObject(reserved(TWO));
    expect((await world.ledger(ONE)).seen).toBeUndefined();
  });

  it('is refused by guard credential where only such identities have room', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1', { name: 'by-hand' }));
    world.hold(TWO, ...foreign(MAX_CREDENTIALS));
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({ kind: 'full' });
    world.at(TWO).held.clear();
    world.hold(TWO, held('ex-1', { name: 'by-hand' }));
    world.clock.advance(11_000);
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({
      kind: 'refused',
      refusal: { guard: 'credential' },
    });
  });

  it('is refused by an older list only after a new one', async () => {
    const world = makeMemoryWorld(only);
    world.hold(ONE, held('ex-1', { name: 'by-hand' }));
    await world.list(10_000, [ONE]);
    world.at(ONE).held.clear();
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject(reserved(ONE));
  });
});

describe('room that others wait for', () => {
  const waitAs = async (world: ReturnType<typeof makeMemoryWorld>, slugs: readonly string[]) => {
    for (const slug of slugs) await world.access.reserve(requestFor(slug));
    world.at(ONE).held.clear();
  };

  it.each([
    [18, 'reserved', ''],
    [19, 'full', 'waiting for a credential slot behind 1 that has waited longer'],
  ])('goes to a newcomer while more is left than they take: %i held', async (count, kind, why) => {
    const world = makeMemoryWorld(only);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    await waitAs(world, ['first']);
    world.hold(ONE, ...foreign(count));
    world.clock.advance(10_000);
    await world.list(0, [ONE]);
    expect(await world.access.reserve(requestFor('newcomer'))).toMatchObject({ kind, ...(why !== '' && { why }) });
  });

  it('is counted in whole environments: two slots are room for one that needs two', async () => {
    const world = makeMemoryWorld(only);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    await waitAs(world, ['first', 'second']);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 3));
    await world.list(0, [ONE]);
    const two = requestFor('newcomer', { wanted: [wanted('newcomer'), wanted('newcomer', 'more')] });
    expect(await world.access.reserve(two)).toEqual({
      kind: 'full',
      why: 'waiting for a credential slot behind 2 that have waited longer',
    });
  });

  it('is counted on each identity by itself: a slot on each of two is no room for one that needs two', async () => {
    const world = makeMemoryWorld();
    for (const id of [ONE, TWO]) world.hold(id, ...foreign(MAX_CREDENTIALS));
    await waitAs(world, ['first']);
    world.at(TWO).held.clear();
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 2));
    world.hold(TWO, ...foreign(MAX_CREDENTIALS - 1));
    await world.list(0);
    const two = requestFor('newcomer', { wanted: [wanted('newcomer'), wanted('newcomer', 'more')] });
    expect(await world.access.reserve(two)).toMatchObject({ kind: 'full', why: expect.stringContaining('behind 1') });
  });

  it.each([
    [75_000, 'full'],
    [75_001, 'reserved'],
  ])('is free once nobody has asked for %i ms', async (ms, kind) => {
    const world = makeMemoryWorld(only);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    await waitAs(world, ['first']);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 1));
    world.clock.advance(ms);
    await world.list(0, [ONE]);
    expect(await world.access.reserve(requestFor('newcomer'))).toMatchObject({ kind });
  });

  it('is left by who got a slot or is removed', async () => {
    const world = makeMemoryWorld(only);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    await waitAs(world, ['first', 'second', 'third']);
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 3));
    await world.list(0, [ONE]);
    expect(await world.access.reserve(requestFor('first'))).toMatchObject(reserved(ONE));
    await world.access.remove(requestFor('second', { identity: OUT }), () => undefined);
    expect((await world.ledger('pool')).waiting).toMatchObject([{ slug: 'third' }]);
  });
});

it('a slot that was given back is reserved by one of two instances of an environment alone', async () => {
  const world = makeMemoryWorld(only);
  const answer = await world.access.reserve(requestFor('ex-1'));
  if (answer.kind !== 'reserved') throw new Error('no slot');
  await world.change(ONE, (ledger) => withoutReservation(ledger, 'ex-1'));
  const noted: string[][] = [];
  world.onCall = async (call) => {
    if (call.startsWith('PUT key')) noted.push(...(await world.ledger(ONE)).reservations.map(({ names }) => names));
    return undefined;
  };
  world.clock.advance(5_000);
  await world.access.ensure(requestFor('ex-1'), answer.reserved, () => undefined);
  expect(noted).toEqual([[wanted('ex-1').name]]);
});
