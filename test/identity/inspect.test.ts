import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IdentityLocks } from '../../lib/identity/writer/identity-lock.ts';
import { type AzureStandIn, startAzure } from '../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import {
  ISSUER,
  always,
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
let locks: IdentityLocks;
let access: Credentials;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  azure = await startAzure({ identities: ['pool-1', 'pool-2', 'taken-out'].map(identity) });
  locks = makeLocks(await makeContainer(azurite.connectionString));
  access = makeAccess(azure, { locks, pool: [ONE, TWO] });
});
afterEach(() => azure.close());

const writes = () => azure.calls.filter(({ operation }) => operation === 'put' || operation === 'delete');

describe('inspect', () => {
  it('states issuer, client and tenant, and of the credentials those alone that concern the environment', async () => {
    for (const one of [...foreign(9), held('ex-1'), held('ex-2')]) azure.hold(ONE, one);

    const facts = await access.inspect(requestFor('ex-1', { identity: ONE }));

    expect(facts).toEqual({
      issuer: ISSUER,
      poolSize: 2,
      identities: [
        {
          identity: ONE,
          isPooled: true,
          ids: { clientId: 'client-of-pool-1', tenantId: 'tenant-1' },
          credentials: [held('ex-1')],
        },
      ],
      placed: [{ serviceAccount: 'postgres-service-account', identity: ONE }],
    });
    expect(writes()).toEqual([]);
  });

  it('sees at once what others change behind the list that instances share', async () => {
    const request = requestFor('ex-1', { identity: ONE });
    const answer = await access.reserve(request);
    if (answer.kind !== 'reserved') throw new Error('not reserved');
    await access.ensure(request, answer.reserved, always);
    const changed = held('ex-1', { issuer: 'https://oidc.example/cluster' });
    azure.hold(ONE, changed);

    expect(await access.inspect(request)).toMatchObject({ identities: [{ credentials: [changed] }] });
  });

  it('finds our tuple under another name', async () => {
    azure.hold(ONE, held('ex-1', { name: 'by-hand' }));

    const { identities } = await access.inspect(requestFor('ex-1', { identity: ONE }));

    expect(identities[0]?.credentials).toEqual([held('ex-1', { name: 'by-hand' })]);
  });

  it('says that an identity is not there, or not in the pool, and fails for neither', async () => {
    const gone = identityId('deleted');
    expect(await access.inspect(requestFor('ex-1', { identity: gone }))).toMatchObject({
      identities: [{ identity: gone, isPooled: false, credentials: [] }],
    });
    const { identities } = await access.inspect(requestFor('ex-1', { identity: gone }));
    expect(identities[0]).not.toHaveProperty('ids');
    const left = identityId('taken-out');
    expect(await access.inspect(requestFor('ex-1', { identity: left }))).toMatchObject({
      identities: [{ identity: left, isPooled: false, ids: { clientId: 'client-of-taken-out' } }],
    });
  });

  it('places a literal client id on the identity of the pool that has it, and one of nobody nowhere', async () => {
    const literal = { ...wanted('ex-1', 'reader'), clientId: 'CLIENT-OF-POOL-2' };
    const lost = { ...wanted('ex-1', 'lost'), clientId: 'nobody' };

    const { placed } = await access.inspect(requestFor('ex-1', { wanted: [literal, lost] }));

    expect(placed).toEqual([{ serviceAccount: 'reader', identity: TWO }, { serviceAccount: 'lost' }]);
  });
});

describe('plan', () => {
  it('states the identity that reserve would give, and reserves nothing', async () => {
    for (const one of foreign(20)) azure.hold(ONE, one);

    expect(await access.plan(requestFor('ex-1'), 'present')).toMatchObject({
      reserved: { identity: TWO, clientId: 'client-of-pool-2', tenantId: 'tenant-1' },
    });
    expect((await locks.read(TWO)).reservations).toEqual([]);
    expect(writes()).toEqual([]);
  });
});

describe('holdings', () => {
  it('lists every identity of the pool as it is now, and says which could not be listed', async () => {
    azure.hold(ONE, held('ex-1'));
    await access.holdings();
    azure.hold(ONE, held('ex-2'));
    const lost = identityId('deleted');
    const wider = makeAccess(azure, { locks, pool: [ONE, lost] });

    expect(await wider.holdings()).toEqual({
      issuer: ISSUER,
      identities: [{ identity: ONE, credentials: [held('ex-1'), held('ex-2')] }],
      unread: [lost],
    });
  });
});
