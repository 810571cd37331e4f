import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createArmIdentities } from '../../../lib/identity/managed-identities.ts';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { identity } from '../world.ts';

const TIMEOUT_MS = 60;
const pool = identity('pool-1');
const credential = { name: 'fb-ex-c4-e6', issuer: 'https://oidc.example.test/', subject: 's', audience: 'a' };

let azure: AzureStandIn;
beforeAll(async () => {
  azure = await startAzure({ identities: [pool] });
});
afterAll(() => azure.close());

const identities = () => createArmIdentities({ arm: { endpoint: azure.url, loopback: true }, timeoutMs: TIMEOUT_MS });
const open = () => undefined;

describe('a call to ARM', () => {
  it.each<[string, (api: ReturnType<typeof identities>) => Promise<unknown>]>([
    ['description', (api) => api.describe(pool.id)],
    ['list', (api) => api.list(pool.id)],
    ['read', (api) => api.get(pool.id, credential.name)],
    ['write', (api) => api.put(pool.id, credential, open)],
    ['removal', (api) => api.remove(pool.id, credential.name, open)],
  ])('that is not answered ends in its time: a %s', async (_, call) => {
    azure.setFault(() => new Promise(() => undefined));
    await expect(call(identities())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
