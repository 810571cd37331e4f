import { describe, expect, it } from '@jest/globals';
import { withReservation, withoutSeen } from '../../../lib/identity/ledger/ledger.ts';
import { identityIdOf } from '../../support/fakes/arm.ts';
import { foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, makeMemoryWorld } from './memory-world.ts';

type World = ReturnType<typeof makeMemoryWorld>;
const { name } = wanted('ex-1');
const request = requestFor('ex-1', { identity: ONE });
const remove = (world: World) => world.access.remove(request, () => undefined);
const change = { object: `FederatedCredential/pool-1/${name}`, action: 'deleted' };

/** An identity that holds ours and others', as a list of now says. */
async function makeWorld(): Promise<World> {
  const world = makeMemoryWorld();
  world.hold(ONE, held('ex-1'), ...foreign(1));
  await world.list();
  return world;
}

describe('a removal', () => {
  it('is one read by name and one DELETE under the lock, by ledgers that are read once, and one note of it', async () => {
    const world = await makeWorld();
    const begun = world.clock.now();
    expect(await world.callsOf(async () => expect(await remove(world)).toEqual([change]))).toEqual([
      // whether it comes too early, whether it waits for a slot, whether another identity holds something, and its list
      'GET ledger/pool-1',
      'GET ledger/waitlist',
      'GET ledger/pool-2',
      'GET ledger/pool-1',
      'LEASE lock/pool-1',
      'PUT lock/pool-1',
      'LEASE lock/pool-1',
      `GET ${name}`,
      `DELETE ${name}`,
      'RELEASE lock/pool-1',
      'PUT ledger/pool-1',
    ]);
    const next = begun + 4_200;
    expect(await world.ledger(ONE)).toEqual({
      v: 1,
      writes: 1,
      reservations: [],
      rates: { delete: { next, notBefore: next, until: 0 } },
      seen: { at: begun, credentials: foreign(1) },
      recent: [{ name, at: begun }],
    });
  });

  it('of nothing takes no lock and writes nothing', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, ...foreign(1));
    await world.list();
    const calls = await world.callsOf(async () => expect(await remove(world)).toEqual([]));
    expect(calls).toEqual(['GET ledger/pool-1', 'GET ledger/waitlist', 'GET ledger/pool-2', 'GET ledger/pool-1']);
  });

  it('from an identity that is gone has succeeded', async () => {
    const world = makeMemoryWorld();
    const gone = requestFor('ex-1', { identity: identityIdOf('deleted') });
    expect(await world.access.remove(gone, () => undefined)).toEqual([]);
    expect(await world.access.plan(gone, 'absent')).toEqual({ changes: [] });
  });

  it('that comes too early asks for no more than one ledger, whatever else the identity holds', async () => {
    const world = await makeWorld();
    const next = world.clock.now() + 9_000;
    const rate = { next, notBefore: next, until: world.clock.now() + 60_000 };
    await world.change(ONE, (ledger) => ({ ...ledger, rates: { delete: rate } }));
    const calls = await world.callsOf(() => expect(remove(world)).rejects.toMatchObject({ code: 'unavailable' }));
    expect(calls).toEqual(['GET ledger/pool-1']);
  });

  it('waits for its moment where that comes within 8 s', async () => {
    const world = await makeWorld();
    const now = world.clock.now();
    const rate = { next: now + 5_000, notBefore: now + 5_000, until: now + 60_000 };
    await world.change(ONE, (ledger) => ({ ...ledger, rates: { delete: rate } }));
    expect(await remove(world)).toEqual([change]);
    expect(world.clock.now()).toBe(now + 5_000);
  });

  it('of what others put under its name since has the identity listed again, and is none', async () => {
    const world = await makeWorld();
    world.hold(ONE, held('ex-1', { issuer: 'https://other.example/' }));
    expect(await remove(world)).toEqual([]);
    expect(await world.ledger(ONE)).toEqual({ v: 1, writes: 1, reservations: [], rates: {} });
  });

  it('leaves the rest on the shared list after a wait for its moment: only what comes under the lock is slow', async () => {
    const world = await makeWorld();
    let throttled = 0;
    world.onCall = (call) => {
      if (call === `GET ${name}` && throttled > 0) world.clock.advance(7_600);
      return call === `DELETE ${name}` && (throttled += 1) === 1 ? { status: 429 } : undefined;
    };
    const begun = world.clock.now();
    expect(await remove(world)).toEqual([change]);
    expect(world.clock.now() - begun).toBeGreaterThan(15_000);
    expect((await world.ledger(ONE)).seen?.credentials).toEqual(foreign(1));
  });
});

describe('a list that a removal needs', () => {
  const LIST_429 = (call: string) => (call === 'LIST pool-1' ? { status: 429 } : undefined);
  const failing = (world: World) =>
    world.callsOf(() =>
      expect(remove(world)).rejects.toMatchObject({
        code: 'unavailable',
        object: 'Identity/pool-1',
        retryAfterMs: 7_000,
      }),
    );
  const lists = (calls: readonly string[]) => calls.filter((call) => call === 'LIST pool-1');

  it('under the lock, for a PUT that may be on its way, is waited for no longer than 8 s in all', async () => {
    const world = await makeWorld();
    await world.change(ONE, (now) => withReservation(now, { slug: 'ex-1', names: [name], at: 1 }));
    world.onCall = (call) => {
      if (call === 'LEASE lock/pool-1') world.clock.advance(1_000);
      return LIST_429(call);
    };
    expect(lists(await failing(world))).toHaveLength(1);
  });

  it('at the second try is waited for no longer than 8 s from the first', async () => {
    const world = await makeWorld();
    let failed = 0;
    world.onCall = async (call) => {
      if (call !== `DELETE ${name}`) return LIST_429(call);
      // the answers of the lock and of the DELETE take their time, and then another instance knows of no list
      world.clock.advance(5_000);
      await world.change(ONE, withoutSeen);
      return (failed += 1) === 1 ? { status: 409 } : undefined;
    };
    expect(lists(await failing(world))).toHaveLength(1);
  });
});
