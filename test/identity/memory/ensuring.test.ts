import { describe, expect, it } from '@jest/globals';
import type { CredentialRequest } from '../../../lib/environment/ports/credentials.ts';
import { MAX_CREDENTIALS, withReservation, withoutReservation } from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, OUT, TWO, makeMemoryWorld } from './memory-world.ts';

type World = ReturnType<typeof makeMemoryWorld>;
const pass = (): undefined => undefined;
const { name } = wanted('ex-1');
const PUT = `PUT ${name}`;

function makeWorld(): World {
  return makeMemoryWorld({ pool: [ONE] });
}

async function reserve(world: World, request: CredentialRequest = requestFor('ex-1')) {
  const answer = await world.access.reserve(request);
  if (answer.kind !== 'reserved') throw new Error('no slot');
  return { ensure: (guard = pass) => world.access.ensure(request, answer.reserved, guard) };
}

const actions = (changes: readonly { action: string }[]) => changes.map(({ action }) => action);

describe('what is there already', () => {
  it('costs no lock, and of several credentials each is looked at', async () => {
    const world = makeWorld();
    const request = requestFor('ex-1', { wanted: [wanted('ex-1'), wanted('ex-1', 'second')] });
    world.hold(ONE, held('ex-1'));
    const { ensure } = await reserve(world, request);
    expect(actions(await ensure())).toEqual(['unchanged', 'created']);
    world.clock.advance(5_000);
    expect(await world.callsOf(ensure)).toEqual(['GET ledger/pool-1']);
    expect(actions(await ensure())).toEqual(['unchanged', 'unchanged']);
  });

  it('ends the reservation of a writer that died before it learnt of its answer', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    world.hold(ONE, held('ex-1'));
    await world.list(0, [ONE]);
    expect(actions(await ensure())).toEqual(['unchanged']);
    expect(world.calls).not.toContain(PUT);
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });
});

describe('guard 5 under the lock', () => {
  it('writes again what was removed behind the shared list, its name there in other case', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    const credentials = [held('ex-1', { name: name.toUpperCase() })];
    await world.change(ONE, (ledger) => ({ ...ledger, seen: { at: world.clock.now(), credentials } }));
    world.clock.advance(5_000);
    expect(actions(await ensure())).toEqual(['created']);
    expect(world.heldBy(ONE)).toEqual([held('ex-1')]);
  });

  it('refuses our tuple under another name that another instance has listed since', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    world.hold(ONE, held('ex-1', { name: 'by-hand' }));
    await world.list(0, [ONE]);
    world.clock.advance(5_000);
    await expect(ensure()).rejects.toMatchObject({
      code: 'rejected',
      object: `FederatedCredential/pool-1/${name}`,
      message: expect.stringContaining('as federated credential by-hand'),
    });
    expect(world.calls).not.toContain(PUT);
  });
});

describe('a slot that was dropped since', () => {
  const drop = (world: World) => world.change(ONE, (ledger) => withoutReservation(ledger, 'ex-1'));

  it('is reserved again before the PUT, and by nobody whose lease has ended', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    await drop(world);
    world.clock.advance(5_000);
    const lost = (): undefined => {
      throw new Error('the lease ends');
    };
    await expect(ensure(lost)).rejects.toThrow('the lease ends');
    expect((await world.ledger(ONE)).reservations).toEqual([]);

    let asks = 0;
    const slow = () => ((asks += 1) === 1 ? Promise.resolve() : undefined);
    const noted: unknown[] = [];
    world.onCall = async (call) => {
      if (call === PUT) noted.push((await world.ledger(ONE)).reservations);
      return undefined;
    };
    expect(actions(await ensure(slow as typeof pass))).toEqual(['created']);
    expect(noted).toEqual([[{ slug: 'ex-1', names: [name], at: world.clock.now() }]]);
    // before it is reserved again, once more after the wait, and before the PUT
    expect(asks).toBe(3);
  });

  it('keeps the other names of the reservation, and is lost where they are all that is free', async () => {
    const second = wanted('ex-1', 'second');
    const request = requestFor('ex-1', { wanted: [wanted('ex-1'), second] });
    for (const [count, isFree] of [
      [MAX_CREDENTIALS - 2, true],
      [MAX_CREDENTIALS - 1, false],
    ] as const) {
      const world = makeWorld();
      const { ensure } = await reserve(world, request);
      await world.change(ONE, (ledger) => {
        const kept = withReservation(ledger, { slug: 'ex-1', names: [second.name], at: 1 });
        return { ...kept, seen: { at: world.clock.now(), credentials: foreign(count) } };
      });
      world.clock.advance(5_000);
      const noted: string[][] = [];
      world.onCall = async (call) => {
        if (call === PUT) noted.push(...(await world.ledger(ONE)).reservations.map(({ names }) => names));
        return undefined;
      };
      if (isFree) expect(actions(await ensure())).toEqual(['created', 'created']);
      else
        await expect(ensure()).rejects.toMatchObject({
          code: 'conflict',
          object: `FederatedCredential/pool-1/${name}`,
        });
      expect(noted).toEqual(isFree ? [[second.name, name]] : []);
    }
  });

  it('is reserved once where another instance has done so in the same moment', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    await drop(world);
    world.clock.advance(5_000);
    const noted: string[][] = [];
    world.onCall = async (call) => {
      if (call === 'LEASE lock/pool-1') world.locks.read(ONE).catch(() => undefined);
      if (call === `GET ${name}`)
        await world.change(ONE, (ledger) => withReservation(ledger, { slug: 'ex-1', names: [name], at: 1 }));
      if (call === PUT) noted.push(...(await world.ledger(ONE)).reservations.map(({ names }) => names));
      return undefined;
    };
    await ensure();
    expect(noted).toEqual([[name]]);
  });
});

describe('a PUT that Azure refuses with 400', () => {
  const refuse = (call: string) => (call === PUT ? { status: 400 } : undefined);

  it('gives the slot back, lists once, and says what Azure said where the list explains nothing', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    world.onCall = refuse;
    const calls = await world.callsOf(() =>
      expect(ensure()).rejects.toMatchObject({
        code: 'rejected',
        message: expect.stringContaining('Azure answered 400'),
      }),
    );
    expect(calls.filter((call) => call === 'LIST pool-1')).toHaveLength(1);
    expect((await world.ledger(ONE)).reservations).toEqual([]);
  });

  it('names the credential that holds our tuple', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    world.hold(ONE, held('ex-1', { name: 'by-hand' }));
    await expect(ensure()).rejects.toMatchObject({ code: 'rejected', message: expect.stringContaining('by-hand') });
  });

  it.each([
    [MAX_CREDENTIALS, 'conflict'],
    [MAX_CREDENTIALS - 1, 'rejected'],
  ])('calls an identity full that holds %i: %s', async (count, code) => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    world.hold(ONE, ...foreign(count));
    world.onCall = refuse;
    const object = `FederatedCredential/pool-1/${name}`;
    await expect(ensure()).rejects.toMatchObject({
      code,
      object,
      ...(code === 'conflict' && { message: 'the slot on identity pool-1 was taken by others' }),
    });
  });

  it.each([403, 404, 422])('but lists nothing for a %i, and keeps the slot', async (status) => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    world.onCall = (call) => (call === PUT ? { status } : undefined);
    const calls = await world.callsOf(() => expect(ensure()).rejects.toMatchObject({ retryable: false }));
    expect(calls).not.toContain('LIST pool-1');
    expect((await world.ledger(ONE)).reservations).toHaveLength(1);
  });
});

describe('what Azure has taken', () => {
  it.each([{}, { status: 500 }])('is found, not sent again, where its answer was lost: %j', async (fault) => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    let isLost = false;
    world.onCall = (call) => {
      if (call !== PUT || isLost) return undefined;
      isLost = true;
      return { ...fault, isDone: true };
    };
    expect(actions(await ensure())).toEqual(['created']);
    expect(world.calls.filter((call) => call === PUT)).toHaveLength(1);
    expect((await world.ledger(ONE)).seen?.credentials).toEqual([held('ex-1')]);
  });

  it('is noted for all instances: the next of them lists nothing', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    await ensure();
    const { access } = world.instance();
    expect(await world.callsOf(() => access.reserve(requestFor('ex-2')))).not.toContain('LIST pool-1');
    expect((await world.ledger(ONE)).writes).toBe(1);
  });

  it('after a 429 keeps the next write away from when it was sent, not from when it was to be', async () => {
    const world = makeWorld();
    const { ensure } = await reserve(world);
    let throttled = 0;
    world.onCall = (call) => {
      if (call === `GET ${name}` && throttled > 0) world.clock.advance(5_000);
      return call === PUT && (throttled += 1) === 1 ? { status: 429 } : undefined;
    };
    const begun = world.clock.now();
    expect(actions(await ensure())).toEqual(['created']);
    const { rates } = await world.ledger(ONE);
    // 7 s by Azure, half a second of jitter, 5 s that the guard took
    expect((rates.put?.next ?? 0) - begun).toBe(7_500 + 5_000 + 4_200);
    expect(rates.delete).toBeUndefined();
  });
});

it('credentials on two identities are made side by side, and one that fails keeps none of the others from being made', async () => {
  const world = makeMemoryWorld();
  const literal = { ...wanted('ex-1', 'reader'), clientId: 'client-of-pool-2' };
  const request = requestFor('ex-1', { identity: ONE, wanted: [wanted('ex-1'), literal] });
  const { ensure } = await reserve(world, request);
  world.onCall = (call) => (call === PUT ? { status: 403 } : undefined);
  await expect(ensure()).rejects.toMatchObject({ code: 'not-permitted' });
  expect(world.heldBy(TWO).map(({ subject }) => subject)).toEqual([literal.subject]);
});

it('what an environment left on an identity out of the pool goes once its new credential is made', async () => {
  const world = makeWorld();
  const { ensure } = await reserve(world, requestFor('ex-1', { identity: ONE, former: [OUT] }));
  world.hold(OUT, held('ex-1'), held('ex-2'));
  expect(await ensure()).toEqual([
    { object: `FederatedCredential/pool-1/${name}`, action: 'created' },
    { object: `FederatedCredential/taken-out/${name}`, action: 'deleted' },
  ]);
  expect(world.heldBy(OUT)).toEqual([held('ex-2')]);
});
