import { describe, expect, it } from '@jest/globals';
import { MAX_CREDENTIALS, withSeen } from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, OUT, TWO, makeMemoryWorld } from './memory-world.ts';

type World = ReturnType<typeof makeMemoryWorld>;
const pass = (): undefined => undefined;
const { name } = wanted('ex-1');
const literal = { ...wanted('ex-1', 'reader'), clientId: 'CLIENT-OF-POOL-2' };
const toArm = (calls: readonly string[]) => calls.filter((call) => /^(LIST|DESCRIBE)|^GET key/.test(call));

async function provision(world: World, slug = 'ex-1') {
  const answer = await world.access.reserve(requestFor(slug));
  if (answer.kind !== 'reserved') throw new Error('no slot');
  await world.access.ensure(requestFor(slug), answer.reserved, pass);
  return answer.reserved;
}

describe('how old a list may be', () => {
  it.each([
    ['60 s for a place to write', 59_999, []],
    ['and no longer', 60_000, ['LIST pool-1']],
    ['nor may it be dated 5 s ahead, for clocks differ', -5_000, ['LIST pool-1']],
    ['but a little less', -4_999, []],
  ])('%s: %i ms', async (_what, ageMs, lists) => {
    const world = makeMemoryWorld({ pool: [ONE] });
    await world.list(ageMs, [ONE]);
    const calls = await world.callsOf(() => world.access.plan(requestFor('ex-1'), 'absent'));
    expect(toArm(calls)).toEqual(lists);
  });

  it.each([
    [9_999, []],
    [10_000, ['LIST pool-1']],
  ])('10 s to let a request wait: %i ms', async (ageMs, lists) => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    await world.list(ageMs, [ONE]);
    expect(toArm(await world.callsOf(() => world.access.reserve(requestFor('ex-1'))))).toEqual(lists);
  });

  it.each([
    [19_999, []],
    [20_000, ['GET ledger/pool-1', 'GET ledger/pool-2']],
  ])('20 s for a ledger to select an identity by: %i ms', async (ms, reads) => {
    const world = makeMemoryWorld();
    await world.access.reserve(requestFor('ex-1'));
    world.clock.advance(ms);
    const calls = await world.callsOf(() => world.access.plan(requestFor('ex-2'), 'present'));
    expect(calls.filter((call) => call.startsWith('GET ledger'))).toEqual(reads);
  });

  it('nothing for one that lists the whole pool, one identity after the other', async () => {
    const world = makeMemoryWorld();
    await world.list();
    expect(toArm(await world.callsOf(() => world.access.holdings()))).toEqual(['LIST pool-1', 'LIST pool-2']);
    world.onCall = (call) => (call === 'LIST pool-1' ? { status: 403 } : undefined);
    expect(await world.access.holdings()).toMatchObject({ identities: [{ identity: TWO }], unread: [ONE] });
    expect(world.logged).toEqual(['credentials not listed']);
  });

  it('is shared by callers that ask at once, and one that failed by nobody after them', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    const ask = () => world.access.plan(requestFor('ex-1'), 'absent');
    expect(toArm(await world.callsOf(() => Promise.all([ask(), ask(), ask()])))).toEqual(['LIST pool-1']);
    world.clock.advance(61_000);
    world.onCall = (call) => (call === 'LIST pool-1' ? { status: 403 } : undefined);
    await expect(ask()).rejects.toMatchObject({ code: 'not-permitted' });
    world.onCall = () => undefined;
    expect(await ask()).toEqual({ changes: [] });
  });
});

describe('a list that Azure throttles', () => {
  it('is replaced by the one that another instance took meanwhile', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.onCall = async (call) => {
      if (call !== 'LIST pool-1') return undefined;
      await world.change(ONE, (now) =>
        withSeen(now, { at: world.clock.now(), writes: 0, credentials: [held('ex-1')] }),
      );
      return { status: 429 };
    };
    expect((await world.access.plan(requestFor('ex-1'), 'absent')).changes).toHaveLength(1);
    expect(world.calls.filter((call) => call === 'LIST pool-1')).toHaveLength(1);
  });

  it('is tried again at the time that Azure names, and handed back with it where that is too late', async () => {
    const world = makeMemoryWorld({ pool: [ONE], random: 0 });
    world.onCall = (call) => (call === 'LIST pool-1' ? { status: 429 } : undefined);
    await expect(world.access.plan(requestFor('ex-1'), 'absent')).rejects.toMatchObject({
      code: 'unavailable',
      object: 'Identity/pool-1',
      retryAfterMs: 7_000,
    });
    // at 0 s and 7 s: the next would come after the 8 s that a function waits
    expect(world.calls.filter((call) => call === 'LIST pool-1')).toHaveLength(2);
  });
});

describe('client and tenant', () => {
  it('are asked for once in 5 minutes, and after a failure at once', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.onCall = (call) => (call === 'DESCRIBE pool-1' ? { status: 403 } : undefined);
    await expect(world.access.reserve(requestFor('ex-1'))).rejects.toMatchObject({ object: 'Identity/pool-1' });
    world.onCall = () => undefined;
    const asks = async (ms: number) => {
      world.clock.advance(ms);
      const calls = await world.callsOf(() => world.access.reserve(requestFor('ex-1')));
      return calls.filter((call) => call === 'DESCRIBE pool-1').length;
    };
    expect([await asks(0), await asks(299_999), await asks(1)]).toEqual([1, 0, 1]);
  });

  it('are asked for by one instance for all of them', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    await world.access.reserve(requestFor('ex-1'));
    const other = world.instance([ONE]).access;
    const calls = await world.callsOf(() => other.reserve(requestFor('ex-2')));

    expect(toArm(calls)).toEqual([]);
    expect(await other.reserve(requestFor('ex-2'))).toMatchObject({ reserved: { clientId: 'client-of-pool-1' } });
  });

  it('are read from the ledger again after a 429, since another instance may have asked', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    await world.list();
    const ids = { clientId: 'asked-by-others', tenantId: 'tenant', at: world.clock.now() };
    world.onCall = async (call) => {
      if (call !== 'DESCRIBE pool-1') return undefined;
      await world.change(ONE, (ledger) => ({ ...ledger, ids }));
      return { status: 429 };
    };

    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({ reserved: { clientId: 'asked-by-others' } });
    expect(world.calls.filter((call) => call === 'DESCRIBE pool-1')).toHaveLength(1);
  });

  it('are asked for again once a list shows that the identity lost a credential, and not because it got one', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    await provision(world);
    const again = async () => {
      world.clock.advance(61_000);
      return world.callsOf(() => world.access.reserve(requestFor('ex-1', { identity: ONE })));
    };
    world.hold(ONE, ...foreign(2));
    expect(toArm(await again())).toEqual(['LIST pool-1']);
    world.at(ONE).held.clear();
    world.at(ONE).clientId = 'made-again';
    expect(toArm(await again())).toEqual(['LIST pool-1', 'DESCRIBE pool-1']);
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject({ reserved: { clientId: 'made-again' } });
  });

  it('are asked of the whole pool only where the overlay names a client id', async () => {
    const world = makeMemoryWorld();
    await world.list();
    const calls = (request: Parameters<typeof world.access.plan>[0]) =>
      world.callsOf(() => world.access.plan(request, 'present'));
    expect(toArm(await calls(requestFor('ex-1', { identity: ONE })))).toEqual(['DESCRIBE pool-1']);
    expect(toArm(await calls(requestFor('ex-1', { identity: ONE, wanted: [literal] })))).toEqual(['DESCRIBE pool-2']);
  });

  it('of nobody in the pool are warned of by service account and client id', async () => {
    const world = makeMemoryWorld();
    const request = requestFor('ex-1', { wanted: [{ ...literal, clientId: 'nobody' }] });
    expect(await world.access.plan(request, 'present')).toMatchObject({
      changes: [],
      reserved: {
        warnings: [
          'service account reader names client id nobody, which is none of WORKLOAD_IDENTITIES: no federated credential was made for it',
        ],
      },
    });
  });
});

describe('inspect', () => {
  it.each<[string, Partial<Parameters<typeof requestFor>[1]>, unknown]>([
    ['the pool’s own spelling', { identity: ONE.toUpperCase() }, [{ identity: ONE }]],
    ['the one of the record, in the pool or not', { identity: OUT }, [{ identity: OUT }]],
    ['none before one is selected', {}, [{}]],
    ['the literal one, whatever the record says', { identity: ONE, wanted: [literal] }, [{ identity: TWO }]],
  ])('places a credential on %s', async (_what, more, placed) => {
    const { access } = makeMemoryWorld();
    expect((await access.inspect(requestFor('ex-1', more))).placed).toEqual(
      (placed as object[]).map((one) => ({
        serviceAccount: (more?.wanted ?? [wanted('ex-1')])[0]?.serviceAccount,
        ...one,
      })),
    );
  });

  it('asks every identity concerned once, that of the record too where nothing of it belongs there', async () => {
    const { access } = makeMemoryWorld();
    const ids = async (more: Parameters<typeof requestFor>[1]) =>
      (await access.inspect(requestFor('ex-1', more))).identities.map(({ identity, isPooled }) => [identity, isPooled]);
    expect(await ids({ identity: ONE, wanted: [literal] })).toEqual([
      [TWO, true],
      [ONE, true],
    ]);
    expect(await ids({ identity: TWO.toUpperCase(), wanted: [wanted('ex-1'), literal] })).toEqual([[TWO, true]]);
    expect(await ids({ identity: OUT })).toEqual([[OUT, false]]);
    expect(await ids({})).toEqual([]);
  });

  it.each<[string, number, (world: World) => unknown, string[]]>([
    ['no list beside the shared one where all is there', 30_000, (world) => world.hold(ONE, held('ex-1')), []],
    ['a list where ours is missing and the shared one is older than 5 s', 5_000, pass, ['LIST pool-1']],
    ['none where it is missing and the shared one is younger', 4_999, pass, []],
  ])('costs %s', async (_what, ageMs, prepare, lists) => {
    const world = makeMemoryWorld();
    prepare(world);
    await world.list(ageMs);
    const calls = await world.callsOf(() => world.access.inspect(requestFor('ex-1', { identity: ONE })));
    expect(calls.filter((call) => call.startsWith('LIST'))).toEqual(lists);
  });

  it('corrects a young list that still shows what is gone', async () => {
    const world = makeMemoryWorld();
    await provision(world);
    for (const id of [ONE, TWO]) world.at(id).held.clear();
    const identity = (await world.ledger(ONE)).seen?.credentials.length === 1 ? ONE : TWO;
    const { identities } = await world.access.inspect(requestFor('ex-1', { identity }));
    expect(identities[0]?.credentials).toEqual([]);
    expect((await world.ledger(identity)).seen?.credentials).toEqual([]);
  });

  it('shows what belongs to the namespace or bears our name, and nothing twice', async () => {
    const world = makeMemoryWorld();
    const mine = held('ex-1', { name: name.toUpperCase() });
    const other = held('ex-1', { name: 'by-hand', subject: wanted('ex-1', 'reader').subject });
    world.hold(ONE, mine, other, held('ex-10'), ...foreign(1));
    const { identities } = await world.access.inspect(requestFor('ex-1', { identity: ONE }));
    expect(identities[0]?.credentials).toEqual([other, mine]);
  });

  it('fails where it cannot be known, and says that an identity is gone only where ARM does', async () => {
    const world = makeMemoryWorld();
    const request = requestFor('ex-1', { identity: ONE });
    for (const call of ['DESCRIBE pool-1', 'LIST pool-1', `GET ${name}`]) {
      world.onCall = (one) => (one === call ? { status: 404 } : undefined);
      await expect(world.access.inspect(request)).rejects.toMatchObject({ code: 'rejected' });
    }
  });

  it('asks for the client id of now, of a literal one too', async () => {
    const world = makeMemoryWorld();
    const request = requestFor('ex-1', { identity: TWO, wanted: [literal] });
    await world.access.inspect(request);
    await world.access.reserve(request);
    world.at(TWO).clientId = 'made-again';
    const { placed, identities } = await world.access.inspect(request);
    expect(placed).toEqual([{ serviceAccount: 'reader' }]);
    expect(identities).toMatchObject([{ identity: TWO, ids: { clientId: 'made-again', tenantId: 'tenant' } }]);
  });
});

describe('plan', () => {
  it('says what each credential is now, and what would be refused or wait', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    const second = wanted('ex-1', 'second');
    world.hold(ONE, held('ex-1'));
    expect(await world.access.plan(requestFor('ex-1', { wanted: [wanted('ex-1'), second] }), 'present')).toEqual({
      changes: [
        { object: `FederatedCredential/pool-1/${name}`, action: 'unchanged' },
        { object: `FederatedCredential/pool-1/${second.name}`, action: 'created' },
      ],
      reserved: { identity: ONE, clientId: 'client-of-pool-1', tenantId: 'tenant', warnings: [] },
    });
    world.hold(ONE, ...foreign(MAX_CREDENTIALS - 1));
    const full = expect.stringMatching(
      /^waiting for a credential slot: pool-1 holds 20 of 20; it goes on when one falls free, or/,
    );
    world.clock.advance(61_000);
    expect(await world.access.plan(requestFor('ex-2'), 'present')).toEqual({
      changes: [{ object: `FederatedCredential/${wanted('ex-2').name}`, action: 'skipped', reason: full }],
      full,
    });
  });
});

it('a list that failed is not asked for again where another instance has listed within the moment', async () => {
  const world = makeMemoryWorld({ pool: [ONE] });
  world.onCall = async (call) => {
    if (call !== 'LIST pool-1') return undefined;
    await world.list(0, [ONE]);
    return { status: 500 };
  };
  const calls = await world.callsOf(() => world.access.plan(requestFor('ex-1'), 'absent'));
  expect(toArm(calls)).toEqual(['LIST pool-1']);
});
