import { describe, expect, it } from '@jest/globals';
import { withoutReservation, withoutSeen } from '../../../lib/identity/ledger/ledger.ts';
import type { CredentialRequest } from '../../../lib/environment/ports/credentials.ts';
import { held, requestFor, wanted } from '../world.ts';
import { ONE, makeMemoryWorld } from './memory-world.ts';

type World = ReturnType<typeof makeMemoryWorld>;
const pass = (): undefined => undefined;
const { name, subject } = wanted('ex-1');
const actions = (changes: readonly { action: string }[]) => changes.map(({ action }) => action);

async function reserve(
  request: CredentialRequest = requestFor('ex-1'),
  world: World = makeMemoryWorld({ pool: [ONE] }),
) {
  const answer = await world.access.reserve(request);
  if (answer.kind !== 'reserved') throw new Error('no slot');
  return { world, ensure: (guard = pass) => world.access.ensure(request, answer.reserved, guard) };
}

describe('a first credential', () => {
  it('costs the lock, one read by its name, the PUT and one note of it, by the ledger that was read before', async () => {
    const { world, ensure } = await reserve();
    expect(await world.callsOf(ensure)).toEqual([
      'LEASE lock/pool-1',
      'PUT lock/pool-1',
      'LEASE lock/pool-1',
      `GET ${name}`,
      `PUT ${name}`,
      'RELEASE lock/pool-1',
      'PUT ledger/pool-1',
    ]);
  });

  it('is reserved by two calls to ARM and one write, where nobody waits for a slot', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    expect(await world.callsOf(() => world.access.reserve(requestFor('ex-1')))).toEqual([
      'GET ledger/pool-1',
      'LIST pool-1',
      'PUT ledger/pool-1',
      'PUT ledger/pool-1',
      'DESCRIBE pool-1',
      'PUT ledger/pool-1',
    ]);
  });

  it('is noted with the moment of its PUT, and of the ledger nothing else is left', async () => {
    const { world, ensure } = await reserve();
    const begun = world.clock.now();
    await ensure();
    const sent = begun + 4_200;
    expect(await world.ledger(ONE)).toEqual({
      v: 1,
      writes: 1,
      reservations: [],
      rates: { put: { next: sent, notBefore: sent, until: 0 } },
      seen: { at: begun, credentials: [held('ex-1')] },
      recent: [{ name, credential: held('ex-1'), at: begun }],
      ids: { clientId: 'client-of-pool-1', tenantId: 'tenant', at: begun },
    });
  });
});

describe('of several credentials', () => {
  it('one that is there does not stand for one that is missing, were nothing reserved any more', async () => {
    const second = wanted('ex-1', 'second');
    const { world, ensure } = await reserve(requestFor('ex-1', { wanted: [wanted('ex-1'), second] }));
    world.hold(ONE, held('ex-1'));
    await world.change(ONE, (ledger) => withoutReservation(ledger, 'ex-1'));
    await world.list(0, [ONE]);
    world.clock.advance(5_000);
    expect(actions(await ensure())).toEqual(['unchanged', 'created']);
  });
});

describe('what is read under the lock', () => {
  it.each([name, `${name}-Login`])('shows as gone what the shared list still shows as ours: %s', async (written) => {
    const request = requestFor('ex-1', { wanted: [{ ...wanted('ex-1'), name: written }] });
    const { world, ensure } = await reserve(request);
    const credentials = [held('ex-1', { name: written })];
    await world.change(ONE, (ledger) => ({ ...ledger, seen: { at: world.clock.now(), credentials } }));
    world.clock.advance(5_000);
    expect(actions(await ensure())).toEqual(['created']);
  });

  it('counts beside what the list shows: our tuple under another name is refused though ours was there before', async () => {
    const { world, ensure } = await reserve();
    await ensure();
    world.at(ONE).held.clear();
    world.hold(ONE, held('ex-1', { name: 'by-hand' }));
    // a list of now still holds our own write of a moment ago
    await world.list(0, [ONE]);
    const again = await reserve(requestFor('ex-1', { wanted: [wanted('ex-1'), wanted('ex-1', 'second')] }), world);
    await expect(again.ensure()).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('as federated credential by-hand'),
    });
    expect(world.heldBy(ONE).map((one) => [one.name, one.subject])).toEqual([['by-hand', subject]]);
  });

  it('is not read where the list alone forbids the write', async () => {
    const { world, ensure } = await reserve();
    world.hold(ONE, held('ex-1', { name: 'by-hand' }));
    await world.list(0, [ONE]);
    world.clock.advance(5_000);
    await expect(ensure()).rejects.toMatchObject({ code: 'rejected' });
    expect(world.calls).not.toContain(`GET ${name}`);
  });

  it('is waited for no longer than 8 s from the beginning, however late the list is asked for', async () => {
    const { world, ensure } = await reserve();
    world.onCall = async (call) => {
      if (call === 'LIST pool-1') return { status: 429 };
      if (call !== 'LEASE lock/pool-1') return undefined;
      world.clock.advance(2_600);
      await world.change(ONE, withoutSeen);
      return undefined;
    };
    const begun = world.clock.now();
    const calls = await world.callsOf(() =>
      expect(ensure()).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 7_000 }),
    );
    // the lock is asked for twice, since it is made between
    expect(world.clock.now() - begun).toBe(5_200);
    expect(calls.filter((call) => call === 'LIST pool-1')).toHaveLength(1);
  });
});

it('a read by name under the lock is tried again within 8 s from the beginning alone', async () => {
  const { world, ensure } = await reserve();
  world.onCall = (call) => {
    if (call === 'LEASE lock/pool-1') world.clock.advance(2_000);
    return call === `GET ${name}` ? { status: 429 } : undefined;
  };
  const calls = await world.callsOf(() => expect(ensure()).rejects.toMatchObject({ code: 'unavailable' }));
  expect(calls.filter((call) => call === `GET ${name}`)).toHaveLength(1);
});

describe('what was written', () => {
  it('stays on the shared list after a wait for its moment: only what comes under the lock counts as slow', async () => {
    const { world, ensure } = await reserve();
    let throttled = 0;
    world.onCall = (call) => {
      if (call === `GET ${name}` && throttled > 0) world.clock.advance(7_600);
      return call === `PUT ${name}` && (throttled += 1) === 1 ? { status: 429 } : undefined;
    };
    const begun = world.clock.now();
    await ensure();
    expect(world.clock.now() - begun).toBeGreaterThan(15_000);
    expect((await world.ledger(ONE)).seen?.credentials).toEqual([held('ex-1')]);
  });
});

it('a slot is reserved again only after the wait that the guard asks for', async () => {
  const { world, ensure } = await reserve();
  await world.change(ONE, (ledger) => withoutReservation(ledger, 'ex-1'));
  world.clock.advance(5_000);
  let isOver: boolean | undefined;
  const guard = () => {
    if (isOver === false) throw new Error('asked again before the wait was over');
    if (isOver === true) return undefined;
    isOver = false;
    return Promise.resolve().then(() => void (isOver = true));
  };
  expect(actions(await ensure(guard as typeof pass))).toEqual(['created']);
});

it('a refusal that a list explains names the credential, and keeps what Azure said as its cause', async () => {
  const { world, ensure } = await reserve();
  world.hold(ONE, held('ex-1', { name: 'by-hand' }));
  await expect(ensure()).rejects.toMatchObject({
    code: 'rejected',
    object: `FederatedCredential/pool-1/${name}`,
    cause: expect.objectContaining({ statusCode: 400 }),
  });
});
