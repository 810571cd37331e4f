import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AzureStandIn, startAzure } from '../../local/azure/start.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { projectRoot } from '../../local/build/build.ts';
import { type GitHubStandIn, startGitHub } from '../../local/github/start.ts';
import { WITHOUT_CONTROL_PLANE } from '../support/control-plane.ts';
import { type AuditedPlane, startAuditedPlane } from './converge/plane.ts';

const IDENTITY =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/one/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1';
const GUID = '11111111-1111-4111-8111-111111111111';
const HOOK = {
  id: 1,
  active: true,
  events: ['create', 'delete', 'push'],
  config: { url: 'https://app.example.test/api/github/webhook', content_type: 'json', secret: '********' },
};

const describeOnPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

describeOnPlane('npm run preflight on a real API server', () => {
  let plane: AuditedPlane;
  let azurite: Azurite;
  let azure: AzureStandIn;
  let github: GitHubStandIn;

  beforeAll(async () => {
    const repository = { fullName: 'acme/shop', id: 7, defaultBranch: 'main', branches: ['main'] };
    [plane, azurite, azure, github] = await Promise.all([
      startAuditedPlane({ verbs: ['create', 'delete'] }),
      startAzurite(),
      startAzure({ identities: [{ id: IDENTITY, clientId: GUID, tenantId: GUID }] }),
      startGitHub({ repositories: [repository] }),
    ]);
    azure.setFault(({ url }) =>
      url.includes('Microsoft.Authorization/permissions')
        ? { status: 200, body: { value: [{ actions: ['*'], notActions: [] }] } }
        : undefined,
    );
    github.setFault(({ url }) => {
      if (url.includes('/deliveries')) return { status: 200, body: [] };
      return url.endsWith('/hooks') ? { status: 200, body: [HOOK] } : undefined;
    });
  }, 120_000);
  afterAll(async () => {
    await Promise.all([plane.stop(), azurite.stop(), azure.close(), github.close()]);
  });

  async function run(args: string[], changed: NodeJS.ProcessEnv = {}): Promise<{ code: number; said: string }> {
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      AzureWebJobsStorage: azurite.connectionString,
      GITHUB_REPOSITORIES: 'acme/shop',
      GITHUB_WEBHOOK_SECRET: 'a secret of more than 16 bytes',
      GITHUB_TOKEN: 'any',
      GITHUB_API_URL: github.url,
      ARM_ENDPOINT: azure.url,
      WORKLOAD_IDENTITIES: IDENTITY,
      OIDC_ISSUER_URL: 'https://issuer.invalid/',
      OVERLAY_KEYVAULT_NAME: 'kv-development',
      CLUSTER_KUBECONFIG: plane.plane.kubeconfig,
      CLUSTER_CONTEXT: 'provisioner',
      CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
      ...changed,
    };
    return new Promise((resolve) => {
      const program = join(projectRoot, 'local', 'preflight', 'main.ts');
      execFile(
        process.execPath,
        ['--no-warnings', program, ...args],
        { cwd: projectRoot, env },
        (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout + stderr }),
      );
    });
  }

  const failing = (said: string): string[] =>
    said
      .split('\n')
      .filter((line) => line.startsWith('✗'))
      .map((line) => line.slice(2).split('  ')[0] ?? '');
  const madeBy = async (): Promise<string[]> =>
    (await plane.audit())
      .filter(
        ({ verb, objectRef, requestURI, responseStatus: { code = 0 } = {} }) =>
          ['create', 'delete'].includes(verb) &&
          objectRef?.resource === 'namespaces' &&
          // the proof of the policies is let through while they are not in force yet
          !requestURI.includes('dryRun=') &&
          code < 300,
      )
      .map(({ verb }) => verb);

  it('finds all right but the issuer, which nobody serves here, and makes nothing', async () => {
    const { code, said } = await run([]);

    expect(failing(said)).toEqual(['issuer: discovery document']);
    expect(said).toContain('fix: ');
    expect(code).toBe(1);
    expect(said).toMatch(/✓ rights: provisioner, deployments\.apps +get, list, create, patch, delete/);
    expect(said).not.toContain('dry run of every object');
    expect(await madeBy()).toEqual([]);
  }, 60_000);

  it('applies every object by dry run with --write, in a namespace that is deleted again', async () => {
    const { said } = await run(['--write']);

    expect(said).toMatch(/✓ overlays: dry run of every object +\d\d objects/);
    expect(failing(said)).toEqual(['issuer: discovery document']);
    expect(await madeBy()).toEqual(['create', 'delete']);
  }, 60_000);

  it('names what a principal may not do, what is not served and which peers are out of reach, each alone', async () => {
    await plane.admin.call({
      method: 'DELETE',
      path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/namespace-manager',
    });
    await plane.admin.call({
      method: 'DELETE',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/secretproviderclasses.secrets-store.csi.x-k8s.io',
    });
    const { code, said } = await run([], {
      AzureWebJobsStorage: azurite.connectionString.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:1'),
      GITHUB_API_URL: 'http://127.0.0.1:1',
    });

    expect(code).toBe(1);
    expect(failing(said)).toEqual(
      expect.arrayContaining([
        'storage: blobs',
        'storage: queues',
        'rights: deprovisioner, namespaces',
        'kind: secrets-store.csi.x-k8s.io/v1 SecretProviderClass',
        'GitHub: acme/shop',
      ]),
    );
    expect(said).toMatch(/✓ rights: provisioner, configmaps/);
  }, 60_000);
});
