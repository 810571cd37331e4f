import { describe, expect, it } from '@jest/globals';
import { withReservation } from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, OUT, TWO, makeMemoryWorld } from './memory-world.ts';

const pass = (): undefined => undefined;
const { name } = wanted('ex-1');
const DELETE = `DELETE ${name}`;
const deleted = (identity: string, credential = name) => ({
  object: `FederatedCredential/${identity}/${credential}`,
  action: 'deleted',
});

describe('where to look', () => {
  it.each<[string, string, (world: ReturnType<typeof makeMemoryWorld>) => Promise<unknown>, string[]]>([
    ['the identity of the record alone', ONE, async () => undefined, ['pool-1']],
    ['the same in other case', ONE.toUpperCase(), async () => undefined, ['pool-1']],
    ['one out of the pool', OUT, async () => undefined, ['taken-out']],
    [
      'and each whose list mentions the namespace',
      ONE,
      async (world) => {
        world.hold(TWO, held('ex-1', { name: 'other', subject: wanted('ex-1', 'reader').subject }), held('ex-2'));
        await world.list(0, [TWO]);
      },
      ['pool-1', 'pool-2'],
    ],
    [
      'but none that mentions another namespace which begins with the same words',
      ONE,
      async (world) => {
        world.hold(TWO, held('ex-10'));
        await world.list(0, [TWO]);
      },
      ['pool-1'],
    ],
    [
      'and each that is reserved for it',
      ONE,
      (world) => world.change(TWO, (now) => withReservation(now, { slug: 'ex-1', names: ['x'], at: 1 })),
      ['pool-1', 'pool-2'],
    ],
  ])('is %s', async (_what, identity, prepare, listed) => {
    const world = makeMemoryWorld();
    await prepare(world);
    world.clock.advance(61_000);
    const request = requestFor('ex-1', { identity });
    const lists = (calls: string[]) =>
      [...new Set(calls.filter((call) => call.startsWith('LIST ')).map((call) => call.slice(5)))]
        .map((one) => one.toLowerCase())
        .toSorted();
    expect(lists(await world.callsOf(() => world.access.plan(request, 'absent')))).toEqual(listed);
    world.clock.advance(61_000);
    expect(lists(await world.callsOf(() => world.access.remove(request, pass)))).toEqual(listed);
  });

  it('is the whole pool where the record names none, and the former ones out of the pool', async () => {
    const world = makeMemoryWorld();
    for (const id of [ONE, TWO, OUT]) world.hold(id, held('ex-1'), held('ex-2'));
    const request = requestFor('ex-1', { former: [OUT, ONE] });
    const { changes } = await world.access.plan(request, 'absent');
    expect(changes).toEqual(['pool-1', 'pool-2', 'taken-out'].map((identity) => deleted(identity)));
    expect(await world.access.remove(request, pass)).toEqual([
      deleted('pool-1'),
      deleted('pool-2'),
      deleted('taken-out'),
    ]);
    for (const id of [ONE, TWO, OUT]) expect(world.heldBy(id)).toEqual([held('ex-2')]);
  });

  it('is not a former identity that is in the pool again: it keeps what it holds', async () => {
    const world = makeMemoryWorld();
    world.hold(TWO, held('ex-1'));
    const request = requestFor('ex-1', { identity: ONE, former: [TWO] });
    expect(await world.access.plan(request, 'absent')).toEqual({ changes: [] });
    await world.access.remove(request, pass);
    expect(world.heldBy(TWO)).toEqual([held('ex-1')]);
  });
});

describe('an identity that cannot be listed', () => {
  it.each([404, 403])('fails the removal where it is not ARM that says it is gone: %i of a proxy', async (status) => {
    const world = makeMemoryWorld();
    world.onCall = (call) => (call.startsWith('LIST') ? { status } : undefined);
    const request = requestFor('ex-1', { identity: ONE });
    await expect(world.access.remove(request, pass)).rejects.toMatchObject({ object: 'Identity/pool-1' });
    await expect(world.access.plan(request, 'absent')).rejects.toMatchObject({ object: 'Identity/pool-1' });
  });

  it('keeps nothing on the others from being removed', async () => {
    const world = makeMemoryWorld();
    world.hold(TWO, held('ex-1'));
    world.onCall = (call) => (call === 'LIST pool-1' ? { status: 403 } : undefined);
    await expect(world.access.remove(requestFor('ex-1'), pass)).rejects.toMatchObject({ code: 'not-permitted' });
    expect(world.heldBy(TWO)).toEqual([]);
  });
});

describe('a removal', () => {
  it('costs one read and one DELETE, under the lock, and is noted for all instances', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'), ...foreign(2));
    await world.list();
    const request = requestFor('ex-1', { identity: ONE });
    const calls = await world.callsOf(() => world.access.remove(request, pass));
    expect(calls.filter((call) => !/ledger/.test(call))).toEqual([
      'LEASE lock/pool-1',
      'PUT lock/pool-1',
      'LEASE lock/pool-1',
      `GET ${name}`,
      DELETE,
      'RELEASE lock/pool-1',
    ]);
    expect((await world.ledger(ONE)).seen?.credentials).toEqual(foreign(2));
    expect(await world.callsOf(() => world.access.remove(request, pass))).not.toContain(DELETE);
  });

  it('of what is gone already sends nothing, and corrects the list', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    await world.list();
    world.at(ONE).held.clear();
    expect(await world.access.remove(requestFor('ex-1', { identity: ONE }), pass)).toEqual([]);
    expect(world.calls).not.toContain(DELETE);
    expect((await world.ledger(ONE)).seen?.credentials).toEqual([]);
  });

  it('lists under the lock where a PUT may be on its way, and ends the reservation', async () => {
    const world = makeMemoryWorld();
    await world.list();
    await world.change(ONE, (now) => withReservation(now, { slug: 'ex-1', names: [name], at: 1 }));
    world.onCall = (call) => {
      // it arrives while the writer still holds the lock
      if (call === 'LEASE lock/pool-1') world.hold(ONE, held('ex-1'));
      return undefined;
    };
    const calls = await world.callsOf(async () =>
      expect(await world.access.remove(requestFor('ex-1', { identity: ONE }), pass)).toEqual([deleted('pool-1')]),
    );
    expect(calls.filter((call) => /LEASE|LIST|DELETE/.test(call))).toEqual([
      'LEASE lock/pool-1',
      'LEASE lock/pool-1',
      'LIST pool-1',
      'RELEASE lock/pool-1',
      'LEASE lock/pool-1',
      DELETE,
      'RELEASE lock/pool-1',
    ]);
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });

  it('of what others put under the name since leaves it, whatever else there is', async () => {
    const world = makeMemoryWorld();
    const second = wanted('ex-1', 'second');
    world.hold(ONE, held('ex-1'), held('ex-1', { name: second.name, subject: second.subject }));
    await world.list();
    const theirs = held('ex-1', { issuer: 'https://other.example/' });
    world.at(ONE).held.delete(name.toLowerCase());
    world.hold(ONE, theirs);
    expect(await world.access.remove(requestFor('ex-1', { identity: ONE }), pass)).toEqual([
      deleted('pool-1', second.name),
    ]);
    expect(world.heldBy(ONE)).toEqual([theirs]);
  });

  it('sends nothing where the lease has ended', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    const lost = (): undefined => {
      throw new Error('the lease ends');
    };
    await expect(world.access.remove(requestFor('ex-1', { identity: ONE }), lost)).rejects.toThrow('the lease ends');
    expect(world.heldBy(ONE)).toEqual([held('ex-1')]);
  });

  it('that comes too early for the rate of its identity reads one ledger alone, and is requeued', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    await world.list();
    const now = world.clock.now();
    const rate = { next: now + 20_000, notBefore: now, until: now + 60_000 };
    await world.change(ONE, (ledger) => ({ ...ledger, rates: { delete: rate } }));
    const calls = await world.callsOf(() =>
      expect(world.access.remove(requestFor('ex-1', { identity: ONE }), pass)).rejects.toMatchObject({
        code: 'unavailable',
        retryAfterMs: 18_000,
      }),
    );
    expect(calls).toEqual(['GET ledger/pool-1']);
    // nothing to remove, nothing to wait for
    expect(await world.access.remove(requestFor('ex-2', { identity: ONE }), pass)).toEqual([]);
  });

  it('that is throttled waits as long as Azure says, and spaces removals alone', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    let throttled = 0;
    world.onCall = (call) => (call === DELETE && (throttled += 1) === 1 ? { status: 429 } : undefined);
    const begun = world.clock.now();
    await world.access.remove(requestFor('ex-1', { identity: ONE }), pass);
    expect(world.heldBy(ONE)).toEqual([]);
    const { rates } = await world.ledger(ONE);
    expect((rates.delete?.next ?? 0) - begun).toBe(7_500 + 4_200);
    expect(rates.put).toBeUndefined();
  });
});
