import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { TokenCredential } from '@azure/core-auth';
import { type AksOptions, connectAks } from '../../../../lib/cluster/auth/aks.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { hideSecrets } from '../../../../lib/secrets.ts';
import { type AzureStandIn, startAzure } from '../../../../local/azure/start.ts';

const NOW = Date.parse('2026-11-23T10:00:00Z');
const group = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg';
const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks`;

let azure: AzureStandIn;
beforeAll(async () => {
  azure = await startAzure({ identities: [], clusters: [] });
});
afterAll(() => azure.close());
afterEach(() => {
  jest.restoreAllMocks();
});

/** What ARM answers with: a kubeconfig of one cluster and one user. */
function answering(cluster: object, user: object = { token: 'of-the-kubeconfig-user' }, current = 'one'): void {
  const kubeconfig = JSON.stringify({
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u' } }],
    'current-context': current,
  });
  const value = Buffer.from(kubeconfig).toString('base64');
  azure.setFault(() => ({ status: 200, body: { kubeconfigs: [{ name: 'c', value }] } }));
}
const credentialOf = (token: string, lifeMs = 3_600_000): TokenCredential => ({
  getToken: async () => ({ token, expiresOnTimestamp: NOW + lifeMs }),
});
const open = (more: Partial<AksOptions> = {}) =>
  connectAks({ clusterId, arm: { endpoint: azure.url, loopback: true }, ...more }).open();

const SERVER = 'https://aks.example.org:443';

describe('the address of an AKS cluster', () => {
  it('is called with the credential’s token, not as the user of its kubeconfig, whose secret is kept out of texts', async () => {
    answering({ server: SERVER }, { token: 'a-token-nobody-uses' });
    const opened = await open({ credential: credentialOf('mine') });
    expect(opened.origin).toBe('https://aks.example.org');
    expect(await opened.authorization()).toEqual({ Authorization: 'Bearer mine' });
    expect(hideSecrets('a-token-nobody-uses')).toBe('***');
  });

  it('is called as the user of the kubeconfig where there is no credential, as with a stand-in', async () => {
    answering({ server: SERVER });
    expect(await (await open()).authorization()).toEqual({ Authorization: 'Bearer of-the-kubeconfig-user' });
  });

  it.each([
    ['whose server is empty', '/', 'one'],
    ['whose context is missing', SERVER, 'two'],
  ])('is none of a kubeconfig %s', async (_, url, current) => {
    answering({ server: url }, undefined, current);
    await expect(open({ credential: credentialOf('mine') })).rejects.toMatchObject({
      code: 'rejected',
      object: 'Cluster',
      message: 'AKS cluster: its user kubeconfig names no server',
    });
  });

  it.each([
    [120_000, 1],
    [119_999, 2],
  ])('is called with a token that lasts two more minutes: with %i ms %i times got', async (lifeMs, times) => {
    answering({ server: SERVER });
    jest.spyOn(Date, 'now').mockReturnValue(NOW);
    const credential = credentialOf('mine', lifeMs);
    const got = jest.spyOn(credential, 'getToken');
    const opened = await open({ credential });
    await opened.authorization();
    await opened.authorization();
    expect(got.mock.calls).toEqual(
      Array.from({ length: times }, () => ['6dae42f8-4368-4678-94ff-3960e28e3630/.default']),
    );
  });

  const refusing = (thrown: Error): TokenCredential => ({ getToken: () => Promise.reject(thrown) });

  it('says why no token can be had for it', async () => {
    answering({ server: SERVER });
    const cause = new TypeError('x');
    const opened = await open({ credential: refusing(cause) });
    await expect(opened.authorization()).rejects.toMatchObject({
      code: 'unavailable',
      object: 'Cluster',
      message: 'AKS cluster: no token for the API server could be had',
      cause,
    });
  });
});

describe('the kubeconfig of an AKS cluster', () => {
  it.each<[string, object]>([
    ['no list', {}],
    ['none', { kubeconfigs: [] }],
    ['one without a value', { kubeconfigs: [{ name: 'c' }] }],
  ])('is missing where ARM lists %s', async (_, body) => {
    azure.setFault(() => ({ status: 200, body }));
    await expect(open()).rejects.toMatchObject({
      code: 'rejected',
      object: 'Cluster',
      message: 'AKS cluster: its user kubeconfig is empty',
    });
  });

  it.each<[number, object]>([
    [
      403,
      {
        code: 'not-permitted',
        message: 'AKS cluster: its user kubeconfig can not be had: Azure answered 403 Forbidden: no',
        isFixOwn: true,
        fix: 'give both identities of the app the role Azure Kubernetes Service Cluster User Role on the cluster, then provision again',
      },
    ],
    [
      404,
      {
        code: 'rejected',
        message: 'AKS cluster: its user kubeconfig can not be had: Azure answered 404 Forbidden: no',
        isFixOwn: false,
      },
    ],
  ])('is not to be had where ARM answers %i', async (code, expected) => {
    azure.setFault(() => ({ status: code, body: { error: { code: 'Forbidden', message: 'no' } } }));
    await expect(open()).rejects.toMatchObject({
      object: 'Cluster',
      cause: expect.objectContaining({ statusCode: code }),
      ...expected,
    });
  });

  it.each([
    ['a cluster without a server', JSON.stringify({ clusters: [{ name: 'c', cluster: {} }] })],
    ['no YAML', '{'],
  ])('can not be read where it holds %s', async (_, text) => {
    const value = Buffer.from(text).toString('base64');
    azure.setFault(() => ({ status: 200, body: { kubeconfigs: [{ name: 'c', value }] } }));
    await expect(open({ credential: credentialOf('mine') })).rejects.toMatchObject({
      code: 'rejected',
      object: 'Cluster',
      message: 'AKS cluster: its user kubeconfig can not be read',
    });
  });

  const arm = { endpoint: 'https://127.0.0.1:1', loopback: false };
  const withToken = (thrown: Error) => open({ arm, credential: { getToken: () => Promise.reject(thrown) } });

  it('is not to be had without a token for ARM: whoever knows why says so', async () => {
    const known = new ProvisionerError('settings', 'no such identity', { object: 'ManagedIdentity/x' });
    await expect(withToken(known)).rejects.toBe(known);
    await expect(withToken(new TypeError('x'))).rejects.toMatchObject({
      code: 'unavailable',
      object: 'Cluster',
      message: 'AKS cluster: its user kubeconfig can not be had: Azure did not answer',
    });
  });
});
