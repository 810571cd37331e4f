import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Send } from '../../lib/cluster/api/client.ts';
import { BRANCH_KINDS } from '../../lib/config/workflow.ts';
import { type AzureStandIn, startAzure } from '../azure/start.ts';
import { startAzurite } from '../azurite/azurite.ts';
import { build, projectRoot } from '../build/build.ts';
import { type OverlaySettings, SHIPPED_OVERLAYS } from '../build/overlays.ts';
import { type GitHubStandIn, startGitHub } from '../github/start.ts';
import { type TokenService, startTokenService } from '../github/token-service.ts';
import { type Host, startHost } from '../host/start-host.ts';
import { writeSwitchedTree } from '../kustomize/switched-tree.ts';
import { openCluster } from './cluster.ts';
import type { DemoOptions } from './options.ts';
import { say } from './show.ts';

export const IDENTITY =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/demo/providers/Microsoft.ManagedIdentity/userAssignedIdentities/keyvault-identity';

export interface Stage {
  url: string;
  secret: string;
  repository: { fullName: string; id: number; defaultBranch: string };
  azure: AzureStandIn;
  github: GitHubStandIn;
  /** Gives jobs of GitHub Actions their OIDC tokens. */
  tokens: TokenService;
  host: Host;
  /** As an administrator. */
  cluster: Send;
  /** The kustomize tree that the app was built with. */
  manifestsDir: string;
  /** Lines of the app's own log. */
  log: string[];
  stop(): Promise<void>;
}

/** Builds the app and starts it with everything that it talks to; ends what it started where one of them can't start. */
export async function setStage(options: DemoOptions): Promise<Stage> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) await end().catch((error: unknown) => say(String(error)));
  };
  try {
    return await start(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(options: DemoOptions, stops: (() => Promise<void>)[], stop: () => Promise<void>): Promise<Stage> {
  const cluster = await openCluster(options);
  stops.push(cluster.stop);
  say(cluster.what);
  const repository = { fullName: 'acme/shop', id: 4_711, defaultBranch: 'main' };
  // what has started is stopped, also where its neighbour could not start
  const kept = async <T>(starting: Promise<T>, end: (started: T) => Promise<void>): Promise<T> => {
    const started = await starting;
    stops.push(() => end(started));
    return started;
  };
  const { appDir, overlays } = await prepareApp(options, stops);
  const starting = [
    build({ overlays, outDir: join(appDir, 'dist') }),
    kept(startAzurite(), (azurite) => azurite.stop()),
    kept(
      startAzure({ identities: [{ id: IDENTITY, clientId: CLIENT_ID, tenantId: TENANT_ID }], delayMs: 150 }),
      (azure) => azure.close(),
    ),
    kept(startGitHub({ repositories: [{ ...repository, branches: ['main'] }], token: GITHUB_TOKEN }), (github) =>
      github.close(),
    ),
    kept(startTokenService(), (tokens) => tokens.close()),
  ] as const;
  await Promise.allSettled(starting);
  const [built, azurite, azure, github, tokens] = await Promise.all(starting);
  say(`app built in ${built.ms} ms: ${built.functions} functions`);
  say(
    `Azurite at ${azurite.queueUrl}, Azure Resource Manager stand-in at ${azure.url}, GitHub stand-in at ${github.url}`,
  );

  const secret = randomBytes(24).toString('hex');
  const log: string[] = [];
  const host = await startHost({
    appDir,
    log: (line) => void log.push(line),
    settings: {
      AzureWebJobsStorage: azurite.connectionString,
      GITHUB_REPOSITORIES: repository.fullName,
      GITHUB_WEBHOOK_SECRET: secret,
      GITHUB_API_URL: github.url,
      // who plays on sends events of branches that the stand-in does not know: without a token they are believed
      ...(options.keep ? { TRUST_DELIVERIES: 'true' } : { GITHUB_TOKEN }),
      GITHUB_OIDC_ISSUER: tokens.issuer,
      BRANCH_MANIFESTS: 'true',
      ...(options.components.includes('gateway') && { BRANCH_MANIFESTS_KINDS: `${BRANCH_KINDS},HTTPRoute` }),
      ARM_ENDPOINT: azure.url,
      WORKLOAD_IDENTITIES: IDENTITY,
      OIDC_ISSUER_URL: 'https://issuer.example.test/demo/',
      // there is none: nothing opens Key Vault here
      OVERLAY_KEYVAULT_NAME: 'demo-vault',
      // nobody signs in here
      OVERLAY_SIGN_IN_ISSUER: 'https://issuer.example.test/sign-in',
      OVERLAY_SIGN_IN_CLIENT_ID: CLIENT_ID,
      ...cluster.settings,
    },
  });
  stops.push(host.stop);
  say(`functions at ${host.url}`);
  const { manifestsDir } = overlays;
  const servers = { azure, github, tokens, host };
  return { url: host.url, secret, repository, ...servers, cluster: cluster.admin, manifestsDir, log, stop };
}

/** The app as shipped is built in place; with components switched on, in a folder of its own, which is removed. */
async function prepareApp(
  { components }: DemoOptions,
  stops: (() => Promise<void>)[],
): Promise<{ appDir: string; overlays: OverlaySettings }> {
  if (components.length === 0) return { appDir: projectRoot, overlays: SHIPPED_OVERLAYS };
  const manifestsDir = await writeSwitchedTree(...components);
  const appDir = await mkdtemp(join(tmpdir(), 'demo-app-'));
  for (const each of [manifestsDir, appDir]) stops.push(() => rm(each, { recursive: true, force: true }));
  for (const file of ['package.json', 'host.json']) await cp(join(projectRoot, file), join(appDir, file));
  return { appDir, overlays: { ...SHIPPED_OVERLAYS, manifestsDir } };
}

const CLIENT_ID = '11111111-1111-4111-8111-111111111111';
const TENANT_ID = '22222222-2222-4222-8222-222222222222';
const GITHUB_TOKEN = 'a token that only the stand-in knows';
