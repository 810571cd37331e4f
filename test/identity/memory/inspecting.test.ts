import { describe, expect, it } from '@jest/globals';
import { identityIdOf } from '../../support/fakes/arm.ts';
import { ISSUER, foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, TWO, makeMemoryWorld } from './memory-world.ts';

const { name, serviceAccount } = wanted('ex-1');
const second = wanted('ex-1', 'second');
const heldSecond = held('ex-1', { name: second.name, subject: second.subject });
const both = requestFor('ex-1', { identity: ONE, wanted: [wanted('ex-1'), second] });

describe('what Azure says of an environment', () => {
  it('is issuer, pool, client and tenant, and each of its credentials', async () => {
    const { access, hold } = makeMemoryWorld();
    hold(ONE, held('ex-1'), heldSecond, held('ex-2'), ...foreign(3));
    expect(await access.inspect(both)).toEqual({
      issuer: ISSUER,
      poolSize: 2,
      identities: [
        {
          identity: ONE,
          isPooled: true,
          ids: { clientId: 'client-of-pool-1', tenantId: 'tenant' },
          credentials: [held('ex-1'), heldSecond],
        },
      ],
      placed: [
        { serviceAccount, identity: ONE },
        { serviceAccount: 'second', identity: ONE },
      ],
    });
  });

  it('is that an identity is not there, with nothing on it', async () => {
    const gone = identityIdOf('deleted');
    const { access } = makeMemoryWorld();
    const { identities } = await access.inspect(requestFor('ex-1', { identity: gone }));
    expect(identities).toEqual([{ identity: gone, isPooled: false, credentials: [] }]);
  });

  it('is no answer where the ledger cannot be read, and says which', async () => {
    const world = makeMemoryWorld();
    world.onCall = (call) => (call === 'GET ledger/pool-1' ? { status: 404 } : undefined);
    await expect(world.access.inspect(requestFor('ex-1', { identity: ONE }))).rejects.toMatchObject({
      code: 'unavailable',
      object: 'the ledger of identity pool-1',
    });
  });

  it('names the identity that cannot be described', async () => {
    const world = makeMemoryWorld();
    world.onCall = (call) => (call === 'DESCRIBE pool-1' ? { status: 403 } : undefined);
    await expect(world.access.inspect(requestFor('ex-1', { identity: ONE }))).rejects.toMatchObject({
      object: 'Identity/pool-1',
      message: 'Identity/pool-1: Azure answered 403 Fault: Fault',
    });
  });

  it('shows a credential once whose name is written in other case there', async () => {
    const { access, hold } = makeMemoryWorld();
    const mixed = { ...wanted('ex-1'), name: 'Key-Of-Login' };
    const there = held('ex-1', { name: 'key-of-login' });
    hold(ONE, there);
    const { identities } = await access.inspect(requestFor('ex-1', { identity: ONE, wanted: [mixed] }));
    expect(identities[0]?.credentials).toEqual([there]);
  });

  it('is asked for again where Azure did not answer, within 8 s of the question', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    let failed = 0;
    world.onCall = (call) => (call === `GET ${name}` && (failed += 1) === 1 ? { status: 500 } : undefined);
    const { identities } = await world.access.inspect(requestFor('ex-1', { identity: ONE }));
    expect(identities[0]?.credentials).toEqual([held('ex-1')]);
  });
});

describe('a shared list that shows what is gone', () => {
  it('is replaced though another credential was never on it, and costs no write where it shows nothing of ours', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    await world.list();
    world.at(ONE).held.clear();
    const inspect = () => world.access.inspect(both);
    expect(await world.callsOf(inspect)).toEqual(
      expect.arrayContaining(['GET ledger/pool-1', 'DESCRIBE pool-1', 'LIST pool-1', 'PUT ledger/pool-1']),
    );
    expect((await world.ledger(ONE)).seen?.credentials).toEqual([]);
    expect((await world.callsOf(inspect)).toSorted()).toEqual(
      ['GET ledger/pool-1', 'GET ledger/pool-1', 'DESCRIBE pool-1', `GET ${name}`, `GET ${second.name}`].toSorted(),
    );
  });

  it('loses our own note of what is missing alone: the other is shown by lists that lag', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    const answer = await world.access.reserve(both);
    if (answer.kind !== 'reserved') throw new Error('no slot');
    await world.access.ensure(both, answer.reserved, () => undefined);
    world.at(ONE).held.delete(second.name.toLowerCase());
    world.clock.advance(1);
    await world.access.inspect(both);
    expect((await world.ledger(ONE)).recent?.map((one) => one.name)).toEqual([name]);
  });

  it('is listed again only as long as the question may take', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    await world.list();
    world.at(ONE).held.clear();
    world.onCall = (call) => {
      if (call === `GET ${name}`) world.clock.advance(2_000);
      return call === 'LIST pool-1' ? { status: 429 } : undefined;
    };
    const request = requestFor('ex-1', { identity: ONE });
    await expect(world.access.inspect(request)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 7_000 });
    expect(world.calls.filter((call) => call === 'LIST pool-1')).toHaveLength(1);
  });
});

describe('what the pool holds', () => {
  it('is every credential of each identity, by the issuer of the cluster', async () => {
    const { access, hold } = makeMemoryWorld();
    hold(ONE, held('ex-1'), ...foreign(1));
    expect(await access.holdings()).toEqual({
      issuer: ISSUER,
      identities: [
        { identity: ONE, credentials: [held('ex-1'), ...foreign(1)] },
        { identity: TWO, credentials: [] },
      ],
      unread: [],
    });
  });

  it('is logged with what keeps an identity from being listed', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.onCall = (call) => (call === 'LIST pool-1' ? { status: 403 } : undefined);
    expect(await world.access.holdings()).toEqual({ issuer: ISSUER, identities: [], unread: [ONE] });
    expect(world.lines).toEqual([
      {
        message: 'credentials not listed',
        fields: {
          identity: 'pool-1',
          code: 'not-permitted',
          message: 'Identity/pool-1: Azure answered 403 Fault: Fault',
          object: 'Identity/pool-1',
          fix: expect.stringContaining('custom role of docs/install.md'),
        },
      },
    ]);
  });

  it('is listed now though a list of others is dated ahead, and though one is under way', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    await world.list(-1_000, [ONE]);
    expect(await world.callsOf(() => world.access.holdings())).toContain('LIST pool-1');
    world.clock.advance(61_000);
    const plan = () => world.access.plan(requestFor('ex-1', { identity: ONE }), 'absent');
    const calls = await world.callsOf(() => Promise.all([plan(), world.access.holdings()]));
    expect(calls.filter((call) => call === 'LIST pool-1')).toHaveLength(2);
  });
});
