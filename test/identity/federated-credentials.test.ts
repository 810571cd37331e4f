import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import { ProvisionerError } from '../../lib/errors.ts';
import type { IdentityLocks } from '../../lib/identity/writer/identity-lock.ts';
import { type AzureStandIn, startAzure } from '../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import {
  always,
  clock,
  foreign,
  held,
  identity,
  identityId,
  makeAccess,
  makeContainer,
  makeLocks,
  requestFor,
  wanted,
} from './world.ts';
import type { Credentials } from '../../lib/environment/ports/credentials.ts';

const ONE = identityId('pool-1');
const TWO = identityId('pool-2');

let azurite: Azurite;
let azure: AzureStandIn;
let container: ContainerClient;
let locks: IdentityLocks;
let access: Credentials;

function writes(): string[] {
  return azure.calls
    .filter(({ operation }) => operation === 'put' || operation === 'delete')
    .map((call) => `${call.operation} ${call.name ?? ''}`);
}

async function provision(slug: string, more: Parameters<typeof requestFor>[1] = {}) {
  const request = requestFor(slug, more);
  const answer = await access.reserve(request);
  if (answer.kind !== 'reserved') throw new Error(JSON.stringify(answer));
  return { reserved: answer.reserved, changes: await access.ensure(request, answer.reserved, always) };
}

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  azure = await startAzure({ identities: ['pool-1', 'pool-2', 'taken-out'].map(identity) });
  container = await makeContainer(azurite.connectionString);
  locks = makeLocks(container);
  access = makeAccess(azure, { locks, pool: [ONE, TWO] });
});
afterEach(() => azure.close());

describe('reserve', () => {
  it('takes an identity with a free slot, and states its client and tenant as ARM does', async () => {
    for (const one of foreign(20)) azure.hold(ONE, one);

    const answer = await access.reserve(requestFor('ex-1'));

    expect(answer).toEqual({
      kind: 'reserved',
      reserved: { identity: TWO, clientId: 'client-of-pool-2', tenantId: 'tenant-1', warnings: [] },
    });
    expect(writes()).toEqual([]);
  });

  it('counts what environments in flight have reserved', async () => {
    for (const one of foreign(18)) azure.hold(ONE, one);
    for (const one of foreign(18)) azure.hold(TWO, one);
    const homes = [];
    for (const slug of ['a', 'b', 'c', 'd', 'e']) {
      const answer = await access.reserve(requestFor(slug));
      homes.push(answer.kind === 'reserved' ? answer.reserved.identity : answer.kind);
    }

    expect(homes.slice(0, 4).toSorted()).toEqual([ONE, ONE, TWO, TWO]);
    expect(homes[4]).toBe('full');
  });

  it("keeps the record's identity, spelled as the pool spells it, though others have more room", async () => {
    for (const one of foreign(10)) azure.hold(ONE, one);

    expect(await access.reserve(requestFor('ex-1', { identity: ONE.toUpperCase() }))).toMatchObject({
      reserved: { identity: ONE },
    });
    for (const one of foreign(20)) azure.hold(TWO, { ...one, name: `${one.name}-2` });
    expect(await access.reserve(requestFor('ex-2', { identity: identityId('taken-out') }))).toMatchObject({
      reserved: { identity: ONE },
    });
  });

  it('finds the identity that holds the credential already, and needs no slot there', async () => {
    for (const one of [...foreign(19), held('ex-1')]) azure.hold(TWO, one);

    expect(await access.reserve(requestFor('ex-1'))).toMatchObject({ reserved: { identity: TWO } });
  });

  it('says what ensure would answer only once nothing is left to write or to tidy up', async () => {
    const settledOf = async (slug: string, identity?: string) => {
      const answer = await access.reserve(requestFor(slug, identity === undefined ? {} : { identity }));
      return answer.kind === 'reserved' ? answer.reserved.settled : answer;
    };
    const { reserved } = await provision('ex-1');
    const home = reserved.identity ?? '';

    expect(await settledOf('ex-1')).toBeUndefined();
    expect(await settledOf('ex-1', home)).toEqual([
      { object: expect.stringMatching(/^FederatedCredential\/pool-\d\/.*-ex-1$/), action: 'unchanged' },
    ]);
    expect(await settledOf('ex-2', home)).toBeUndefined();
    expect(await settledOf('ex-1', identityId('taken-out'))).toBeUndefined();
    // what is left on the identity that it had before is not removed yet
    const answer = await access.reserve(requestFor('ex-1', { identity: home, former: [identityId('taken-out')] }));
    expect(answer).not.toHaveProperty('reserved.settled');
  });

  it('says that all are full, with the counts, and goes on when a slot falls free', async () => {
    for (const one of foreign(20)) azure.hold(ONE, one);
    for (const one of [...foreign(19), held('ex-0')]) azure.hold(TWO, one);

    const words = 'pool-1 holds 20 of 20, pool-2 holds 20 of 20';
    expect(await access.reserve(requestFor('ex-1'))).toEqual({ kind: 'full', why: expect.stringContaining(words) });
    expect(await access.plan(requestFor('ex-1'), 'present')).toMatchObject({ changes: [{ action: 'skipped' }] });
    expect(writes()).toEqual([]);

    await access.remove(requestFor('ex-0', { identity: TWO }), always);
    expect(await access.reserve(requestFor('ex-1'))).toMatchObject({ reserved: { identity: TWO } });
  });

  it('gives a slot that falls free to the one that waited longest, and to a newcomer only what is left', async () => {
    for (const one of [...foreign(19), held('ex-0')]) azure.hold(ONE, one);
    access = makeAccess(azure, { locks, pool: [ONE] });
    const other = makeAccess(azure, { locks: makeLocks(container), pool: [ONE] });
    for (const slug of ['first', 'second', 'third']) await access.reserve(requestFor(slug));
    await access.remove(requestFor('third', { identity: ONE }), always);
    await access.remove(requestFor('ex-0', { identity: ONE }), always);

    const behind = (count: number) => ({ kind: 'full', why: expect.stringContaining(`behind ${count} that`) });
    expect(await other.reserve(requestFor('newcomer'))).toEqual(behind(2));
    expect(await other.reserve(requestFor('second'))).toEqual(behind(1));
    expect(await other.reserve(requestFor('first'))).toMatchObject({ reserved: { identity: ONE } });
    expect(await other.reserve(requestFor('second'))).toEqual({
      kind: 'full',
      why: expect.stringContaining('19 of 20 and has 1 reserved'),
    });
  });

  it.each([
    ['another tuple under our name', held('ex-1', { subject: 'system:serviceaccount:other:sa' })],
    ['our tuple under another name', held('ex-1', { name: 'by-hand' })],
  ])('refuses %s by guard credential and leaves it alone', async (_case, credential) => {
    azure.hold(ONE, credential);
    access = makeAccess(azure, { locks, pool: [ONE] });

    expect(await access.reserve(requestFor('ex-1'))).toMatchObject({ refusal: { guard: 'credential' } });
    expect(await access.plan(requestFor('ex-1'), 'present')).toMatchObject({
      changes: [],
      refused: { guard: 'credential' },
    });
    expect(azure.credentials(ONE)).toEqual([credential]);
  });

  it('passes over an identity on which others hold our name, while the pool has another', async () => {
    azure.hold(ONE, held('ex-1', { issuer: 'https://other.example/' }));

    expect(await access.reserve(requestFor('ex-1'))).toMatchObject({ reserved: { identity: TWO } });
    expect(await access.reserve(requestFor('ex-1', { identity: ONE }))).toMatchObject({
      refusal: { guard: 'credential' },
    });
  });

  it('renders all-zero ids without a pool, and says that nothing will open Key Vault', async () => {
    access = makeAccess(azure, { locks, pool: [] });

    const answer = await access.reserve(requestFor('ex-1'));

    const zero = '00000000-0000-0000-0000-000000000000';
    expect(answer).toEqual({
      kind: 'reserved',
      reserved: { clientId: zero, tenantId: zero, warnings: [expect.stringContaining('Key Vault')] },
    });
    expect(azure.calls).toEqual([]);
    expect(await access.reserve({ ...requestFor('ex-1'), wanted: [] })).toMatchObject({ reserved: { warnings: [] } });
  });

  it('gives the slot of a crashed environment to another', async () => {
    for (const one of foreign(19)) azure.hold(ONE, one);
    await locks.change(ONE, (ledger) => ({
      ...ledger,
      reservations: [{ slug: 'crashed', names: ['x'], at: Date.now() - 90_000 }],
    }));

    for (const [isHeld, answer] of [
      [true, { kind: 'full', why: expect.stringContaining('1 reserved') }],
      [false, { reserved: { identity: ONE } }],
    ] as const) {
      access = makeAccess(azure, { locks, pool: [ONE], holds: async () => isHeld });
      expect(await access.reserve(requestFor('ex-1'))).toMatchObject(answer);
    }
  });

  it('lets neither of two crashed environments wait for the other, nor for an identity on which it has nothing', async () => {
    for (const one of foreign(19)) azure.hold(ONE, one);
    const at = Date.now() - 90_000;
    const reservations = ['a', 'b'].map((slug, n) => ({ slug, names: [wanted(slug).name], at: at + n }));
    await locks.change(ONE, (ledger) => ({ ...ledger, reservations }));
    access = makeAccess(azure, { locks, pool: [ONE, TWO], holds: async () => true });

    const ask = (slug: string) => access.reserve(requestFor(slug, { identity: ONE }));
    expect([await ask('b'), await ask('a')]).toMatchObject([
      { reserved: { identity: TWO } },
      { reserved: { identity: ONE } },
    ]);
    expect((await locks.read(ONE)).reservations.map(({ slug }) => slug)).toEqual(['a']);
  });

  it('waits for the identity that holds one of its credentials, though another is free', async () => {
    for (const one of [...foreign(19), held('ex-1')]) azure.hold(ONE, one);

    const more = { identity: ONE, wanted: [wanted('ex-1'), wanted('ex-1', 'second')] };
    expect(await access.reserve(requestFor('ex-1', more))).toEqual({
      kind: 'full',
      why: expect.stringContaining('pool-1'),
    });
  });

  it('finds by a list what a crashed environment had sent before its slot was given back', async () => {
    for (const one of foreign(19)) azure.hold(ONE, one);
    access = makeAccess(azure, { locks, pool: [ONE], holds: async () => false });
    await access.reserve(requestFor('crashed'));
    azure.hold(ONE, held('crashed'));
    await locks.change(ONE, (ledger) => ({
      ...ledger,
      reservations: ledger.reservations.map((one) => ({ ...one, at: Date.now() - 90_000 })),
    }));

    expect(await access.reserve(requestFor('ex-1'))).toEqual({
      kind: 'full',
      why: expect.stringContaining('holds 20 of 20'),
    });
  });

  it('is asked for nothing, the issuer least of all, where there is no pool', async () => {
    access = makeAccess(azure, { locks, pool: [], issuer: () => Promise.reject(new Error('nobody knows')) });

    expect(await access.plan(requestFor('ex-1'), 'absent')).toEqual({ changes: [] });
    expect(await access.inspect(requestFor('ex-1'))).toMatchObject({ poolSize: 0, identities: [] });
  });

  it('takes away what was written under another name, before the setting of names was changed', async () => {
    const { reserved } = await provision('ex-1');
    const home = reserved.identity ?? '';
    const nameOf = () => 'another-name-ex-1';
    const written = azure.credentials(home).map(({ name }) => name);

    expect(await access.remove(requestFor('ex-1', { identity: home, nameOf }), always)).toEqual([]);
    await access.remove(requestFor('ex-1', { identity: home, nameOf, written }), always);
    expect(azure.credentials(home)).toEqual([]);
  });

  it('spreads a burst over the pool, though all of it goes by the same ledgers', async () => {
    const slugs = Array.from({ length: 40 }, (_, n) => `ex-${n}`);

    const answers = await Promise.all(slugs.map((slug) => access.reserve(requestFor(slug))));

    const homes = answers.map((answer) => answer.kind === 'reserved' && answer.reserved.identity);
    expect([ONE, TWO].map((id) => homes.filter((home) => home === id).length)).toEqual([20, 20]);
    // one each, shared by all callers
    expect(azure.calls.filter(({ operation }) => operation === 'identity')).toHaveLength(2);
  });

  it('states the client id of an identity that was made again, once a list shows that its credentials are gone', async () => {
    access = makeAccess(azure, { locks, pool: [ONE] });
    await provision('ex-1');
    const again = { ...identity('pool-1'), clientId: 'client-made-again' };
    const fresh = await startAzure({ identities: [again] });
    const later = { ...clock, now: () => Date.now() + 61_000 };
    const other = makeAccess(fresh, { locks, pool: [ONE], clock: later });

    const answer = await other.reserve(requestFor('ex-1', { identity: ONE })).finally(() => fresh.close());

    expect(answer).toMatchObject({ reserved: { identity: ONE, clientId: 'client-made-again' } });
  });

  it('asks again for the client id after 5 minutes, where no credential tells that the identity was made again', async () => {
    let now = Date.now();
    access = makeAccess(azure, { locks, pool: [ONE], clock: { ...clock, now: () => now } });
    const describes = () => azure.calls.filter(({ operation }) => operation === 'identity').length;
    const ask = async (ms: number) => {
      now += ms;
      await access.reserve(requestFor('ex-1', { identity: ONE }));
      return describes();
    };

    expect([await ask(0), await ask(2 * 60_000), await ask(4 * 60_000)]).toEqual([1, 1, 2]);
  });

  it('leaves out an identity that cannot be read while the pool has another', async () => {
    azure.setFault(({ identity: id }) =>
      id === ONE.toLowerCase()
        ? { status: 403, body: { error: { code: 'AuthorizationFailed', message: 'no' } } }
        : undefined,
    );

    expect(await access.reserve(requestFor('ex-1'))).toMatchObject({ reserved: { identity: TWO } });
    await expect(access.reserve(requestFor('ex-2', { identity: ONE }))).rejects.toMatchObject({
      code: 'not-permitted',
      message: 'Identity/pool-1: Azure answered 403 AuthorizationFailed: no',
    });
  });
});

describe('ensure', () => {
  it('makes the credential with exactly our issuer, subject and audience, and changes nothing a second time', async () => {
    const first = await provision('ex-1');
    const second = await provision('ex-1', { identity: ONE });

    const object = 'FederatedCredential/pool-1/keyvault-workload-identity-ex-1';
    expect(first.changes).toEqual([{ object, action: 'created' }]);
    expect(second.changes).toEqual([{ object, action: 'unchanged' }]);
    expect(azure.credentials(ONE)).toEqual([held('ex-1')]);
    expect(writes()).toHaveLength(1);
    expect((await locks.read(ONE)).reservations).toEqual([]);
  });

  it('puts a literal client id on the identity it names, and warns of one that is none of the pool', async () => {
    const literal = { ...wanted('ex-1', 'reader'), clientId: 'CLIENT-OF-POOL-2' };
    const unknown = { ...wanted('ex-1', 'other'), clientId: 'client-of-nobody' };

    const { reserved, changes } = await provision('ex-1', { wanted: [wanted('ex-1'), literal, unknown] });

    expect(reserved).toMatchObject({
      identity: ONE,
      warnings: [expect.stringMatching(/other names client id client-of-nobody/)],
    });
    expect(changes.map(({ object }) => object.split('/')[1])).toEqual(['pool-1', 'pool-2']);
    expect(azure.credentials(TWO).map(({ subject }) => subject)).toEqual(['system:serviceaccount:feature-ex-1:reader']);
  });

  it('never overwrites what appeared under our name since the slot was reserved', async () => {
    const request = requestFor('ex-1');
    const answer = await access.reserve(request);
    const theirs = held('ex-1', { issuer: 'https://other.example/' });
    azure.hold(ONE, theirs);

    if (answer.kind !== 'reserved') throw new Error('no slot');
    await expect(access.ensure(request, answer.reserved, always)).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringContaining('another issuer'),
    });
    expect(azure.credentials(ONE)).toEqual([theirs]);
    expect(writes()).toEqual([]);
  });

  it('tries again on a conflict, a throttle, a fault and a lost connection, and lists what it may have done', async () => {
    const faults = [
      {
        status: 409,
        body: { error: { code: 'ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity', message: 'x' } },
      },
      { status: 503, body: {} },
      'drop',
      'lose',
    ] as const;
    let next = 0;
    azure.setFault(({ operation }) => (operation === 'put' ? faults[next++] : undefined));

    const { changes } = await provision('ex-1');

    expect(changes).toMatchObject([{ action: 'created' }]);
    // the lost one had been written: it was found, not sent again
    expect(writes()).toHaveLength(4);
    expect(azure.credentials(ONE)).toEqual([held('ex-1')]);
  });

  it('has written to the ledger what it sends before it is sent', async () => {
    const noted: string[][] = [];
    azure.setFault(async ({ operation }) => {
      if (operation === 'put') noted.push((await locks.read(ONE)).reservations.flatMap(({ names }) => names));
      return undefined;
    });
    const request = requestFor('ex-1');
    const reserved = { identity: ONE, clientId: '', tenantId: '', warnings: [] };

    await access.ensure(request, reserved, always);

    expect(noted).toEqual([[wanted('ex-1').name]]);
    expect((await locks.read(ONE)).reservations).toEqual([]);
  });

  it('waits as long as Azure says after a 429', async () => {
    let throttled = 0;
    azure.setFault(({ operation }) =>
      operation === 'put' && throttled++ === 0 ? { status: 429, headers: { 'Retry-After': '1' } } : undefined,
    );

    await provision('ex-1');

    const [first, second] = azure.calls.filter(({ operation }) => operation === 'put').map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(1000);
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(2500);
  });

  it('hands a throttle that lasts too long back with the time to wait', async () => {
    azure.setFault(({ operation }) =>
      operation === 'put' ? { status: 429, headers: { 'Retry-After': '30' } } : undefined,
    );

    const failure = await provision('ex-1').catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(ProvisionerError);
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect((failure as ProvisionerError).retryAfterMs).toBeGreaterThan(20_000);
    expect((await locks.read(ONE)).reservations).toHaveLength(1);
  });

  it('gives up a conflict that lasts as conflict, with the time to wait', async () => {
    azure.setFault(({ operation }) =>
      operation === 'put' ? { status: 409, body: { error: { code: 'Concurrent', message: 'x' } } } : undefined,
    );

    await expect(provision('ex-1')).rejects.toMatchObject({ code: 'conflict', retryAfterMs: expect.any(Number) });
  });

  it('asks right before each send, and sends nothing where the lease would not outlive the call', async () => {
    const request = requestFor('ex-1');
    const answer = await access.reserve(request);
    if (answer.kind !== 'reserved') throw new Error('no slot');
    const refusal = new ProvisionerError('lease-lost', 'the lease ends');
    const asked: number[] = [];

    const writeGuard = (timeoutMs: number): undefined => {
      asked.push(timeoutMs);
      throw refusal;
    };
    await expect(access.ensure(request, answer.reserved, writeGuard)).rejects.toBe(refusal);
    expect(writes()).toEqual([]);

    const pause = new Promise<void>((resolve) => setTimeout(resolve, 50));
    let asks = 0;
    await access.ensure(request, answer.reserved, () => (asks++ === 0 ? pause : undefined));
    expect(asked).toEqual([10_000]);
    expect(asks).toBe(2);
  });

  it('loses its slot where Azure refuses the twenty-first, is tried again, and waits then', async () => {
    access = makeAccess(azure, { locks, pool: [ONE] });
    const request = requestFor('ex-1');
    const answer = await access.reserve(request);
    if (answer.kind !== 'reserved') throw new Error('no slot');
    for (const one of foreign(20)) azure.hold(ONE, one);

    await expect(access.ensure(request, answer.reserved, always)).rejects.toMatchObject({
      code: 'conflict',
      retryable: true,
    });
    expect(azure.credentials(ONE)).toHaveLength(20);
    expect(await access.reserve(request)).toEqual({
      kind: 'full',
      why: expect.stringContaining('pool-1 holds 20 of 20'),
    });
  });

  it('fails on a refusal by Azure without trying again', async () => {
    azure.setFault(({ operation }) =>
      operation === 'put'
        ? { status: 403, body: { error: { code: 'AuthorizationFailed', message: 'no right' } } }
        : undefined,
    );

    await expect(provision('ex-1')).rejects.toMatchObject({
      code: 'not-permitted',
      object: 'FederatedCredential/pool-1/keyvault-workload-identity-ex-1',
    });
    expect(writes()).toHaveLength(1);
  });

  it('moves an environment whose identity was taken out of the pool, and leaves nothing behind', async () => {
    const out = identityId('taken-out');
    for (const one of [held('ex-1'), held('ex-2')]) azure.hold(out, one);
    const request = requestFor('ex-1', { identity: out });
    const answer = await access.reserve(request);
    if (answer.kind !== 'reserved') throw new Error('no slot');
    const { reserved } = answer;
    expect(azure.credentials(out)).toHaveLength(2);

    // by now the record names the new identity
    const now = reserved.identity === TWO ? 'pool-2' : 'pool-1';
    const moved = requestFor('ex-1', { identity: identityId(now), former: [out] });
    const changes = await access.ensure(moved, reserved, always);

    expect(changes.map(({ object, action }) => `${action} ${object}`)).toEqual([
      `created FederatedCredential/${now}/keyvault-workload-identity-ex-1`,
      'deleted FederatedCredential/taken-out/keyvault-workload-identity-ex-1',
    ]);
    expect(azure.credentials(out)).toEqual([held('ex-2')]);
    expect(await access.ensure(requestFor('ex-1', { identity: identityId(now) }), reserved, always)).toMatchObject([
      { action: 'unchanged' },
    ]);
  });
});

describe('remove', () => {
  it('removes what is exactly ours and leaves all else', async () => {
    const others = [
      held('ex-2'),
      held('ex-1', { name: 'theirs-1', issuer: 'https://other.example/' }),
      held('ex-1', { name: 'theirs-2', subject: 'system:serviceaccount:feature-ex-10:postgres-service-account' }),
      held('ex-1', { name: 'by-hand', subject: wanted('ex-1', 'by-hand').subject }),
      held('ex-1', {
        name: wanted('ex-1', 'sa-x').name,
        subject: wanted('ex-1', 'sa-x').subject,
        audiences: ['api://other'],
      }),
    ];
    for (const one of others) azure.hold(ONE, one);
    await provision('ex-1', { identity: ONE, wanted: [wanted('ex-1'), wanted('ex-1', 'second')] });

    const plan = await access.plan(requestFor('ex-1', { identity: ONE }), 'absent');
    const changes = await access.remove(requestFor('ex-1', { identity: ONE }), always);

    expect(changes.map(({ object, action }) => `${action} ${object}`).toSorted()).toEqual(
      [
        `deleted FederatedCredential/pool-1/${wanted('ex-1', 'second').name}`,
        `deleted FederatedCredential/pool-1/${wanted('ex-1').name}`,
      ].toSorted(),
    );
    expect(plan.changes).toHaveLength(2);
    expect(azure.credentials(ONE)).toEqual(others);
  });

  it('is a success where nothing is there, and sends nothing', async () => {
    expect(await access.remove(requestFor('ex-1'), always)).toEqual([]);
    expect(await access.remove(requestFor('ex-1', { identity: identityId('never-was') }), always)).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it('looks at every identity of the pool where the record names none', async () => {
    azure.hold(TWO, held('ex-1'));

    expect(await access.remove(requestFor('ex-1'), always)).toHaveLength(1);
    expect(azure.credentials(TWO)).toEqual([]);
  });

  it('removes from an identity that was taken out of the pool', async () => {
    const out = identityId('taken-out');
    azure.hold(out, held('ex-1'));

    await access.remove(requestFor('ex-1', { identity: out }), always);

    expect(azure.credentials(out)).toEqual([]);
  });

  it('removes what a move left behind, though the record names the new identity alone', async () => {
    const out = identityId('taken-out');
    azure.hold(out, held('ex-1'));
    await access.reserve(requestFor('ex-1', { identity: out }));

    const changes = await access.remove(requestFor('ex-1', { identity: ONE, former: [out] }), always);

    expect(changes).toEqual([
      { object: 'FederatedCredential/taken-out/keyvault-workload-identity-ex-1', action: 'deleted' },
    ]);
    expect(azure.credentials(out)).toEqual([]);
  });

  it('removes a credential of a literal client id from the identity it is on', async () => {
    const literal = { ...wanted('ex-1', 'reader'), clientId: 'client-of-pool-2' };
    await provision('ex-1', { wanted: [wanted('ex-1'), literal] });

    await access.remove(requestFor('ex-1', { identity: ONE, wanted: [] }), always);

    expect([azure.credentials(ONE), azure.credentials(TWO)]).toEqual([[], []]);
  });

  it('removes what a crashed writer had sent without an answer, though an earlier list lacks it', async () => {
    await access.reserve(requestFor('ex-1'));
    azure.hold(ONE, held('ex-1'));

    expect(await access.remove(requestFor('ex-1', { identity: ONE }), always)).toHaveLength(1);
    expect(azure.credentials(ONE)).toEqual([]);
    expect((await locks.read(ONE)).reservations).toEqual([]);
  });

  it('counts a removal whose answer was lost as done', async () => {
    await provision('ex-1');
    let lost = false;
    azure.setFault(({ operation }) => (operation === 'delete' && !lost ? ((lost = true), 'lose') : undefined));

    expect(await access.remove(requestFor('ex-1', { identity: ONE }), always)).toMatchObject([{ action: 'deleted' }]);
    expect(writes().filter((write) => write.startsWith('delete'))).toHaveLength(1);
  });

  it('leaves a credential alone that others put under our name after the last list', async () => {
    await provision('ex-1');
    const theirs = held('ex-1', { issuer: 'https://other.example/' });
    azure.hold(ONE, theirs);

    expect(await access.remove(requestFor('ex-1', { identity: ONE }), always)).toEqual([]);
    expect(azure.credentials(ONE)).toEqual([theirs]);
  });
});

describe('plan', () => {
  it('says what ensure would do and writes nothing, not even a reservation', async () => {
    const object = 'FederatedCredential/pool-1/keyvault-workload-identity-ex-1';

    expect(await access.plan(requestFor('ex-1'), 'present')).toMatchObject({
      changes: [{ object, action: 'created' }],
    });
    await provision('ex-1');
    expect(await access.plan(requestFor('ex-1'), 'present')).toMatchObject({
      changes: [{ object, action: 'unchanged' }],
    });
    expect(await access.plan(requestFor('ex-9'), 'absent')).toEqual({ changes: [] });
    expect(writes()).toHaveLength(1);
    expect((await locks.read(TWO)).reservations).toEqual([]);
  });
});
