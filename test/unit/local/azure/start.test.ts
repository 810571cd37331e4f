import { afterEach, describe, expect, it } from '@jest/globals';
import { ContainerServiceClient } from '@azure/arm-containerservice';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { armClientOptions, armCredential, withoutToken } from '../../../../lib/azure/arm-client.ts';
import { type AzureStandIn, startAzure } from '../../../../local/azure/start.ts';
import type { AzureOptions } from '../../../../local/azure/options.ts';

const GROUP = '/subscriptions/sub-1/resourceGroups/group/providers';
const IDENTITY = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1`;
const CLUSTER = `${GROUP}/Microsoft.ContainerService/managedClusters/aks`;
const AUDIENCES = ['api://AzureADTokenExchange'];

let azure: AzureStandIn;

async function start(options: Partial<AzureOptions> = {}): Promise<ManagedServiceIdentityClient> {
  azure = await startAzure({
    identities: [
      { id: IDENTITY, clientId: 'client-1', tenantId: 'tenant' },
      { id: IDENTITY.replace('pool-1', 'pool-2'), clientId: 'client-2', tenantId: 'tenant' },
    ],
    clusters: [{ id: CLUSTER, issuer: 'https://oidc.example/a/', kubeconfig: 'kind: Config' }],
    ...options,
  });
  return client();
}

function client(): ManagedServiceIdentityClient {
  const arm = { endpoint: azure.url, loopback: true };
  return withoutToken(new ManagedServiceIdentityClient(armCredential(arm), 'sub-1', armClientOptions(arm)), arm);
}

function credential(n: number | string) {
  return { issuer: 'https://oidc.example/a/', subject: `system:serviceaccount:ns:sa-${n}`, audiences: AUDIENCES };
}

async function statusOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'accepted',
    (error: { statusCode: number; code: string }) => `${error.statusCode} ${error.code}`,
  );
}

describe('startAzure', () => {
  afterEach(() => azure.close());

  it('makes, states, lists over pages and removes credentials for the unmodified SDK', async () => {
    const { federatedIdentityCredentials: api } = await start({ pageSize: 3 });
    for (let n = 0; n < 8; n++) await api.createOrUpdate('group', 'pool-1', `cred-${n}`, credential(n));

    const names = [];
    for await (const one of api.list('group', 'POOL-1')) names.push(one.name);
    const got = await api.get('group', 'pool-1', 'cred-3');
    await api.delete('group', 'pool-1', 'cred-3');
    await api.delete('group', 'pool-1', 'cred-3');

    expect(names).toEqual(['cred-0', 'cred-1', 'cred-2', 'cred-3', 'cred-4', 'cred-5', 'cred-6', 'cred-7']);
    expect(got).toMatchObject(credential(3));
    expect(azure.calls.filter((call) => call.operation === 'delete').map((call) => call.status)).toEqual([200, 204]);
    expect(await statusOf(api.get('group', 'pool-1', 'cred-3'))).toBe('404 NotFound');
    expect(azure.calls.some((call) => call.authorized)).toBe(false);
  });

  it.each([
    ['a name with a slash', 'a/b', credential(1), '400 BadRequest'],
    ['a name of two characters', 'ab', credential(1), '400 BadRequest'],
    ['two audiences', 'cred', { ...credential(1), audiences: ['a', 'b'] }, '400 BadRequest'],
    ['no subject', 'cred', { ...credential(1), subject: '' }, '400 BadRequest'],
    ['a subject too long', 'cred', { ...credential(1), subject: 'x'.repeat(601) }, '400 BadRequest'],
    ['issuer and subject of another name', 'other', credential('held'), '400 BadRequest'],
    ['its own name again', 'held', credential('new'), 'accepted'],
  ])('answers %s as Azure does', async (_case, name, properties, answer) => {
    const { federatedIdentityCredentials: api } = await start();
    azure.hold(IDENTITY, { name: 'held', ...credential('held') });

    expect(await statusOf(api.createOrUpdate('group', 'pool-1', name, properties))).toBe(answer);
  });

  it('refuses the twenty-first credential of an identity, and takes a change of the twentieth', async () => {
    const { federatedIdentityCredentials: api } = await start();
    for (let n = 0; n < 20; n++) azure.hold(IDENTITY, { name: `cred-${n}`, ...credential(n) });

    expect(await statusOf(api.createOrUpdate('group', 'pool-1', 'cred-20', credential(20)))).toBe('400 BadRequest');
    expect(await statusOf(api.createOrUpdate('group', 'pool-1', 'cred-19', credential(20)))).toBe('accepted');
    expect(azure.credentials(IDENTITY)).toHaveLength(20);
  });

  it('refuses a write during another on one identity, and lets other identities be written', async () => {
    const { federatedIdentityCredentials: api } = await start({ delayMs: 200 });

    const answers = await Promise.all([
      statusOf(api.createOrUpdate('group', 'pool-1', 'cred-1', credential(1))),
      statusOf(api.createOrUpdate('group', 'pool-1', 'cred-2', credential(2))),
      statusOf(api.createOrUpdate('group', 'pool-2', 'cred-1', credential(1))),
    ]);

    expect(answers.toSorted()).toEqual([
      '409 ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity',
      'accepted',
      'accepted',
    ]);
    expect(azure.overlaps).toHaveLength(1);
  });

  it('admits writes at the given rates only, by identity and by subscription', async () => {
    const { federatedIdentityCredentials: api } = await start({
      rates: { put: { identity: 0.5, subscription: 2 } },
      retryAfter: 3,
    });
    const put = (identity: string, n: number) =>
      statusOf(api.createOrUpdate('group', identity, `cred-${n}`, credential(n)));

    expect(await put('pool-1', 1)).toBe('accepted');
    expect(await put('pool-1', 2)).toBe('429 TooManyRequests');
    expect(await put('pool-2', 1)).toBe('accepted');
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(await put('pool-1', 2)).toBe('accepted');
  });

  it('answers 404 for an identity that is not there', async () => {
    const { userAssignedIdentities } = await start();

    expect(await userAssignedIdentities.get('group', 'pool-2')).toMatchObject({ clientId: 'client-2' });
    expect(await statusOf(userAssignedIdentities.get('group', 'pool-3'))).toBe('404 ResourceNotFound');
  });

  it('drops a connection before the work or after it, as a fault says', async () => {
    const { federatedIdentityCredentials: api } = await start();
    azure.setFault(({ name }) => (name === 'cred-1' ? 'drop' : name === 'cred-2' ? 'lose' : undefined));

    for (const n of [1, 2, 3]) await statusOf(api.createOrUpdate('group', 'pool-1', `cred-${n}`, credential(n)));

    expect(azure.credentials(IDENTITY).map(({ name }) => name)).toEqual(['cred-2', 'cred-3']);
  });

  it("states a cluster's issuer and hands out its users' kubeconfig", async () => {
    await start();
    const arm = { endpoint: azure.url, loopback: true };
    const aks = withoutToken(new ContainerServiceClient(armCredential(arm), 'sub-1', armClientOptions(arm)), arm);

    const cluster = await aks.managedClusters.get('group', 'aks');
    const { kubeconfigs } = await aks.managedClusters.listClusterUserCredentials('group', 'aks', { format: 'exec' });

    expect(cluster.oidcIssuerProfile?.issuerURL).toBe('https://oidc.example/a/');
    expect(Buffer.from(kubeconfigs?.[0]?.value ?? '').toString()).toBe('kind: Config');
  });
});
