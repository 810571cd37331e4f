import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { always, held, identity, identityId, makeAccess, makeContainer, makeLocks, requestFor } from '../world.ts';

const ONE = identityId('pool-1');

let azurite: Azurite;
let azure: AzureStandIn;

beforeEach(async () => {
  azurite = await startAzurite();
  azure = await startAzure({ identities: [identity('pool-1')] });
});
afterEach(() => Promise.all([azurite.stop(), azure.close()]));

// believed, it had an environment end as gone while its credential stayed for good
describe('a 404 that is not ARM’s own', () => {
  it.each(['list', 'get'])('does not make a credential absent: %s', async (operation) => {
    const locks = makeLocks(await makeContainer(azurite.connectionString));
    const access = makeAccess(azure, { locks, pool: [ONE] });
    azure.hold(ONE, held('ex-1'));
    if (operation === 'get') await access.plan(requestFor('ex-1'), 'absent');
    azure.setFault((call) =>
      call.operation === operation ? { status: 404, body: '<html>no such page</html>' } : undefined,
    );

    await expect(access.remove(requestFor('ex-1'), always)).rejects.toMatchObject({ code: 'rejected' });
    azure.setFault(undefined);
    await access.remove(requestFor('ex-1'), always);
    expect(azure.credentials(ONE)).toEqual([]);
  });
});
