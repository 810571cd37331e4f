import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { aksIssuer, givenIssuer } from '../../../lib/azure/oidc-issuer.ts';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';

const CLUSTER = '/subscriptions/sub-1/resourceGroups/group/providers/Microsoft.ContainerService/managedClusters/aks';
const ISSUER = 'https://westeurope.oic.prod-aks.azure.com/Tenant/Cluster/';

let azure: AzureStandIn;

function issuerOf(clusterId: string) {
  return aksIssuer({ clusterId, arm: { endpoint: azure.url, loopback: true } });
}

describe('aksIssuer', () => {
  beforeEach(async () => {
    const clusters = [
      { id: CLUSTER, issuer: ISSUER, kubeconfig: '' },
      { id: `${CLUSTER}-bare`, issuer: '', kubeconfig: '' },
    ];
    azure = await startAzure({ identities: [], clusters });
  });
  afterEach(() => azure.close());

  it('states it character for character, with its slash and its case, and asks once', async () => {
    const issuer = issuerOf(CLUSTER.toUpperCase());

    expect(await Promise.all([issuer(), issuer()])).toEqual([ISSUER, ISSUER]);
    expect(await issuer()).toBe(ISSUER);
    expect(azure.calls).toHaveLength(1);
  });

  it('asks again after a failure', async () => {
    const issuer = issuerOf(CLUSTER);
    azure.setFault(() => 'drop');
    await expect(issuer()).rejects.toMatchObject({ code: 'unavailable', object: 'ManagedCluster/aks' });
    azure.setFault(undefined);

    expect(await issuer()).toBe(ISSUER);
  });

  it.each([
    ['is not there', `${CLUSTER}-none`, { code: 'rejected' }],
    ['has no issuer', `${CLUSTER}-bare`, { code: 'settings', fix: expect.stringContaining('--enable-oidc-issuer') }],
    ['is no cluster', '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/x', { code: 'settings' }],
  ])('says so where the cluster %s', async (_case, id, failure) => {
    await expect(issuerOf(id)()).rejects.toMatchObject(failure);
  });
});

describe('givenIssuer', () => {
  it('keeps the setting as it is', async () => {
    expect(await givenIssuer('https://Issuer.example/no-slash')()).toBe('https://Issuer.example/no-slash');
  });
});
