import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClusterDeps, createClusterDeps } from '../../../lib/deps/cluster.ts';
import type { Machine } from '../../../lib/deps/machine.ts';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { kubeconfigText } from '../../../local/kubernetes/kubeconfig.ts';
import { type Kubernetes, startKubernetes } from '../../../local/kubernetes/start.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';
import { soon } from './hanging-server.ts';
import { machineIn } from './machine.ts';

const AKS = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks';

let kubernetes: Kubernetes;
let azure: AzureStandIn;
let dir: string;

beforeAll(async () => {
  [kubernetes, dir] = await Promise.all([startKubernetes(), mkdtemp(join(tmpdir(), 'deps-'))]);
  const kubeconfig = kubeconfigText(kubernetes.access, 'provisioner');
  azure = await startAzure({ identities: [], clusters: [{ id: AKS, issuer: 'https://issuer.test/', kubeconfig }] });
  await kubernetes.writeKubeconfig(join(dir, 'kubeconfig'));
});
afterAll(async () => {
  await Promise.all([kubernetes.stop(), azure.close(), rm(dir, { recursive: true })]);
});

async function within<T>(
  env: Record<string, string>,
  work: (deps: ClusterDeps, world: World) => Promise<T>,
  more: Partial<Machine> = {},
): Promise<T> {
  const world = createWorld();
  const arm = async () => ({ endpoint: azure.url, loopback: true });
  const deps = createClusterDeps(machineIn(world, env, more), { arm });
  try {
    return await work(deps, world);
  } finally {
    const { provisioner, deprovisioner } = await deps.connections();
    await Promise.all([provisioner.close(), deprovisioner.close()]);
  }
}

const kubeconfig = (context = 'provisioner') => ({
  CLUSTER_KUBECONFIG: join(dir, 'kubeconfig'),
  CLUSTER_CONTEXT: context,
  CLUSTER_DEPROVISIONER_CONTEXT: 'deprovisioner',
});

/** Who called, since the last look. */
function users(of: Kubernetes, since: number): string[] {
  return [
    ...new Set(
      of
        .inspect()
        .calls.slice(since)
        .map(({ user }) => user),
    ),
  ];
}

describe('the cluster, as settings say', () => {
  it('is called by each principal under its own context of the kubeconfig', async () => {
    const since = kubernetes.inspect().calls.length;
    await within(kubeconfig(), async ({ cluster, connections }) => {
      expect(await (await cluster()).readNamespace('absent')).toBeUndefined();
      expect(users(kubernetes, since)).toEqual(['provisioner']);
      await (
        await cluster()
      ).deleteNamespace({ name: 'feature-absent', uid: 'u', resourceVersion: '1' }, () => undefined);
      expect(users(kubernetes, since)).toContain('deprovisioner');
      expect(await cluster()).toBe(await cluster());
      expect(await connections()).toBe(await connections());
    });
  });

  it('is found through ARM by its id, and a stand-in there gets no token of ours', async () => {
    const since = kubernetes.inspect().calls.length;
    await within({ AKS_CLUSTER_ID: AKS }, async ({ cluster }) => {
      expect(await (await cluster()).readNamespace('absent')).toBeUndefined();
    });
    expect(users(kubernetes, since)).toEqual(['provisioner']);
    expect(azure.calls.map(({ operation, authorized }) => [operation, authorized])).toEqual([
      ['cluster-credential', false],
    ]);
  });

  it('is asked for its policies once a minute while they hold us', async () => {
    await within(kubeconfig(), async ({ policies }, { clock }) => {
      const count = () => kubernetes.inspect().calls.length;
      expect(await policies()).toBe('bound');
      const first = count();
      clock.advance(59_999);
      expect(await policies()).toBe('bound');
      expect(count()).toBe(first);
      clock.advance(1);
      expect(await policies()).toBe('bound');
      expect(count()).toBeGreaterThan(first);
    });
  });

  it('is asked for its policies each time while they do not, so that who puts them in place need not wait', async () => {
    // they say nothing of who may do anything
    await within(kubeconfig('admin'), async ({ policies }) => {
      const count = () => kubernetes.inspect().calls.length;
      expect(await policies()).toBe('unbound');
      const first = count();
      expect(await policies()).toBe('unbound');
      expect(count()).toBeGreaterThan(first);
    });
  });

  it('is found no later than this machine bounds a call to ARM', async () => {
    azure.setFault(() => new Promise(() => undefined));
    const read = async ({ cluster }: ClusterDeps) => soon((await cluster()).readNamespace('absent'));
    expect(await within({ AKS_CLUSTER_ID: AKS }, read, { bounds: { timeoutMs: 50 } })).toBe('unavailable');
    azure.setFault(undefined);
  });

  it('is waited for no longer than this machine bounds a call', async () => {
    const read = async ({ cluster }: ClusterDeps) => soon((await cluster()).readNamespace('absent'));
    kubernetes.behaviour.fault = () => 'hang';
    expect(await within(kubeconfig(), read, { bounds: { timeoutMs: 50 } })).toBe('unavailable');
    kubernetes.behaviour.fault = () => undefined;
  });

  it('is nobody where settings name none, and found once they do', async () => {
    const world = createWorld();
    const env: Record<string, string> = {};
    const { connections } = createClusterDeps(machineIn(world, env), { arm: () => Promise.reject(new Error('asked')) });
    await expect(connections()).rejects.toMatchObject({ code: 'settings' });
    Object.assign(env, kubeconfig());
    await expect(connections()).resolves.toBeDefined();
  });
});
