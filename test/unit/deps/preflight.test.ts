import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clock } from '../../../lib/clock.ts';
import { createDeps } from '../../../lib/deps.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { Check, Preflight } from '../../../lib/preflight/check.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { type Kubernetes, type RecordedCall, startKubernetes } from '../../../local/kubernetes/start.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { startHanging } from './hanging-server.ts';

const AKS = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks';
const CONFIG: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
const NAMESPACE: KubeObject = {
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: { name: 'feature-BRANCH_NAME', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
};
const UNSAFE: KubeObject = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
  spec: { template: { spec: { containers: [{ name: 'web', image: 'web:latest' }] } } },
};
const GROUPS = [
  'intake',
  'webhook secret',
  'storage',
  'cluster',
  'ARM',
  'identities',
  'GitHub',
  'environments',
  'page',
];
const SETTINGS = [...GROUPS, 'workflows', 'telemetry'].map((name) => `settings: ${name}`);

let azurite: Azurite;
let kubernetes: Kubernetes;
let dir: string;

beforeAll(async () => {
  [azurite, kubernetes, dir] = await Promise.all([
    startAzurite(),
    startKubernetes(),
    mkdtemp(join(tmpdir(), 'preflight-')),
  ]);
  await kubernetes.writeKubeconfig(join(dir, 'kubeconfig'));
});
afterAll(async () => {
  await Promise.all([azurite.stop(), kubernetes.stop(), rm(dir, { recursive: true })]);
});

interface Asked {
  write?: boolean;
  env?: Record<string, string>;
  /** As ARM states it of the cluster. */
  sku?: string | undefined;
  objects?: KubeObject[];
  limitMs?: number | undefined;
  /** Whether the limit is over before a peer that never answers. */
  isLate?: boolean;
}

/** What every group says of an app on stand-ins, and the calls that it made. */
async function ask({ write = false, env = {}, sku, objects = [CONFIG], limitMs, isLate = false }: Asked = {}) {
  const slept: number[] = [];
  const asked: string[] = [];
  const arm = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.setHeader('content-type', 'application/json');
    response.statusCode = sku === 'unreadable' ? 403 : 200;
    response.end(JSON.stringify(sku === undefined ? {} : { sku: { name: sku } }));
  });
  await new Promise<void>((resolve) => arm.listen(0, '127.0.0.1', resolve));
  const sleep = (ms: number): Promise<void> => {
    slept.push(ms);
    return isLate ? new Promise((resolve) => setTimeout(resolve, 50)) : new Promise(() => undefined);
  };
  const settings = {
    ...{ AzureWebJobsStorage: azurite.connectionString, GITHUB_REPOSITORIES: 'acme/shop' },
    ...{ GITHUB_WEBHOOK_SECRET: 'a-secret-of-16-by', TRUST_DELIVERIES: 'true' },
    ...{ OIDC_ISSUER_URL: 'https://issuer.test/', CLUSTER_KUBECONFIG: join(dir, 'kubeconfig') },
    ...{ CLUSTER_CONTEXT: 'provisioner', CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner' },
    ARM_ENDPOINT: `http://127.0.0.1:${(arm.address() as AddressInfo).port}`,
  };
  const deps = createDeps(
    { ...settings, ...env },
    {
      machine: { log: createWorld().ports.log, clock: { ...clock, sleep } },
      compiled: { v: 1, hash: 'hash-1', overlays: [{ name: 'one', defaults: {}, objects }] },
    },
  );
  const before = kubernetes.inspect().calls.length;
  const told = await deps.preflight({ write, ...(limitMs !== undefined && { limitMs }) });
  arm.closeAllConnections();
  arm.close();
  return { ...told, slept, asked, calls: kubernetes.inspect().calls.slice(before) };
}

/** Neither a read, nor a question about rights, nor a dry run. */
const isWrite = ({ method, path, dryRun }: RecordedCall): boolean =>
  method !== 'GET' && !dryRun && !path.includes('authorization.k8s.io');

const states = ({ checks }: Pick<Preflight, 'checks'>): Record<string, Check['state']> =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]));

describe('the preflight of an app on its own machine', () => {
  it('asks each peer in the order of its groups, and makes no namespace', async () => {
    const told = await ask();
    expect(Object.entries(states(told))).toEqual([
      ...SETTINGS.map((name) => [name, 'ok']),
      ['storage: blobs', 'ok'],
      ['storage: queues', 'ok'],
      ['cluster: the provisioner reaches it', 'ok'],
      ['cluster: the deprovisioner reaches it', 'ok'],
      ['cluster: admission policies', 'ok'],
      ['kind: v1 ConfigMap', 'ok'],
      ['rights: provisioner, namespaces', 'ok'],
      ['rights: provisioner, events', 'ok'],
      ['rights: provisioner, pods', 'ok'],
      ['rights: provisioner, horizontalpodautoscalers.autoscaling', 'ok'],
      ['rights: provisioner, configmaps', 'ok'],
      ['rights: deprovisioner, namespaces', 'ok'],
      ["overlays: AKS Automatic's safeguards", 'ok'],
      ['identities', 'skipped'],
      ['GitHub: credentials', 'skipped'],
    ]);
    expect(told.verdict).toBe('ok');
    expect(new Set(told.calls.map(({ user }) => user))).toEqual(new Set(['provisioner', 'deprovisioner']));
    expect(told.calls.filter(isWrite)).toEqual([]);
  });

  it.each([
    ['apply', true],
    ['observe', false],
  ])('tries the overlays in a namespace of its own where it may write: MODE=%s', async (mode, writes) => {
    const told = await ask({ write: true, objects: [NAMESPACE, CONFIG], env: { MODE: mode } });
    const name = 'overlays: dry run of every object';
    const taken = { name, state: 'ok', found: '1 objects', expected: 'the API server takes each one' };
    expect(told.checks.filter((one) => one.name.startsWith('overlays: dry run'))).toEqual(writes ? [taken] : []);
    expect(told.checks.filter(({ state }) => state === 'failed')).toEqual([]);
    const made = told.calls
      .filter(isWrite)
      .map(({ user, method, path }) => [user, method, path.replace(/-[0-9a-f]{8}$/, '-*')]);
    expect(made).toEqual(
      writes
        ? [
            ['provisioner', 'POST', '/api/v1/namespaces'],
            ['deprovisioner', 'DELETE', '/api/v1/namespaces/feature-preflight-*'],
          ]
        : [],
    );
  });

  it('says which settings cannot be read, each in its group, and asks the rest', async () => {
    const env = { GITHUB_REPOSITORIES: '', GITHUB_WEBHOOK_SECRET: '', AzureWebJobsStorage: '', MODE: 'x' };
    const { checks } = await ask({ env: { ...env, CLUSTER_CONTEXT: '' } });
    const failed = checks.filter(({ state }) => state === 'failed');
    const groups = ['intake', 'webhook secret', 'storage', 'cluster', 'environments'];
    expect(failed.map(({ name, expected }) => [name, expected])).toEqual([
      ...groups.map((name) => [`settings: ${name}`, 'every setting of this group can be read']),
      ['storage', 'reachable'],
      ['cluster', 'reachable'],
      ['overlays', 'rendered, and served by the cluster'],
    ]);
    expect(checks.filter(({ state }) => state === 'skipped').map(({ name }) => name)).toEqual([
      'identities',
      'GitHub: credentials',
    ]);
  });

  it.each([
    ['false', 'failed'],
    ['true', 'skipped'],
  ])('misses credentials of GitHub unless deliveries are trusted: %s', async (trusts, state) => {
    expect(states(await ask({ env: { TRUST_DELIVERIES: trusts } }))).toMatchObject({ 'GitHub: credentials': state });
  });

  it.each([
    ['Automatic', 'failed'],
    ['Base', 'skipped'],
    [undefined, 'skipped'],
    ['unreadable', 'skipped'],
  ])('holds overlays to the safeguards of a cluster that says it is %s', async (sku, state) => {
    const told = await ask({ sku, objects: [UNSAFE], env: { AKS_CLUSTER_ID: AKS } });
    expect(states(told)).toMatchObject({ "overlays: AKS Automatic's safeguards": state });
    expect(told.asked).toContain(`${AKS}?api-version=2025-05-01`);
  });

  it.each([
    [undefined, 20],
    [7_000, 7],
  ])('fails a peer that never answers at the limit: with %p ms given, after %i s', async (limitMs, seconds) => {
    const hanging = await startHanging();
    const storage = `DefaultEndpointsProtocol=http;AccountName=shop;AccountKey=eA==;BlobEndpoint=${hanging.url}/b;QueueEndpoint=${hanging.url}/q`;
    const told = await ask({ limitMs, env: { AzureWebJobsStorage: storage }, isLate: true });
    hanging.close();
    expect(told.slept).toContain(seconds * 1_000);
    expect(told.checks.find(({ name }) => name === 'storage')).toMatchObject({
      ...{ state: 'failed', found: `no answer in ${seconds} s`, expected: 'reachable' },
    });
  });
});
