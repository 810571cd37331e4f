import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAzureDeps } from '../../../lib/deps/azure.ts';
import type { Machine } from '../../../lib/deps/machine.ts';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { type AzureStandIn, startAzure } from '../../../local/azure/start.ts';
import { foreign, held, identity, identityId, requestFor } from '../../identity/world.ts';
import { type BlobStore, containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { soon } from './hanging-server.ts';
import { machineIn } from './machine.ts';

const ONE = identityId('pool-1');
const AKS = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks';
const AKS_ISSUER = 'https://aks.example.test/Cluster/';

let azure: AzureStandIn;

beforeAll(async () => {
  azure = await startAzure({
    identities: [identity('pool-1')],
    clusters: [{ id: AKS, issuer: AKS_ISSUER, kubeconfig: '' }],
  });
  azure.hold(ONE, held('ex-1'));
});
afterAll(() => azure.close());

function open(env: Record<string, string>, more: Partial<Machine> = {}) {
  const world = createWorld();
  const stores = new Map<string, BlobStore>();
  const container = (name: string) => async () => {
    const store = stores.get(name) ?? createBlobStore();
    stores.set(name, store);
    return containerOf(store, { call: ({ act }) => Promise.resolve(act()), now: world.clock.now, holder: 'app' });
  };
  const machine = machineIn(world, { ARM_ENDPOINT: azure.url, ...env }, more);
  const deps = createAzureDeps(machine, { container, records: async () => world.records });
  return { world, stores, deps };
}

describe('ARM, as settings say', () => {
  it('gets no token where it is a stand-in, and the log says so once, without a path', async () => {
    const { deps, world } = open({ ARM_ENDPOINT: `${azure.url}/arm/` });
    expect(await deps.arm()).toEqual({ endpoint: `${azure.url}/arm`, loopback: true });
    await deps.arm();
    expect(world.log).toEqual([
      `ARM_ENDPOINT is a plain http address: no token is asked for or sent ${JSON.stringify({ endpoint: azure.url })}`,
    ]);
  });

  it('gets a token of the identity that settings name, or of whichever there is', async () => {
    const principals = {
      PROVISIONER_CLIENT_ID: '00000000-0000-4000-8000-000000000001',
      DEPROVISIONER_CLIENT_ID: '00000000-0000-4000-8000-000000000002',
    };
    for (const env of [principals, {}]) {
      const { deps, world } = open({ ARM_ENDPOINT: 'https://management.example.test', ...env });
      expect(await deps.arm()).toEqual({
        endpoint: 'https://management.example.test',
        loopback: false,
        credential: { getToken: expect.any(Function) as unknown },
      });
      expect(world.log).toEqual([]);
    }
  });
});

describe('the pool, as settings say', () => {
  it.each([
    [{ OIDC_ISSUER_URL: 'https://oidc.example/cluster/' }, 'https://oidc.example/cluster/'],
    [{ AKS_CLUSTER_ID: AKS }, AKS_ISSUER],
    [{ AKS_CLUSTER_ID: AKS, OIDC_ISSUER_URL: 'https://oidc.example/cluster/' }, 'https://oidc.example/cluster/'],
  ])('holds what ARM lists, for the issuer of %j', async (env, issuer) => {
    const { deps, stores, world } = open({ WORKLOAD_IDENTITIES: ONE, ...env });
    const holdings = await (await deps.access()).holdings();
    expect(holdings).toMatchObject({
      issuer,
      unread: [],
      identities: [{ identity: ONE, credentials: [held('ex-1')] }],
    });
    expect([...stores.keys()]).toEqual(['identities']);
    const { seen } = await (await deps.identityLocks()).read(ONE);
    expect(seen).toMatchObject({ at: world.clock.now(), credentials: [{ name: held('ex-1').name }] });
    expect(await deps.access()).toBe(await deps.access());
  });

  it('is waited for no longer than this machine bounds a call', async () => {
    azure.setFault(() => new Promise(() => undefined));
    const bounds = { timeoutMs: 50 };
    const known = open({ WORKLOAD_IDENTITIES: ONE, OIDC_ISSUER_URL: 'https://oidc.example/' }, { bounds });
    expect(await soon((await known.deps.access()).holdings())).toMatchObject({ unread: [ONE] });
    const asked = open({ WORKLOAD_IDENTITIES: ONE, AKS_CLUSTER_ID: AKS }, { bounds });
    expect(await soon((await asked.deps.access()).holdings())).toBe('unavailable');
    azure.setFault(undefined);
  });
});

describe('a slot that is reserved', () => {
  const FULL = identityId('pool-2');

  it.each([
    ['names the identity', { phase: 'provisioning', identity: FULL }, 'full'],
    ['names another one', { phase: 'provisioning', identity: ONE }, 'reserved'],
    ['is gone', { phase: 'gone', identity: FULL }, 'reserved'],
    ['is not there', undefined, 'reserved'],
  ] as const)('is kept past its first minute only for an environment whose record %s', async (_what, part, kind) => {
    const one = await startAzure({ identities: [identity('pool-2')] });
    for (const credential of foreign(19)) one.hold(FULL, credential);
    const { deps, world } = open({
      ...{ ARM_ENDPOINT: one.url, WORKLOAD_IDENTITIES: FULL, OIDC_ISSUER_URL: 'https://oidc.example/cluster/' },
    });
    if (part !== undefined) {
      const record = newRecord(world.request('create', { ref: 'ex-1', environment: 'ex-1' }));
      await world.records.create({ ...record, ...part });
    }
    const access = await deps.access();
    expect(await access.reserve(requestFor('ex-1'))).toMatchObject({ kind: 'reserved' });
    expect(await access.reserve(requestFor('ex-2'))).toMatchObject({ kind: 'full' });
    world.clock.advance(61_000);
    expect(await access.reserve(requestFor('ex-2'))).toMatchObject({ kind });
    await one.close();
  });
});
