import { beforeEach, describe, expect, it } from '@jest/globals';
import { createOverlayDeps } from '../../../lib/deps/overlays.ts';
import { createPageDeps } from '../../../lib/deps/page.ts';
import type { Overlays } from '../../../lib/environment/ports/ports.ts';
import { createIdentityLocks } from '../../../lib/identity/writer/identity-lock.ts';
import type { Compiled } from '../../../lib/overlays/template/compiled.ts';
import { containerOf, createBlobStore } from '../../support/fakes/blobs.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';
import { machineIn } from './machine.ts';

const INGRESS = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web' },
  spec: { rules: [{ host: 'BRANCH_NAME.example.test' }] },
};
const CONFIG = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' }, data: { TITLE: 'OVERLAY_TITLE' } };
const COMPILED: Compiled = {
  v: 1,
  hash: 'hash-1',
  overlays: [{ name: 'one', defaults: {}, objects: [INGRESS, CONFIG] }],
};
const ABOUT = {
  ...{ slug: 'ex-1', namespace: 'feature-ex-1', imageTag: 'v1', clientId: 'c', tenantId: 't' },
  labels: { 'feature-branch-provisioner/slug': 'ex-1' },
} as unknown as Parameters<Overlays['render']>[0];
const DIGEST = 'a'.repeat(64);

let world: World;
let containers: string[];

beforeEach(() => {
  world = createWorld();
  containers = [];
});

function containerIn() {
  const store = createBlobStore();
  return (name: string) => async () => {
    containers.push(name);
    return containerOf(store, { call: ({ act }) => Promise.resolve(act()), now: world.clock.now, holder: 'app' });
  };
}

const open = (env: Record<string, string>) =>
  createOverlayDeps(machineIn(world, { OVERLAY_TITLE: 'Shop', ...env }), { container: containerIn() }, COMPILED);

describe('the overlays of the app', () => {
  it('are rendered with its settings', async () => {
    const deps = open({});
    const overlays = await deps.overlays();
    expect(overlays).toMatchObject({ from: 'app', hash: 'hash-1' });
    expect(overlays.render(ABOUT)).toMatchObject([
      { spec: { rules: [{ host: 'ex-1.example.test' }] } },
      { data: { TITLE: 'Shop' } },
    ]);
    expect(await deps.overlays()).toBe(overlays);
  });

  it('may hold only the hosts that ALLOWED_HOSTS names', async () => {
    const overlays = await open({ ALLOWED_HOSTS: '{slug}.other.test' }).overlays();
    expect(() => overlays.render(ABOUT)).toThrow(expect.objectContaining({ code: 'render' }));
  });
});

describe('the manifests of a branch', () => {
  it('may be of the kinds that BRANCH_MANIFESTS_KINDS names, within the limits of the app', async () => {
    const brought = { objects: [CONFIG], digest: DIGEST };
    const overlays = await open({ BRANCH_MANIFESTS_KINDS: 'ConfigMap' }).toBranchOverlays(brought);
    expect(overlays.hash).toBe(DIGEST);
    expect(overlays.from).toBe('branch');
    const others = await open({ BRANCH_MANIFESTS_KINDS: 'Ingress' }).toBranchOverlays(brought);
    expect(() => others.render(ABOUT)).toThrow(expect.objectContaining({ code: 'render' }));
    expect(overlays.render(ABOUT)).toMatchObject([{ kind: 'ConfigMap', data: { TITLE: 'Shop' } }]);
    const hosts = open({ BRANCH_MANIFESTS_KINDS: 'Ingress', ALLOWED_HOSTS: '{slug}.other.test' });
    const held = await hosts.toBranchOverlays({ objects: [INGRESS], digest: DIGEST });
    expect(() => held.render(ABOUT)).toThrow(expect.objectContaining({ code: 'render' }));
  });

  it('are kept in a container of their own', async () => {
    const templates = await open({}).branchTemplates();
    expect(containers).toEqual([]);
    await templates.store('ex-1', { objects: [CONFIG], digest: DIGEST }).catch(() => undefined);
    expect(new Set(containers)).toEqual(new Set(['manifests']));
  });
});

describe('what the page shows', () => {
  const ONE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one';
  const page = (env: Record<string, string>) => {
    const { clock, ports } = world;
    const locks = createIdentityLocks({ container: containerIn()('identities'), clock, random: ports.random });
    return createPageDeps(machineIn(world, env), {
      records: async () => world.records,
      cluster: async () => world.cluster as never,
      identityLocks: async () => locks,
    });
  };

  it.each([
    [{}, false],
    [{ LOGS: 'true' }, true],
  ])('are logs only where LOGS says so, with %j: %s', async (env, isOn) => {
    const deps = page(env).logsDeps(world.ports.log);
    expect(deps.isOn()).toBe(isOn);
    expect(deps.now()).toBe(world.clock.now());
    expect(deps.log).toBe(world.ports.log);
    expect(await deps.records()).toBe(world.records);
  });

  it('are the slots of each identity of the pool, and its own files', async () => {
    const deps = page({ WORKLOAD_IDENTITIES: ONE, OIDC_ISSUER_URL: 'https://issuer.test/' });
    expect(await deps.identitySlots()).toEqual([
      { name: 'one', id: ONE, slots: 20, used: 0, reserved: 0, foreign: 0, environments: [] },
    ]);
    expect(await page({}).identitySlots()).toEqual([]);
    expect(deps.pageSettings()).toEqual({ logs: false, signIn: 'off' });
    expect(deps.pageFiles().size).toBeGreaterThan(3);
    expect(deps.pageFiles()).toBe(deps.pageFiles());
  });
});
