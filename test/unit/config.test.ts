import { describe, expect, it } from '@jest/globals';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  readArmSettings,
  readClusterSettings,
  readEnvironmentSettings,
  readGitHubSettings,
  readIdentitySettings,
  readIntakeSettings,
  readKeepMax,
  readStorageSettings,
} from '../../lib/config.ts';

const IDENTITY = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one';
const CLUSTER = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks';

function faultOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

const APP = {
  GITHUB_APP_ID: '7',
  GITHUB_APP_INSTALLATION_ID: '70',
  GITHUB_APP_PRIVATE_KEY: '-----BEGIN RSA PRIVATE KEY-----\\nMII\\n-----END RSA PRIVATE KEY-----',
};

describe('settings', () => {
  it('have the defaults of the contract', () => {
    const settings = readEnvironmentSettings({});
    expect(settings).toMatchObject({
      repositories: [],
      defaultBranches: ['main', 'master'],
      initialImageTag: '{slug}',
      allowUnguarded: false,
      mode: 'apply',
      readyDeadlineMs: 600_000,
    });
    expect(settings.admits('any/branch')).toBe(true);
    expect(settings.admits('renovate/lodash-4.x')).toBe(false);
    expect(settings.admits('gh-readonly-queue/main/pr-1')).toBe(false);
  });

  it('name every fault of their group at once, and no value', () => {
    const fault = faultOf(() =>
      readEnvironmentSettings({
        MODE: 'secret-1',
        ALLOW_UNGUARDED: 'secret-2',
        READY_DEADLINE: 'secret-3',
        MAX_ENVIRONMENTS: '-1',
      }),
    );
    for (const name of ['MODE', 'ALLOW_UNGUARDED', 'READY_DEADLINE', 'MAX_ENVIRONMENTS']) expect(fault).toContain(name);
    expect(fault).not.toContain('secret');
  });

  it('take repositories with and without a prefix', () => {
    expect(readIntakeSettings({ GITHUB_REPOSITORIES: 'acme/shop, acme/api=api' }).repositories).toEqual([
      { fullName: 'acme/shop' },
      { fullName: 'acme/api', prefix: 'api' },
    ]);
    for (const wrong of ['acme', 'acme/api=API', 'acme/api=', 'acme/api=-a', 'a/b/c']) {
      expect(faultOf(() => readIntakeSettings({ GITHUB_REPOSITORIES: wrong }))).toContain('GITHUB_REPOSITORIES');
    }
  });

  it('filter branches by glob', () => {
    const { admits } = readIntakeSettings({ BRANCH_INCLUDE: 'feature/**,ex-*', BRANCH_EXCLUDE: 'feature/wip-*' });
    expect(['feature/a/b', 'ex-1', 'feature/wip-1', 'other', 'feature/.dot'].map(admits)).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it('take storage by connection string, or by an identity under the host’s own names', () => {
    expect(readStorageSettings({ AzureWebJobsStorage: 'UseDevelopmentStorage=true' })).toEqual({
      connectionString: 'UseDevelopmentStorage=true',
    });
    expect(
      readStorageSettings({ AzureWebJobsStorage__accountName: 'acmeshop', AzureWebJobsStorage__clientId: 'c' }),
    ).toEqual({
      queueUri: 'https://acmeshop.queue.core.windows.net',
      blobUri: 'https://acmeshop.blob.core.windows.net',
      clientId: 'c',
    });
    expect(
      readStorageSettings({
        AzureWebJobsStorage__queueServiceUri: 'https://q',
        AzureWebJobsStorage__blobServiceUri: 'https://b',
      }),
    ).toEqual({ queueUri: 'https://q', blobUri: 'https://b' });
    expect(faultOf(() => readStorageSettings({}))).toContain('AzureWebJobsStorage');
  });

  it('take a kubeconfig only with its context, and never the plain KUBECONFIG', () => {
    expect(readClusterSettings({ CLUSTER_KUBECONFIG: 'f', CLUSTER_CONTEXT: 'c' }).kubeconfig).toEqual({
      file: 'f',
      context: 'c',
      deprovisionerContext: 'c',
    });
    expect(faultOf(() => readClusterSettings({ CLUSTER_KUBECONFIG: 'f' }))).toContain('CLUSTER_CONTEXT');
    expect(faultOf(() => readClusterSettings({ KUBECONFIG: 'f' }))).toContain('AKS_CLUSTER_ID');
    expect(readClusterSettings({ AKS_CLUSTER_ID: CLUSTER }).aksClusterId).toBe(CLUSTER);
  });

  it('take http for ARM on this machine alone', () => {
    expect(readArmSettings({})).toEqual({ loopback: false });
    expect(readArmSettings({ ARM_ENDPOINT: 'https://management.chinacloudapi.cn/' })).toEqual({
      endpoint: 'https://management.chinacloudapi.cn',
      loopback: false,
    });
    for (const local of ['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1']) {
      expect(readArmSettings({ ARM_ENDPOINT: local }).loopback).toBe(true);
    }
    for (const wrong of ['http://10.0.0.1', 'http://localhost.example.test', 'ftp://localhost', 'localhost:1', 'x']) {
      expect(faultOf(() => readArmSettings({ ARM_ENDPOINT: wrong }))).toContain('ARM_ENDPOINT');
    }
  });

  it('want an issuer where there is a pool', () => {
    expect(readIdentitySettings({})).toEqual({ pool: [] });
    expect(faultOf(() => readIdentitySettings({ WORKLOAD_IDENTITIES: IDENTITY }))).toContain('OIDC_ISSUER_URL');
    expect(readIdentitySettings({ WORKLOAD_IDENTITIES: IDENTITY, AKS_CLUSTER_ID: CLUSTER }).pool).toEqual([IDENTITY]);
    expect(faultOf(() => readIdentitySettings({ WORKLOAD_IDENTITIES: 'one', OIDC_ISSUER_URL: 'http://x' }))).toMatch(
      /WORKLOAD_IDENTITIES.*OIDC_ISSUER_URL/,
    );
  });

  it('ask GitHub by a token or as an App', () => {
    const more = { apiUrl: 'https://api.github.com', environment: 'feature-branches' };
    expect(readGitHubSettings({})).toBeUndefined();
    expect(readGitHubSettings({ GITHUB_TOKEN: 't' })).toEqual({ credentials: { kind: 'token', token: 't' }, ...more });
    expect(readGitHubSettings(APP)).toEqual({
      credentials: {
        kind: 'app',
        appId: '7',
        installationId: '70',
        privateKey: '-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----',
      },
      ...more,
    });
  });

  it.each<[string, Record<string, string>]>([
    ['GITHUB_TOKEN must be empty', { ...APP, GITHUB_TOKEN: 't' }],
    ['GITHUB_APP_PRIVATE_KEY is missing', { ...APP, GITHUB_APP_PRIVATE_KEY: '' }],
    ['GITHUB_APP_INSTALLATION_ID is missing', { ...APP, GITHUB_APP_INSTALLATION_ID: '' }],
    ['GITHUB_APP_PRIVATE_KEY must be the PEM', { ...APP, GITHUB_APP_PRIVATE_KEY: '@Microsoft.KeyVault(x)' }],
    ['GITHUB_API_URL is neither an https address', { GITHUB_TOKEN: 't', GITHUB_API_URL: 'http://ghe.example.test' }],
  ])('refuse GitHub credentials: %s', (words, env) => {
    expect(() => readGitHubSettings(env)).toThrow(words);
  });

  it('read life spans and the deletion limit', () => {
    expect(readEnvironmentSettings({})).toMatchObject({ deleteGraceMs: 0, sweepCreates: false });
    expect(readEnvironmentSettings({})).not.toHaveProperty('ttlMs');
    expect(
      readEnvironmentSettings({
        ENVIRONMENT_TTL: '7d',
        DELETE_GRACE: '24h',
        SWEEP_CREATES: 'true',
        SWEEP_MAX_DELETIONS: '10%',
      }),
    ).toMatchObject({
      ttlMs: 604_800_000,
      deleteGraceMs: 86_400_000,
      sweepCreates: true,
      sweepMaxDeletionsPercent: 10,
    });
    expect(readEnvironmentSettings({ SWEEP_MAX_DELETIONS: '0' })).toMatchObject({ sweepMaxDeletions: 0 });
    expect(readKeepMax({})).toBe(90 * 86_400_000);
    for (const value of ['-1', '101%', 'some'])
      expect(faultOf(() => readEnvironmentSettings({ SWEEP_MAX_DELETIONS: value }))).toContain('SWEEP_MAX_DELETIONS');
  });

  it('are all in local.settings.sample.json, with the defaults of the contract', async () => {
    const { Values } = JSON.parse(await readFile('local.settings.sample.json', 'utf8')) as {
      Values: Record<string, string>;
    };
    const sources = await Promise.all(
      [...globSync('lib/config/*.ts'), 'lib/deps.ts', 'local/build/overlays.ts'].map((file) => readFile(file, 'utf8')),
    );
    const read = new Set(
      sources
        .join()
        .match(/'[A-Z][A-Z0-9]*(_[A-Z0-9]+)+'/g)
        ?.map((name) => name.slice(1, -1)),
    );
    // the platform sets these by itself
    const missing = [...read].filter((name) => !(name in Values) && !name.startsWith('WEBSITE_'));
    expect(missing).toEqual([]);
    expect(read.size).toBeGreaterThan(20);
    expect(() => readEnvironmentSettings(Values)).not.toThrow();
    expect(readEnvironmentSettings({ ...Values, GITHUB_REPOSITORIES: '' })).toMatchObject({
      mode: 'apply',
      initialImageTag: '{slug}',
      readyDeadlineMs: 600_000,
    });
  });

  it('want {slug} in the credential name, which two branches would share without it', () => {
    expect(faultOf(() => readEnvironmentSettings({ FEDERATED_CREDENTIAL_NAME: 'one-for-all' }))).toContain('{slug}');
    expect(
      readEnvironmentSettings({ FEDERATED_CREDENTIAL_NAME: 'x-{slug}-{serviceAccount}' }).credentialName,
    ).toBeDefined();
  });
});
