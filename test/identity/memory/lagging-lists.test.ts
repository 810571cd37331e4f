import { describe, expect, it } from '@jest/globals';
import { MAX_CREDENTIALS } from '../../../lib/identity/ledger/ledger.ts';
import { foreign, requestFor, wanted } from '../world.ts';
import { ONE, makeMemoryWorld } from './memory-world.ts';

type World = ReturnType<typeof makeMemoryWorld>;
const pass = (): undefined => undefined;
const { name } = wanted('ex-1');
const identity = ONE;

async function provision(world: World, slug: string): Promise<void> {
  const answer = await world.access.reserve(requestFor(slug));
  if (answer.kind !== 'reserved') throw new Error('no slot');
  await world.access.ensure(requestFor(slug), answer.reserved, pass);
}

/** An identity that holds as much of others, for long. */
function lagging(taken = 0): World {
  const world = makeMemoryWorld({ pool: [ONE] });
  world.hold(ONE, ...foreign(taken));
  world.clock.advance(60_000);
  world.listLagMs = 20_000;
  return world;
}

describe('a list that lags behind a write', () => {
  it('frees no slot that the write took', async () => {
    const world = lagging(MAX_CREDENTIALS - 1);
    await provision(world, 'ex-1');
    world.clock.advance(11_000);
    // one that finds the pool full asks for a list of its own
    await world.access.reserve(requestFor('ex-2'));
    expect(await world.access.reserve(requestFor('ex-2'))).toMatchObject({ kind: 'full' });
  });

  it('hides no credential from its removal', async () => {
    const world = lagging();
    await provision(world, 'ex-1');
    await world.access.holdings();
    const changes = await world.access.remove(requestFor('ex-1', { identity }), pass);
    expect(changes).toMatchObject([{ action: 'deleted' }]);
    expect(world.heldBy(ONE)).toEqual([]);
  });

  it('hides no credential whose write got no answer', async () => {
    const world = lagging();
    let isCut = false;
    world.onCall = (call) => {
      if (isCut) return call.endsWith(name) ? { status: 403 } : undefined;
      isCut = call === `PUT ${name}`;
      return isCut ? { isDone: true } : undefined;
    };
    await expect(provision(world, 'ex-1')).rejects.toThrow();
    world.onCall = () => undefined;
    expect(world.heldBy(ONE)).toHaveLength(1);

    await world.access.remove(requestFor('ex-1', { identity }), pass);
    expect(world.heldBy(ONE)).toEqual([]);
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });

  it('shows no credential that was removed', async () => {
    const world = lagging();
    await provision(world, 'ex-1');
    world.clock.advance(30_000);
    await world.access.remove(requestFor('ex-1', { identity }), pass);
    const { identities } = await world.access.holdings();
    expect(identities).toMatchObject([{ credentials: [] }]);
  });

  it('leaves what somebody else put under a reserved name, and lists again', async () => {
    const world = lagging();
    await world.access.reserve(requestFor('ex-1'));
    const theirs = { name, issuer: 'https://theirs.example/', subject: 'theirs', audiences: ['theirs'] };
    world.hold(ONE, theirs);
    expect(await world.access.remove(requestFor('ex-1', { identity }), pass)).toEqual([]);
    expect(world.heldBy(ONE)).toEqual([theirs]);
    expect(await world.ledger(ONE)).not.toHaveProperty('seen');
  });
});

describe('a list of a process that stood still', () => {
  it('does not take the place of one that others took meanwhile', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.onCall = async (call) => {
      if (call !== 'LIST pool-1') return undefined;
      world.clock.advance(90_000);
      await world.list(1_000, [ONE]);
      return undefined;
    };
    await world.access.reserve(requestFor('ex-1'));
    expect((await world.ledger(ONE)).seen?.at).toBe(world.clock.now() - 1_000);
  });

  it('counts as no list where nobody else took one', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.onCall = (call) => {
      if (call === 'LIST pool-1') world.clock.advance(15_001);
      return undefined;
    };
    await expect(world.access.reserve(requestFor('ex-1'))).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the list took too long to be one of now',
      object: 'Identity/pool-1',
    });
    expect(await world.ledger(ONE)).not.toHaveProperty('seen');
  });

  it('counts where it took no longer than a call may', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.onCall = (call) => {
      if (call === 'LIST pool-1') world.clock.advance(15_000);
      return undefined;
    };
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({ kind: 'reserved' });
  });
});
