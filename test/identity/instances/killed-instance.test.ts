import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { startInstance } from './run-instance.ts';
import { always, held, identity, identityId, makeAccess, makeContainer, makeLocks, requestFor } from '../world.ts';

let azurite: Azurite;
let azure: AzureStandIn;

beforeAll(async () => {
  azurite = await startAzurite();
  azure = await startAzure({ identities: [identity('pool-1')], delayMs: 2000 });
});
afterAll(() => azurite.stop());
afterEach(() => azure.close());

describe('an instance that is killed with the lock in its hand', () => {
  it('holds the others up for the length of its lease only, and they find what it had sent', async () => {
    const pool = [identityId('pool-1')];
    const container = await makeContainer(azurite.connectionString, 'killed');
    const access = makeAccess(azure, { locks: makeLocks(container), pool });
    const reserved = { identity: identityId('pool-1'), clientId: '', tenantId: '', warnings: [] };
    const grant = (slug: string) => access.ensure(requestFor(slug), reserved, always);
    const { child, outcome } = startInstance({
      azureUrl: azure.url,
      connectionString: azurite.connectionString,
      container: 'killed',
      pool,
      slugs: ['first'],
      parallel: 1,
    });
    azure.setFault(({ operation }) => void (operation === 'put' && child.kill('SIGKILL')));
    await outcome;

    expect(azure.calls.filter(({ operation }) => operation === 'put')).toHaveLength(1);
    await expect(grant('second')).rejects.toMatchObject({ code: 'conflict', retryAfterMs: expect.any(Number) });
    const until = Date.now() + 60_000;
    let second = await grant('second').catch(() => undefined);
    while (second === undefined && Date.now() < until) second = await grant('second').catch(() => undefined);
    const first = await grant('first');

    expect([second, first]).toMatchObject([[{ action: 'created' }], [{ action: 'unchanged' }]]);
    expect(azure.credentials(identityId('pool-1'))).toEqual([held('first'), held('second')]);
    expect(azure.overlaps).toEqual([]);
  });
});
