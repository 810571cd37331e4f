import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { clock } from '../../lib/clock.ts';
import { connectKubeconfig } from '../../lib/cluster/auth/kubeconfig.ts';
import { createSend } from '../../lib/cluster/api/client.ts';
import { type HealthChecks, readHealth } from '../../lib/diagnosis/health/health.ts';
import { createProbes } from '../../lib/diagnosis/health/probes.ts';
import { POLICY_FAULTS } from '../../lib/environment/model/policy-faults.ts';
import type { KubeObject, PolicyState } from '../../lib/environment/ports/cluster.ts';
import { checkCluster } from '../../lib/preflight/check-cluster.ts';
import { buildGuards } from '../../local/kustomize/build-guards.ts';
import { eventually } from '../manifests/cluster/support/api.ts';
import { PRINCIPALS, giveAllRights } from '../manifests/cluster/support/guards.ts';
import { pathOf } from '../manifests/cluster/support/paths.ts';
import { type Plane, describeOnPlane, startPlane } from '../manifests/cluster/support/start.ts';
import { REPOSITORY } from '../support/fakes/world.ts';
import { type RealWorld, config, createRealWorld } from './converge/world.ts';

describeOnPlane('what health, preflight and a provision say of the policies', () => {
  let plane: Plane;
  let world: RealWorld;
  let applied: KubeObject[] = [];

  beforeAll(async () => {
    plane = await startPlane();
    world = createRealWorld(plane.controlPlane);
    world.overlays.objects = [config('settings')];
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await plane?.stop();
  });

  /** What was applied before is gone, and this is applied in its place. */
  async function apply(objects: KubeObject[]): Promise<void> {
    for (const object of applied) await plane.send({ as: 'admin', method: 'DELETE', path: pathOf(object) });
    for (const object of objects) await plane.apply(object);
    applied = objects;
  }

  async function health(): Promise<HealthChecks> {
    const probes = createProbes({
      settings: () => undefined,
      reachStorage: async () => undefined,
      cluster: async () => world.ports.cluster,
      policies: () => world.ports.cluster.policies(),
      access: async () => undefined,
      trustsDeliveries: () => true,
      audit: async () => undefined,
      branches: async () => undefined,
      repositories: () => [REPOSITORY],
      share: async (probe) => probe,
    });
    return readHealth({
      version: '1',
      mode: () => 'apply',
      probes,
      heldSweep: async () => undefined,
      sleep: (ms) => clock.sleep(ms),
    });
  }

  async function preflightSays(): Promise<{ state: string; found: string; fix?: string }> {
    const send = (context: string) =>
      createSend(connectKubeconfig({ file: plane.controlPlane.kubeconfig, context }), { clock, random: Math.random });
    const sends = { provisioner: send('provisioner'), deprovisioner: send('deprovisioner') };
    const checks = await checkCluster(sends, () => world.ports.cluster.policies());
    const found = checks.find(({ name }) => name === 'cluster: admission policies');
    if (found === undefined) throw new Error('preflight says nothing of the policies');
    return found;
  }

  async function allSay(state: Exclude<PolicyState, 'bound'>, slug: string): Promise<void> {
    await eventually(`the policies are ${state}`, async () => (await world.ports.cluster.policies()) === state);
    expect(await health()).toMatchObject({ status: 'degraded', checks: { policies: state } });
    expect(await preflightSays()).toMatchObject({ state: 'failed', found: state, fix: expect.any(String) });
    await world.handle(slug, 'provision').catch(() => undefined);
    expect(world.record(slug)?.phase).toMatch(/refused|failed/);
    expect((await plane.send({ as: 'admin', method: 'GET', path: `/api/v1/namespaces/feature-${slug}` })).status).toBe(
      404,
    );
  }

  const rolesOf = (guards: KubeObject[]) => guards.filter(({ kind }) => kind.startsWith('ClusterRole'));

  it('with nothing applied: unbound, and nobody may even read', async () => {
    await allSay('unbound', 'nothing');
    expect((await health()).checks.cluster).toBe('invalid');
    expect(world.record('nothing')?.error).toMatchObject({ code: 'not-permitted' });
  }, 60_000);

  it('with policies for other principals: unbound', async () => {
    await apply(await buildGuards({ provisioner: 'somebody', deprovisioner: 'else' }));
    await allSay('unbound', 'others');
  }, 60_000);

  it('with roles made by hand and no policies: unbound, though all rights are there', async () => {
    await apply(rolesOf(await buildGuards(PRINCIPALS)));
    await eventually('the roles hold', async () => (await health()).checks.cluster === 'ok');
    await allSay('unbound', 'by-hand');
    expect(world.record('by-hand')?.refused).toEqual({ guard: 'policies', reason: POLICY_FAULTS.unbound });
  }, 60_000);

  it('with policies of another version: outdated', async () => {
    const guards = await buildGuards(PRINCIPALS);
    await apply(
      JSON.parse(JSON.stringify(guards).replaceAll(/(-(?:objects|namespaces)) v1: /g, '$1 v0: ')) as KubeObject[],
    );
    await allSay('outdated', 'older');
    expect(world.record('older')?.refused).toEqual({ guard: 'policies', reason: POLICY_FAULTS.outdated });
  }, 60_000);

  it('with all as shipped: ok, and the branch gets its environment', async () => {
    await apply(await buildGuards(PRINCIPALS));
    await eventually('the policies hold', async () => (await world.ports.cluster.policies()) === 'bound');
    await eventually('the roles hold', async () => (await health()).checks.cluster === 'ok');
    expect(await health()).toMatchObject({ status: 'ok', checks: { policies: 'ok', cluster: 'ok' } });
    expect(await preflightSays()).toMatchObject({ state: 'ok', found: 'bound' });
    await world.handle('right', 'provision');
    expect(world.record('right')).toMatchObject({ phase: 'ready' });
  }, 60_000);

  it('with a principal that is a cluster administrator too: overprivileged', async () => {
    await giveAllRights(plane, 'provisioner');
    await allSay('overprivileged', 'admin');
    expect(world.record('admin')?.refused).toEqual({ guard: 'policies', reason: POLICY_FAULTS.overprivileged });
  }, 60_000);
});
