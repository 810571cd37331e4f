import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TokenCredential } from '@azure/core-auth';
import { connectAks } from '../../../../lib/cluster/auth/aks.ts';
import { createSend } from '../../../../lib/cluster/api/client.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { type AzureStandIn, startAzure } from '../../../../local/azure/start.ts';
import { kubeconfigText } from '../../../../local/kubernetes/kubeconfig.ts';
import { type Kubernetes, startKubernetes } from '../../../../local/kubernetes/start.ts';

const group = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg';
const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks`;
const options = { clock: { now: () => Date.now(), sleep: async () => {} }, random: () => 0.5 };
const call = { method: 'GET', path: '/api/v1/namespaces/default', object: 'Namespace/default' } as const;

describe('connectAks', () => {
  let azure: AzureStandIn;
  let kubernetes: Kubernetes;
  beforeEach(async () => {
    kubernetes = await startKubernetes();
    const kubeconfig = kubeconfigText(kubernetes.access, 'admin');
    azure = await startAzure({
      identities: [],
      clusters: [{ id: clusterId, issuer: 'https://issuer.example.org/', fqdn: 'aks.example.org', kubeconfig }],
    });
  });
  afterEach(() => Promise.all([azure.close(), kubernetes.stop()]));

  function credentialFor(token: string, lifeMs = 3_600_000) {
    const scopes: unknown[] = [];
    const getToken = async (scope: unknown) => {
      scopes.push(scope);
      return { token, expiresOnTimestamp: Date.now() + lifeMs };
    };
    return { scopes, getToken };
  }

  it('takes the server from the user kubeconfig, once, and calls by the principal and not by its user', async () => {
    const credential = credentialFor(kubernetes.access.tokens.provisioner);
    const connection = connectAks({ clusterId, arm: { endpoint: azure.url, loopback: true }, credential });
    expect(azure.calls).toHaveLength(0);
    const send = createSend(connection, options);
    await Promise.all([send(call), send(call)]);
    await send(call);
    expect(azure.calls.map(({ operation, authorized }) => [operation, authorized])).toEqual([
      ['cluster-credential', false],
    ]);
    expect(new Set(kubernetes.inspect().calls.map(({ user }) => user))).toEqual(new Set(['provisioner']));
    expect(credential.scopes).toContain('6dae42f8-4368-4678-94ff-3960e28e3630/.default');
    await connection.close();
  });

  it('asks for a new token only when the old one is about to end', async () => {
    const credential = credentialFor(kubernetes.access.tokens.provisioner);
    const short = credentialFor(kubernetes.access.tokens.provisioner, 60_000);
    for (const [one, times] of [
      [credential, 1],
      [short, 3],
    ] as const) {
      const connection = connectAks({ clusterId, arm: { endpoint: azure.url, loopback: true }, credential: one });
      const send = createSend(connection, options);
      for (let round = 0; round < 3; round++) await send(call);
      expect(one.scopes).toHaveLength(times);
      await connection.close();
    }
  });

  it('says which of the two did not answer', async () => {
    const credential = credentialFor('t');
    const other = clusterId.replace(/aks$/, 'absent');
    const absent = connectAks({ clusterId: other, arm: { endpoint: azure.url, loopback: true }, credential });
    await expect(absent.open()).rejects.toMatchObject({
      code: 'rejected',
      message: expect.stringMatching(
        /^AKS cluster: its user kubeconfig can not be had: Azure answered 404 ResourceNotFound/,
      ) as unknown,
    });
    const silent = { getToken: () => Promise.reject(new Error('no identity endpoint')) };
    const mute = connectAks({ clusterId, arm: { endpoint: azure.url, loopback: true }, credential: silent });
    await expect(createSend(mute, options)(call)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'AKS cluster: no token for the API server could be had',
    });
    await mute.close();
  });

  it.each<[string, { status: number; body?: string } | undefined, string]>([
    ['401', { status: 401 }, 'not-permitted'],
    ['403', { status: 403 }, 'not-permitted'],
    ['404', { status: 404 }, 'rejected'],
    ['409', { status: 409 }, 'conflict'],
    ['without a kubeconfig', { status: 200, body: '{"kubeconfigs":[]}' }, 'rejected'],
  ])('says what it means where ARM answers for the kubeconfig: %s', async (_, answer, code) => {
    azure.setFault(() => answer);
    const credential = credentialFor('t');
    const connection = connectAks({ clusterId, arm: { endpoint: azure.url, loopback: true }, credential });
    await expect(connection.open()).rejects.toMatchObject({
      code,
      object: 'Cluster',
      message: expect.stringMatching(/^AKS cluster: its user kubeconfig (can not be had: Azure answered|is empty)/),
      ...(code === 'not-permitted' && { fix: expect.stringContaining('Azure Kubernetes Service Cluster User Role') }),
    });
    // it is asked again: nothing of a failure stays
    azure.setFault(undefined);
    await expect(connection.open()).resolves.toMatchObject({ origin: kubernetes.access.server });
    await connection.close();
  });

  it.each<[string, TokenCredential['getToken'], object]>([
    [
      'gives none',
      async () => null,
      { code: 'not-permitted', message: 'AKS cluster: the credential gives no token for the API server' },
    ],
    [
      'knows why it has none',
      () => Promise.reject(new ProvisionerError('settings', 'no such identity', { object: 'ManagedIdentity/x' })),
      { code: 'settings', message: 'no such identity', object: 'ManagedIdentity/x' },
    ],
  ])('says so where the credential %s', async (_, getToken, expected) => {
    const arm = { endpoint: azure.url, loopback: true };
    const connection = connectAks({ clusterId, arm, credential: { getToken } });
    await expect(createSend(connection, options)(call)).rejects.toMatchObject(expected);
    await connection.close();
  });

  it('is a settings fault for what is not the id of a managed cluster', async () => {
    const connection = connectAks({ clusterId: group, arm: { loopback: false }, credential: credentialFor('t') });
    await expect(connection.open()).rejects.toMatchObject({ code: 'settings' });
  });
});
