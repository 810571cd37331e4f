import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, projectRoot } from '../../local/build/build.ts';
import { SHIPPED_OVERLAYS } from '../../local/build/overlays.ts';
import { makeDelivery } from '../../local/github/deliveries.ts';
import { startHost, type Host } from '../../local/host/start-host.ts';
import { kubeconfigText } from '../../local/kubernetes/kubeconfig.ts';
import { echoAll, findPlanted, PLANTED } from './planted.ts';
import { CLIENT_IDS, startTokenEndpoint, type TokenEndpoint } from './life/token-endpoint.ts';

const repository = { fullName: 'acme/shop', id: 42, defaultBranch: 'main' };
const lines: string[] = [];

let endpoint: TokenEndpoint;
let dir: string;
let host: Host;

beforeAll(async () => {
  if (!existsSync(join(projectRoot, 'dist', 'main.js'))) await build({ overlays: SHIPPED_OVERLAYS });
  endpoint = await startTokenEndpoint();
  // every call for a token is refused, with all that the endpoint knows
  endpoint.refuse(1_000);
  dir = await mkdtemp(join(tmpdir(), 'planted-'));
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigText({ server: 'http://127.0.0.1:9', tokens: PLANTED.tokens }));
  host = await startHost({
    appDir: projectRoot,
    log: (line) => void lines.push(line),
    settings: {
      AzureWebJobsStorage__queueServiceUri: 'https://127.0.0.1:9/account',
      AzureWebJobsStorage__blobServiceUri: 'https://127.0.0.1:9/account',
      AzureWebJobsStorage__credential: 'managedidentity',
      AzureWebJobsStorage__clientId: CLIENT_IDS.provisioner,
      IDENTITY_ENDPOINT: process.env['IDENTITY_ENDPOINT'],
      IDENTITY_HEADER: PLANTED.identityHeader,
      GITHUB_REPOSITORIES: repository.fullName,
      GITHUB_WEBHOOK_SECRET: PLANTED.webhookSecret,
      GITHUB_WEBHOOK_SECRET_PREVIOUS: PLANTED.previousSecret,
      GITHUB_TOKEN: PLANTED.githubToken,
      GITHUB_API_URL: 'http://127.0.0.1:9',
      OVERLAY_PASSWORD: PLANTED.overlay,
      CLUSTER_KUBECONFIG: kubeconfig,
      CLUSTER_CONTEXT: 'provisioner',
      SWEEP_SCHEDULE: '0 0 0 1 1 *',
      WATCH_SCHEDULE: '0 0 0 1 1 *',
      // the host's own look at the queues is not the app's
      'AzureWebJobs.reconcile.Disabled': 'true',
      'AzureWebJobs.abandon.Disabled': 'true',
    },
  });
});
afterAll(async () => {
  await host.stop();
  await endpoint.close();
  await rm(dir, { recursive: true, force: true });
});

async function call(path: string, init: RequestInit = {}): Promise<{ status: number; said: string }> {
  const headers = { 'x-planted': echoAll({}), 'x-functions-key': PLANTED.githubToken, ...init.headers };
  const response = await fetch(`${host.url}/api/${path}`, { ...init, headers });
  return { status: response.status, said: `${JSON.stringify([...response.headers])} ${await response.text()}` };
}

describe('the built app, whose storage gets no token', () => {
  it('says so in each answer and log line, and none of its secrets', async () => {
    const { headers, body } = makeDelivery({ event: 'delete', ref: 'x', repository, secret: PLANTED.webhookSecret });
    const answers = await Promise.all([
      call('github/webhook', { method: 'POST', headers, body: new Uint8Array(body) }),
      call('provision', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"branch":"x"}',
      }),
      call('environments'),
      call('environments/x?live=1'),
      call('environments/x/diagnosis'),
      call('sweep', { method: 'POST' }),
      call('health'),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503, 503, 503]);
    expect(endpoint.counts.refused).toBeGreaterThan(0);
    const own = lines.filter((line) => / failed |not read|not diagnosed/.test(line));
    expect(own.length).toBe(6);
    for (const line of own)
      expect(line).toMatch(/no token for the app's identity .*"object":"ManagedIdentity\/.+","fix":"\S/);
    expect([...lines, ...answers.map(({ said }) => said)].filter((text) => findPlanted(text) !== undefined)).toEqual(
      [],
    );
    expect(lines.filter((line) => /^\s+at /.test(line))).toEqual([]);
  });
});
