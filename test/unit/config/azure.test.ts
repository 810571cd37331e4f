import { describe, expect, it } from '@jest/globals';
import {
  readArmSettings,
  readClusterSettings,
  readIdentitySettings,
  readStorageSettings,
} from '../../../lib/config.ts';
import { hideSecrets } from '../../../lib/secrets.ts';
import { faultOf } from './fault-of.ts';

const GROUP = '/subscriptions/s/resourceGroups/g/providers';
const IDENTITY = `${GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/one`;
const OTHER = `${GROUP}/microsoft.managedidentity/userAssignedIdentities/two`;
const CLUSTER = `${GROUP}/Microsoft.ContainerService/managedClusters/aks`;
const ONE = '00000000-0000-4000-8000-000000000001';
const TWO = '00000000-0000-4000-8000-00000000000A';
const PRINCIPALS = { PROVISIONER_CLIENT_ID: ONE, DEPROVISIONER_CLIENT_ID: TWO };

describe('the settings of the cluster', () => {
  it.each<[Record<string, string>, object]>([
    [{ AKS_CLUSTER_ID: CLUSTER }, { aksClusterId: CLUSTER }],
    [
      { AKS_CLUSTER_ID: CLUSTER, ...PRINCIPALS },
      { aksClusterId: CLUSTER, provisionerClientId: ONE, deprovisionerClientId: TWO },
    ],
    [
      { CLUSTER_KUBECONFIG: 'f', CLUSTER_CONTEXT: 'c' },
      { kubeconfig: { file: 'f', context: 'c', deprovisionerContext: 'c' } },
    ],
    [
      { CLUSTER_KUBECONFIG: 'f', CLUSTER_CONTEXT: 'c', CLUSTER_DEPROVISIONER_CONTEXT: 'd' },
      { kubeconfig: { file: 'f', context: 'c', deprovisionerContext: 'd' } },
    ],
  ])('of %j are these alone', (env, expected) => {
    expect(readClusterSettings(env)).toStrictEqual(expected);
  });

  it.each<[Record<string, string>, string]>([
    [{}, 'AKS_CLUSTER_ID is missing (or CLUSTER_KUBECONFIG with CLUSTER_CONTEXT)'],
    [{ AKS_CLUSTER_ID: IDENTITY }, 'AKS_CLUSTER_ID is not the ARM id of a managed cluster'],
    [{ CLUSTER_KUBECONFIG: 'f' }, 'CLUSTER_CONTEXT is missing beside CLUSTER_KUBECONFIG'],
    [{ AKS_CLUSTER_ID: CLUSTER, CLUSTER_CONTEXT: 'c' }, 'CLUSTER_KUBECONFIG is missing beside CLUSTER_CONTEXT'],
    [
      { AKS_CLUSTER_ID: CLUSTER, PROVISIONER_CLIENT_ID: ONE },
      'DEPROVISIONER_CLIENT_ID is missing beside PROVISIONER_CLIENT_ID',
    ],
    [
      { AKS_CLUSTER_ID: CLUSTER, DEPROVISIONER_CLIENT_ID: ONE },
      'PROVISIONER_CLIENT_ID is missing beside DEPROVISIONER_CLIENT_ID',
    ],
    [
      { AKS_CLUSTER_ID: CLUSTER, PROVISIONER_CLIENT_ID: 'me', DEPROVISIONER_CLIENT_ID: TWO },
      'PROVISIONER_CLIENT_ID is not a GUID',
    ],
  ])('refuse %j in these words', (env, words) => {
    expect(faultOf(() => readClusterSettings(env))).toBe(words);
  });
});

describe('the settings of ARM', () => {
  it('keep no slash at the end, which would double in every path', () => {
    expect(readArmSettings({ ARM_ENDPOINT: 'https://arm.test//' })).toStrictEqual({
      endpoint: 'https://arm.test',
      loopback: false,
    });
    expect(readArmSettings({ ARM_ENDPOINT: 'http://localhost:1/' })).toStrictEqual({
      endpoint: 'http://localhost:1',
      loopback: true,
    });
    expect(faultOf(() => readArmSettings({ ARM_ENDPOINT: 'http://arm.test' }))).toBe(
      'ARM_ENDPOINT is neither an https address nor an http one of this machine',
    );
  });
});

describe('the settings of the pool', () => {
  const issuer = 'https://issuer.test/cluster/';
  it.each<[Record<string, string>, object]>([
    [{}, { pool: [] }],
    [{ ...PRINCIPALS }, { pool: [], provisionerClientId: ONE }],
    [{ AKS_CLUSTER_ID: CLUSTER }, { pool: [], aksClusterId: CLUSTER }],
    [
      { WORKLOAD_IDENTITIES: IDENTITY, OIDC_ISSUER_URL: issuer },
      { pool: [IDENTITY], issuer },
    ],
    [
      { WORKLOAD_IDENTITIES: `${IDENTITY}, ${OTHER}`, AKS_CLUSTER_ID: CLUSTER },
      { pool: [IDENTITY, OTHER], aksClusterId: CLUSTER },
    ],
  ])('of %j are these alone', (env, expected) => {
    expect(readIdentitySettings(env)).toStrictEqual(expected);
  });

  it.each<[Record<string, string>, string]>([
    [
      { WORKLOAD_IDENTITIES: `${IDENTITY},${CLUSTER}`, OIDC_ISSUER_URL: issuer },
      'WORKLOAD_IDENTITIES an entry is not the ARM id of a user-assigned identity',
    ],
    [{ OIDC_ISSUER_URL: 'http://issuer.test' }, 'OIDC_ISSUER_URL is not an https address'],
    [{ OIDC_ISSUER_URL: 'issuer.test' }, 'OIDC_ISSUER_URL is not an https address'],
    [{ AKS_CLUSTER_ID: IDENTITY }, 'AKS_CLUSTER_ID is not the ARM id of a managed cluster'],
    [
      { WORKLOAD_IDENTITIES: IDENTITY },
      'OIDC_ISSUER_URL is missing: without AKS_CLUSTER_ID nobody says who issues the tokens',
    ],
    [{ PROVISIONER_CLIENT_ID: ONE }, 'DEPROVISIONER_CLIENT_ID is missing beside PROVISIONER_CLIENT_ID'],
  ])('refuse %j in these words', (env, words) => {
    expect(faultOf(() => readIdentitySettings(env))).toBe(words);
  });
});

describe('the settings of storage', () => {
  it.each<[Record<string, string>, object]>([
    [{ AzureWebJobsStorage: 'x=y', AzureWebJobsStorage__accountName: 'shop' }, { connectionString: 'x=y' }],
    [
      { AzureWebJobsStorage__accountName: 'shop', AzureWebJobsStorage__blobServiceUri: 'https://b' },
      { queueUri: 'https://shop.queue.core.windows.net', blobUri: 'https://b' },
    ],
    [
      { AzureWebJobsStorage__accountName: 'shop', AzureWebJobsStorage__queueServiceUri: 'https://q' },
      { queueUri: 'https://q', blobUri: 'https://shop.blob.core.windows.net' },
    ],
  ])('of %j are these alone', (env, expected) => {
    expect(readStorageSettings(env)).toStrictEqual(expected);
  });

  const MISSING = 'AzureWebJobsStorage is missing: a connection string, or AzureWebJobsStorage__accountName';
  it.each<[Record<string, string>, string]>([
    [{}, MISSING],
    [{ AzureWebJobsStorage__queueServiceUri: 'https://q' }, MISSING],
    [{ AzureWebJobsStorage__blobServiceUri: 'https://b' }, MISSING],
    [{ AzureWebJobsStorage__accountName: 'Shop' }, 'AzureWebJobsStorage__accountName is not a storage account name'],
  ])('refuse %j in these words', (env, words) => {
    expect(faultOf(() => readStorageSettings(env))).toBe(words);
  });

  it('hide the key of a connection string, and each signature, wherever a peer quotes it', () => {
    const [key, signature] = ['a-planted-account-key', 'a-planted-signature'];
    readStorageSettings({
      AzureWebJobsStorage: `AccountName=shop;AccountKey=${key};BlobEndpoint=https://b?sig=${signature}`,
    });
    expect(hideSecrets(`it said ${key} and ${signature}`)).toBe('it said *** and ***');
  });
});
