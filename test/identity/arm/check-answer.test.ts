import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { startFaultProxy } from '../../support/fault-injection/proxy.ts';
import { always, held, identity, identityId, makeAccess, makeContainer, makeLocks, requestFor } from '../world.ts';

const ONE = identityId('pool-1');

let azurite: Azurite;
let azure: AzureStandIn;

beforeAll(async () => {
  azurite = await startAzurite();
  azure = await startAzure({ identities: [identity('pool-1')] });
});
afterAll(() => Promise.all([azurite.stop(), azure.close()]));

// believed, the page was a credential that was written or an identity that holds none: either stayed wrong for good
describe('a page that a proxy on the way answers 200 in place of ARM', () => {
  it.each([
    ['a list', 'GET', /federatedIdentityCredentials\?/],
    ['a credential that is written', 'PUT', /./],
    ['a credential that is removed', 'DELETE', /./],
    ['an identity', 'GET', /userAssignedIdentities\/[^/]+\?/],
  ])('is not believed to be %s', async (_what, method, path) => {
    const isStruck = (call: { method: string; path: string }) => call.method === method && path.test(call.path);
    const proxy = await startFaultProxy({
      peer: 'azure',
      target: azure.url,
      admission: { admit: (_peer, call) => (isStruck(call) ? 'not-json' : undefined), isDead: () => false },
    });
    const access = makeAccess(proxy, { locks: makeLocks(await makeContainer(azurite.connectionString)), pool: [ONE] });
    if (method === 'DELETE') azure.hold(ONE, held('ex-1'));
    const request = requestFor('ex-1');
    const work = async (): Promise<unknown> => {
      if (method === 'DELETE') return access.remove(request, always);
      const answer = await access.reserve(request);
      return answer.kind === 'reserved' ? access.ensure(request, answer.reserved, always) : answer;
    };

    await expect(work()).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await proxy.close();
  });
});
