import { randomBytes } from 'node:crypto';
import { once } from '../concurrency.ts';
import {
  readArmSettings,
  readClusterSettings,
  readEnvironmentSettings,
  readGitHubSettings,
  readIdentitySettings,
  readIntakeSettings,
  readStorageSettings,
  readPageSettings,
  readServedRepositories,
  readTelemetrySettings,
  readWebhookSecrets,
  readWorkflowSettings,
} from '../config.ts';
import type { AzureDeps } from './azure.ts';
import type { ClusterDeps } from './cluster.ts';
import type { GitHubDeps } from './github.ts';
import type { Machine } from './machine.ts';
import type { OverlayDeps } from './overlays.ts';
import type { StorageDeps } from './storage.ts';
import { toNamespace } from '../environment/model/names.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';
import { renderEnvironment } from '../environment/steps/render.ts';
import { type Group, type Preflight, runPreflight } from '../preflight/check.ts';
import { checkCluster, checkRights } from '../preflight/check-cluster.ts';
import { checkDryRun } from '../preflight/check-dry-run.ts';
import { checkGitHub } from '../preflight/check-github.ts';
import { checkIdentities } from '../preflight/check-identities.ts';
import { checkKinds, checkNamed, checkSafeguards } from '../preflight/check-overlays.ts';
import { checkSettings } from '../preflight/check-settings.ts';
import { Settings } from '../settings.ts';

const LIMIT_MS = 20_000;
const CLUSTER_API = '2025-05-01';

export interface PreflightOptions {
  write: boolean;
  /** How long each peer may take. */
  limitMs?: number;
}

export type PreflightParts = Pick<StorageDeps, 'blobs' | 'queues'> &
  Pick<AzureDeps, 'arm' | 'access'> &
  Pick<ClusterDeps, 'cluster' | 'connections' | 'policies'> &
  Pick<GitHubDeps, 'github'> &
  Pick<OverlayDeps, 'overlays'>;

/** Everything that must be right before the first branch, side by side and read by use; `write` alone makes a namespace. */
export function createPreflight(
  { env, clock, random }: Machine,
  { blobs, queues, arm, access, cluster, connections, policies, github, overlays }: PreflightParts,
): (options: PreflightOptions) => Promise<Preflight> {
  async function preflight({ write, limitMs = LIMIT_MS }: PreflightOptions): Promise<Preflight> {
    const slug = `preflight-${randomBytes(4).toString('hex')}`;
    const objects = once(async () => renderFor(slug));
    const groups: Group[] = [
      { name: 'settings', expected: 'readable', run: () => checkSettings(readers) },
      { name: 'storage', expected: 'reachable', run: () => runStorage(slug) },
      { name: 'cluster', expected: 'reachable', run: runCluster },
      {
        name: 'overlays',
        expected: 'rendered, and served by the cluster',
        run: async () => runOverlays(slug, await objects()),
      },
      { name: 'identities', expected: 'readable', run: runIdentities },
      { name: 'GitHub', expected: 'reachable', run: runGitHub },
    ];
    if (write) {
      const namespace = toNamespace(slug);
      const run = async () => checkDryRun(await cluster(), { slug, namespace, objects: await objects() });
      groups.push({ name: 'overlays: dry run of every object', expected: 'taken by the API server', run });
    }
    return runPreflight(groups, { limitMs, sleep: (ms) => clock.sleep(ms) });
  }

  const readers = {
    intake: () => readServedRepositories(env),
    'webhook secret': () => readWebhookSecrets(env),
    storage: () => readStorageSettings(env),
    cluster: () => readClusterSettings(env),
    ARM: () => readArmSettings(env),
    identities: () => readIdentitySettings(env),
    GitHub: () => readGitHubSettings(env),
    environments: () => readEnvironmentSettings(env),
    page: () => readPageSettings(env),
    workflows: () => readWorkflowSettings(env),
    telemetry: () => readTelemetrySettings(env),
  };

  async function renderFor(slug: string): Promise<KubeObject[]> {
    const record = { name: slug, namespace: toNamespace(slug) };
    return renderEnvironment(await overlays(), { record, settings: readEnvironmentSettings(env) });
  }

  async function runStorage(scratch: string) {
    const [{ checkStorage }, theBlobs, theQueues] = await Promise.all([
      import('../preflight/check-storage.ts'),
      blobs(),
      queues(),
    ]);
    return checkStorage({ blobs: theBlobs, queues: theQueues }, scratch);
  }

  async function sends() {
    const [{ createSend }, { provisioner, deprovisioner }] = await Promise.all([
      import('../cluster/api/client.ts'),
      connections(),
    ]);
    const options = { clock, random };
    return { provisioner: createSend(provisioner, options), deprovisioner: createSend(deprovisioner, options) };
  }

  async function runCluster() {
    return checkCluster(await sends(), policies);
  }

  async function runOverlays(slug: string, objects: readonly KubeObject[]) {
    const [by, { createDiscovery }] = await Promise.all([sends(), import('../cluster/api/rest-mapping.ts')]);
    const namespace = toNamespace(slug);
    const { checks, rights } = await checkKinds(objects, createDiscovery(by.provisioner, clock));
    const [named, allowed, hasSafeguards] = await Promise.all([
      checkNamed(objects, by.provisioner),
      checkRights(by, { namespace, rights }),
      isAutomatic(),
    ]);
    return [...checks, ...named, ...allowed, checkSafeguards(objects, hasSafeguards)];
  }

  /** Whether AKS says that it manages the cluster whole; unknown counts as no. */
  async function isAutomatic(): Promise<boolean> {
    const { aksClusterId } = readClusterSettings(env);
    if (aksClusterId === undefined) return false;
    const { armGet } = await import('../azure/arm-get.ts');
    const found = await armGet(await arm(), `${aksClusterId}?api-version=${CLUSTER_API}`).catch(() => undefined);
    return (found as { sku?: { name?: string } } | undefined)?.sku?.name === 'Automatic';
  }

  async function runIdentities() {
    const [{ armGet, readJson }, { aksIssuer }, reach, credentials] = await Promise.all([
      import('../azure/arm-get.ts'),
      import('../azure/oidc-issuer.ts'),
      arm(),
      access(),
    ]);
    const { pool, aksClusterId } = readIdentitySettings(env);
    return checkIdentities({
      pool,
      holdings: () => credentials.holdings(),
      arm: (path) => armGet(reach, path),
      readJson,
      clusterIssuer: aksClusterId === undefined ? undefined : aksIssuer({ clusterId: aksClusterId, arm: reach }),
    });
  }

  async function runGitHub() {
    const client = await github();
    const trusts = new Settings(env).oneOf('TRUST_DELIVERIES', ['false', 'true']) === 'true';
    return checkGitHub({
      get: client && ((path) => client.get(path)),
      repositories: readIntakeSettings(env).repositories,
      trustsDeliveries: trusts,
    });
  }

  return preflight;
}
