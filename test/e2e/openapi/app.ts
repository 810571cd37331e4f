import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzure } from '../../../local/azure/start.ts';
import { startAzurite } from '../../../local/azurite/azurite.ts';
import { build, projectRoot } from '../../../local/build/build.ts';
import { SHIPPED_OVERLAYS } from '../../../local/build/overlays.ts';
import { makeDelivery } from '../../../local/github/deliveries.ts';
import { startGitHub } from '../../../local/github/start.ts';
import { startTokenService } from '../../../local/github/token-service.ts';
import { type Host, startHost } from '../../../local/host/start-host.ts';
import { startKubernetes } from '../../../local/kubernetes/start.ts';

export const SECRET = 'the secret of the webhook';
const REPOSITORY = { fullName: 'acme/shop', id: 4_711, defaultBranch: 'main' };
const IDENTITY =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/dev/providers/Microsoft.ManagedIdentity/userAssignedIdentities/kv-dev-1';
const GUID = '11111111-1111-4111-8111-111111111111';

/** A branch whose images are not there: it does not get beyond starting. */
export const STUCK = 'stuck';

export interface RunningApp {
  url: string;
  connectionString: string;
  /** Of the tokens that jobs bring along. */
  issuer: string;
  /** A signed delivery about a branch, which GitHub knows from then on. */
  deliver(event: 'create' | 'delete', ref: string): { headers: Record<string, string>; body: Uint8Array };
  /** The OIDC token of a job on this branch. */
  tokenFor(branch: string, claims?: Record<string, unknown>): Promise<string>;
  /** Delivers the creation of branches, and waits until each is in the phase. */
  create(refs: string[], phase: string): Promise<void>;
  /** Deletes a branch, and waits until its environment is gone. */
  remove(ref: string): Promise<void>;
  /** One more host of the same app, with these settings alone or over the usual ones. */
  startAlone(settings: Record<string, string>): Promise<string>;
  startWith(settings: Record<string, string>): Promise<string>;
  stop(): Promise<void>;
}

/** The built app on the local host with every peer it talks to. */
export async function startApp(): Promise<RunningApp> {
  // other tests may be running what `npm test` has built
  if (!existsSync(join(projectRoot, 'dist', 'main.js'))) await build({ overlays: SHIPPED_OVERLAYS });
  const [azurite, azure, github, tokens, kubernetes, dir] = await Promise.all([
    startAzurite(),
    startAzure({ identities: [{ id: IDENTITY, clientId: GUID, tenantId: GUID }] }),
    startGitHub({ repositories: [{ ...REPOSITORY, branches: ['main', 'new'] }], token: 'a token' }),
    startTokenService(),
    startKubernetes({ readyMs: 50, terminationMs: 50, missingImage: (image) => image.endsWith(`:${STUCK}`) }),
    mkdtemp(join(tmpdir(), 'openapi-')),
  ]);
  await kubernetes.writeKubeconfig(join(dir, 'kubeconfig'));
  const settings = {
    AzureWebJobsStorage: azurite.connectionString,
    GITHUB_REPOSITORIES: REPOSITORY.fullName,
    GITHUB_WEBHOOK_SECRET: SECRET,
    GITHUB_API_URL: github.url,
    GITHUB_TOKEN: 'a token',
    GITHUB_OIDC_ISSUER: tokens.issuer,
    ARM_ENDPOINT: azure.url,
    WORKLOAD_IDENTITIES: IDENTITY,
    OIDC_ISSUER_URL: 'https://issuer.example.test/openapi/',
    OVERLAY_KEYVAULT_NAME: 'dev-vault',
    CLUSTER_KUBECONFIG: join(dir, 'kubeconfig'),
    CLUSTER_CONTEXT: 'provisioner',
    CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
    LOGS: 'true',
    SWEEP_SCHEDULE: '0 0 0 1 1 *',
    WATCH_SCHEDULE: '0 0 0 1 1 *',
  };
  const log: string[] = [];
  const hosts: Host[] = [];
  const startAlone = async (alone: Record<string, string>): Promise<string> => {
    const host = await startHost({ appDir: projectRoot, log: (line) => void log.push(line), settings: alone });
    hosts.push(host);
    return host.url;
  };
  const url = await startAlone(settings);
  const deliver: RunningApp['deliver'] = (event, ref) => {
    const branches = github.repositories[0]?.branches ?? [];
    if (event === 'create') branches.push(ref);
    else branches.splice(branches.indexOf(ref), 1);
    const { headers, body } = makeDelivery({ event, ref, repository: REPOSITORY, secret: SECRET });
    return { headers, body: new Uint8Array(body) };
  };
  const send = (delivery: ReturnType<typeof deliver>) =>
    fetch(`${url}/api/github/webhook`, { method: 'POST', ...delivery });
  const waitFor = async (slug: string, phase: string): Promise<void> => {
    for (let tries = 0; tries < 600; tries += 1) {
      const response = await fetch(`${url}/api/environments/${slug}`);
      const record = (await response.json()) as { phase?: string };
      if (record.phase === phase) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`${slug} did not become ${phase}:\n${log.slice(-20).join('\n')}`);
  };
  return {
    url,
    connectionString: azurite.connectionString,
    issuer: tokens.issuer,
    deliver,
    async create(refs, phase) {
      await Promise.all(refs.map((ref) => send(deliver('create', ref))));
      for (const ref of refs) await waitFor(ref, phase);
    },
    async remove(ref) {
      await send(deliver('delete', ref));
      await waitFor(ref, 'gone');
    },
    tokenFor: (branch, claims = {}) =>
      tokens.sign({
        repository: REPOSITORY.fullName,
        repository_id: String(REPOSITORY.id),
        event_name: 'push',
        ref: `refs/heads/${branch}`,
        ref_type: 'branch',
        job_workflow_ref: `${REPOSITORY.fullName}/.github/workflows/deploy.yml@refs/heads/${branch}`,
        actor: 'octocat',
        run_id: '1',
        ...claims,
      }),
    startAlone,
    startWith: (more) => startAlone({ ...settings, ...more }),
    async stop() {
      await Promise.all(hosts.map((host) => host.stop()));
      await Promise.all([azurite.stop(), azure.close(), github.close(), tokens.close(), kubernetes.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
