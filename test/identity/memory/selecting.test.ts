import { describe, expect, it } from '@jest/globals';
import { MAX_CREDENTIALS } from '../../../lib/identity/ledger/ledger.ts';
import { foreign, held, requestFor, wanted } from '../world.ts';
import { ONE, OUT, TWO, makeMemoryWorld } from './memory-world.ts';

const { name } = wanted('ex-1');
const literal = { ...wanted('ex-1', 'reader'), clientId: 'client-of-pool-2' };
const reservedOn = (identity: string) => ({ kind: 'reserved', reserved: { identity } });
const lists = (calls: readonly string[]) => calls.filter((call) => call.startsWith('LIST'));

describe('the identity of an environment', () => {
  const lost =
    'service account reader names client id nobody, which is none of WORKLOAD_IDENTITIES: no federated credential was made for it';

  it.each([
    ['wants no credential at all', [], []],
    ['names only client ids of nobody', [{ ...literal, clientId: 'nobody' }], [lost]],
  ])('is the first of the pool where it %s', async (_what, all, warnings) => {
    const { access } = makeMemoryWorld();
    expect(await access.reserve(requestFor('ex-1', { wanted: all }))).toEqual({
      kind: 'reserved',
      reserved: { identity: ONE, clientId: 'client-of-pool-1', tenantId: 'tenant', warnings },
    });
  });

  it('is asked of no other identity once it is known', async () => {
    const { access, callsOf } = makeMemoryWorld();
    const reserve = () => access.reserve(requestFor('ex-1', { identity: ONE }));
    expect(lists(await callsOf(reserve))).toEqual(['LIST pool-1']);
  });

  it('is refused whole where it holds our tuple under another name, though the next one has room', async () => {
    const { access, hold } = makeMemoryWorld();
    hold(ONE, held('ex-1', { name: 'by-hand' }));
    const request = requestFor('ex-1', { identity: ONE });
    const refusal = {
      guard: 'credential',
      reason:
        `identity pool-1 holds issuer and subject of ${name} already, as federated credential by-hand; ` +
        'it was left alone: remove it, since Azure takes the two only once',
    };
    expect(await access.reserve(request)).toEqual({ kind: 'refused', refusal });
    expect(await access.plan(request, 'present')).toEqual({ changes: [], refused: refusal });
  });

  it('is told by a client id in any case, as ARM states it and as the overlay does', async () => {
    const { access, at } = makeMemoryWorld();
    at(TWO).clientId = 'Client-Of-TWO';
    const request = requestFor('ex-1', { identity: ONE, wanted: [{ ...literal, clientId: 'CLIENT-of-two' }] });
    expect((await access.inspect(request)).placed).toEqual([{ serviceAccount: 'reader', identity: TWO }]);
  });

  it('is one for both where the literal client id is the one that was selected', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, ...foreign(MAX_CREDENTIALS));
    const request = requestFor('ex-1', { wanted: [wanted('ex-1'), literal] });
    expect(await world.access.reserve(request)).toMatchObject(reservedOn(TWO));
    expect((await world.ledger(TWO)).reservations).toMatchObject([{ slug: 'ex-1', names: [name, literal.name] }]);
  });
});

describe('an identity of the pool that cannot be read', () => {
  it('is left out while another has room, and logged with what keeps it', async () => {
    const world = makeMemoryWorld();
    world.onCall = (call) => (call === 'LIST pool-1' ? { status: 403 } : undefined);
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject(reservedOn(TWO));
    expect(world.lines).toEqual([
      {
        message: 'an identity of the pool cannot be read',
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
});

describe('who needs no new slot', () => {
  it('waits behind nobody, were its record lost', async () => {
    const world = makeMemoryWorld({ pool: [ONE] });
    world.hold(ONE, held('ex-1'), ...foreign(MAX_CREDENTIALS - 1));
    await world.access.reserve(requestFor('waits'));
    expect(await world.access.reserve(requestFor('ex-1'))).toMatchObject(reservedOn(ONE));
    expect((await world.ledger('pool')).waiting).toMatchObject([{ slug: 'waits' }]);
  });

  it('reserves nothing, and of several credentials only those that are missing', async () => {
    const world = makeMemoryWorld();
    world.hold(ONE, held('ex-1'));
    await world.list();
    const reserve = (all = [wanted('ex-1')]) =>
      world.access.reserve(requestFor('ex-1', { identity: ONE, wanted: all }));
    const calls = await world.callsOf(reserve);
    // what ARM states of the identity is noted, and nothing else
    expect(calls).toEqual(['GET ledger/pool-1', 'DESCRIBE pool-1', 'PUT ledger/pool-1']);
    const second = wanted('ex-1', 'second');
    await reserve([wanted('ex-1'), second]);
    expect((await world.ledger(ONE)).reservations).toEqual([
      { slug: 'ex-1', names: [second.name], at: world.clock.now() },
    ]);
  });

  it('asks the waitlist for nothing where nobody found the pool full', async () => {
    const { access, callsOf } = makeMemoryWorld();
    const calls = await callsOf(() => access.reserve(requestFor('ex-1')));
    expect(calls.filter((call) => call.endsWith('/waitlist'))).toEqual([]);
  });
});

it('a pool that was widened still has newcomers wait behind those who waited for the old one', async () => {
  const world = makeMemoryWorld({ pool: [ONE] });
  world.hold(ONE, ...foreign(MAX_CREDENTIALS));
  await world.access.reserve(requestFor('waits'));
  world.hold(TWO, ...foreign(MAX_CREDENTIALS - 1));
  const { access } = world.instance([ONE, TWO]);
  expect(await access.reserve(requestFor('newcomer'))).toEqual({
    kind: 'full',
    why: 'waiting for a credential slot behind 1 that has waited longer',
  });
  expect(await access.reserve(requestFor('waits'))).toMatchObject(reservedOn(TWO));
});

it('an identity that is full is no room, whatever the others have', async () => {
  const world = makeMemoryWorld();
  for (const id of [ONE, TWO]) world.hold(id, ...foreign(MAX_CREDENTIALS));
  await world.access.reserve(requestFor('waits'));
  world.at(TWO).held.clear();
  world.hold(TWO, ...foreign(MAX_CREDENTIALS - 1));
  await world.list();
  expect(await world.access.reserve(requestFor('newcomer'))).toMatchObject({ kind: 'full' });
});

it.each([
  [19_999, []],
  [20_000, ['GET ledger/pool-1']],
])('a ledger known for %i ms tells what a client id stands for, or is read: %j', async (ms, reads) => {
  const world = makeMemoryWorld();
  const request = requestFor('ex-1', { identity: TWO, wanted: [literal] });
  const answer = await world.access.reserve(request);
  if (answer.kind !== 'reserved') throw new Error('no slot');
  world.clock.advance(ms);
  const calls = await world.callsOf(() => world.access.ensure(request, answer.reserved, () => undefined));
  expect(calls.filter((call) => call === 'GET ledger/pool-1')).toEqual(reads);
});

it('a list under way is shared by who spells the identity otherwise', async () => {
  const { access, callsOf } = makeMemoryWorld();
  const plan = (identity: string) => access.plan(requestFor('ex-1', { identity }), 'absent');
  const calls = await callsOf(() => Promise.all([plan(OUT), plan(OUT.toUpperCase())]));
  expect(lists(calls)).toHaveLength(1);
});

it('an empty pool asks nobody for the issuer', async () => {
  const { access } = makeMemoryWorld({ pool: [], issuer: () => Promise.reject(new Error('nobody knows')) });
  expect(await access.plan(requestFor('ex-1'), 'absent')).toEqual({ changes: [] });
  expect(await access.plan(requestFor('ex-1'), 'present')).toMatchObject({ changes: [{ action: 'skipped' }] });
});
