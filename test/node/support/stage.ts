import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { projectRoot } from '../../../local/build/build.ts';
import { compileAppOverlays, type OverlaySettings } from '../../../local/build/overlays.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';
import { type Host, startHost } from '../../../local/host/start-host.ts';
import { buildGuards } from '../../../local/kustomize/build-guards.ts';
import { startStorageAccounts, toConnectionString } from '../../faults/life/storage-accounts.ts';
import { MANIFESTS, buildDirectory } from '../../manifests/build-overlay.ts';
import { applyAll, kubectl, nodeSetting, run } from './cluster.ts';

export const IDENTITY =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/node/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1';
const CLIENT_ID = '11111111-1111-4111-8111-111111111111';
const TENANT_ID = '22222222-2222-4222-8222-222222222222';
const GITHUB_TOKEN = 'a token that only the stand-in knows';
export const VAULT = 'team-vault';
export const APPS = ['todo-app-be', 'todo-app-fe', 'todo-app-cron', 'broadcaster'] as const;

const SHIPPED: OverlaySettings = { manifestsDir: 'manifests', overlays: ['feature', 'azure-feature'] };
const MANAGED = 'app.kubernetes.io/managed-by=feature-branch-provisioner';
const LARGEST_NUMBER_OF_APPS = 20;

export interface App {
  url: string;
  secret: string;
  repository: { fullName: string; id: number; defaultBranch: string };
  github: GitHubStandIn;
  host: Host;
  log: string[];
  /** The connection string of its storage account. */
  storage: string;
}

export interface AppOptions {
  overlays?: OverlaySettings;
  settings?: Record<string, string>;
  /** What cluster/settings.env says beside the shipped values, for an app and policies that admit more. */
  admitted?: Record<string, string>;
}

export interface Stage {
  azure: AzureStandIn;
  /** Starts the app, built with these overlays, on storage of its own. */
  startApp(options?: AppOptions): Promise<App>;
  /** What cluster/gateway makes, but for the certificate, which the node has of its own. */
  installGateway(directory?: string): Promise<void>;
  stop(): Promise<void>;
}

/** What surrounds the app on the node: roles and policies, the vault, Azure with the token endpoint that mounts ask. */
export async function setStage(): Promise<Stage> {
  const stops: (() => Promise<void>)[] = [];
  const node = nodeSetting('NODE');
  await installPolicies();
  const vault = join(node, 'vaults', VAULT);
  await mkdir(vault, { recursive: true });
  await writeFile(join(vault, 'postgres-user'), 'todo');
  await writeFile(join(vault, 'postgres-password'), randomBytes(12).toString('hex'));
  await writeFile(join(vault, '.readers'), `${CLIENT_ID}\n`);
  const issuer = nodeSetting('NODE_ISSUER');
  const azure = await startAzure({
    identities: [{ id: IDENTITY, clientId: CLIENT_ID, tenantId: TENANT_ID }],
    signingKeys: async (asked) =>
      asked === issuer ? (JSON.parse(await kubectl('get', '--raw', '/openid/v1/jwks')) as JSONWebKeySet) : undefined,
  });
  stops.push(() => azure.close());
  await writeFile(join(node, 'authority'), azure.url);

  const storage = await startStorageAccounts(LARGEST_NUMBER_OF_APPS);
  stops.push(() => storage.stop());

  async function startApp({ overlays = SHIPPED, settings = {}, admitted = {} }: AppOptions = {}): Promise<App> {
    const dir = await mkdtemp(join(tmpdir(), 'node-app-'));
    stops.push(() => rm(dir, { recursive: true, force: true }));
    // npm run test:node has just built it
    for (const part of ['package.json', 'host.json', 'dist'])
      await cp(join(projectRoot, part), join(dir, part), { recursive: true });
    const repository = { fullName: 'acme/todo', id: 4_712, defaultBranch: 'main' };
    const github = await startGitHub({ repositories: [{ ...repository, branches: ['main'] }], token: GITHUB_TOKEN });
    stops.push(() => github.close());
    const outFile = join(dir, 'dist', 'overlays.json');
    const root = Object.keys(admitted).length === 0 ? projectRoot : await writeAdmitted(dir, admitted);
    await compileAppOverlays({ root, overlays, outFile, log: () => undefined });
    if (root !== projectRoot) await installPolicies(admitted);
    const secret = randomBytes(24).toString('hex');
    const log: string[] = [];
    const connectionString = toConnectionString(storage.take(), {
      blobs: storage.blobOrigin,
      queues: storage.queueOrigin,
    });
    const host = await startHost({
      appDir: dir,
      log: (line) => void log.push(line),
      settings: {
        AzureWebJobsStorage: connectionString,
        GITHUB_REPOSITORIES: repository.fullName,
        GITHUB_WEBHOOK_SECRET: secret,
        GITHUB_API_URL: github.url,
        GITHUB_TOKEN,
        ARM_ENDPOINT: azure.url,
        WORKLOAD_IDENTITIES: IDENTITY,
        OIDC_ISSUER_URL: issuer,
        CLUSTER_KUBECONFIG: join(node, 'admin.kubeconfig'),
        CLUSTER_CONTEXT: 'provisioner',
        CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
        INITIAL_IMAGE_TAG: 'v1',
        OVERLAY_DOMAIN: nodeSetting('NODE_DOMAIN'),
        OVERLAY_KEYVAULT_NAME: VAULT,
        // pods do not know the authority that signs for the node's outside
        OVERLAY_WEBHOOK_URL: 'http://httpbin.org/post',
        // one at a quarter past would put right what a test has broken; who wants a sweep asks for it
        'AzureWebJobs.sweep.Disabled': 'true',
        ...settings,
      },
    });
    // killed: calls in flight may wait for a cluster that goes
    stops.push(() => host.kill());
    return { url: host.url, secret, repository, github, host, log, storage: connectionString };
  }

  return {
    azure,
    startApp,
    async installGateway(directory = `${MANIFESTS}/cluster/gateway/istio`) {
      const objects = await buildDirectory(directory);
      const domain = nodeSetting('NODE_DOMAIN');
      const served = JSON.stringify(objects.filter(({ kind }) => kind !== 'Certificate'));
      await applyAll(JSON.parse(served.replaceAll('branches.example.com', domain)) as object[]);
    },
    async stop() {
      for (const end of stops.splice(0).reverse()) await end();
      await kubectl('delete', 'namespaces', '-l', MANAGED, '--ignore-not-found', '--wait=false');
    },
  };
}

/** Enters the example's images under a tag, as a workflow that pushes them does. */
export async function pushImages(tag: string): Promise<void> {
  for (const app of APPS) {
    const recipe = join(projectRoot, 'manifests', 'images', app, `${app}.recipe`);
    await run('image', ['--as', `kubemooc.azurecr.io/${app}:${tag}`, recipe]);
  }
}

/** A root whose cluster/settings.env admits more than the shipped one. */
async function writeAdmitted(root: string, admitted: Record<string, string>): Promise<string> {
  const cluster = join(root, 'manifests', 'cluster');
  await mkdir(cluster, { recursive: true });
  let values = await readFile(join(MANIFESTS, 'cluster', 'settings.env.sample'), 'utf8');
  for (const [name, value] of Object.entries(admitted))
    values = values.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`);
  await writeFile(join(cluster, 'settings.env'), values);
  return root;
}

async function installPolicies(settings: Record<string, string> = {}): Promise<void> {
  const principals = { provisioner: 'provisioner', deprovisioner: 'deprovisioner' };
  await applyAll(await buildGuards(principals, { DOMAIN: nodeSetting('NODE_DOMAIN'), ...settings }));
}
