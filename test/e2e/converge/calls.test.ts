import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createOverlays } from '../../../lib/overlays/render.ts';
import { compileOverlays } from '../../../lib/overlays/template/compile.ts';
import type { Reason } from '../../../lib/environment/model/request.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import { findKustomize } from '../../../local/kustomize/find-kustomize.ts';
import { type Running, startRunning } from '../../unit/cluster/running.ts';
import { MANIFESTS } from '../../manifests/build-overlay.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

let running: Running;
let world: World;
let overlays: World['ports']['overlays'];

beforeAll(async () => {
  running = await startRunning();
  world = createWorld();
  const kustomize = await findKustomize({ log: () => undefined });
  const compiled = await compileOverlays({
    manifestsDir: MANIFESTS,
    overlays: ['feature', 'azure-feature'],
    kustomize,
  });
  overlays = createOverlays(compiled, { OVERLAY_KEYVAULT_NAME: 'branches-vault' });
});
afterAll(() => running.stop());

/** The calls to the API server, by what they are. The look at the policies is kept for a minute by the app. */
async function callsOf(reason: Reason): Promise<Record<string, number>> {
  running.calls();
  const cluster = { ...running.cluster, policies: async () => 'bound' as const };
  world.clock.advance(1_000);
  await reconcile({ ...world.ports, cluster, overlays }, world.request(reason));
  const counts = { namespace: 0, list: 0, apply: 0, dryRun: 0, other: 0 };
  for (const { method, path, dryRun } of running.calls()) {
    if (/^\/api\/v1\/namespaces(\/[^/]+)?$/.test(path)) counts.namespace += 1;
    else if (method === 'GET') counts.list += 1;
    else if (method === 'PATCH' && dryRun) counts.dryRun += 1;
    else if (method === 'PATCH') counts.apply += 1;
    else counts.other += 1;
  }
  return counts;
}

const untilReady = async (): Promise<void> => {
  for (let tries = 0; tries < 50 && world.record()?.phase !== 'ready'; tries += 1) {
    await callsOf('provision');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Kinds that a look at a ready environment reads, by one list each. */
const READ =
  /(Deployment|StatefulSet|PersistentVolumeClaim|Service|Ingress|CronJob|HorizontalPodAutoscaler|PodDisruptionBudget)$/;

describe('the shipped overlays, in calls to the API server', () => {
  it('take one call for each object the first time, and the guards', async () => {
    const { apply, namespace, dryRun, other } = await callsOf('create');
    const objects = world.record()?.inventory.length ?? 0;
    expect(objects).toBeGreaterThan(25);
    expect({ apply, namespace, dryRun, other }).toEqual({ apply: objects, namespace: 4, dryRun: 0, other: 0 });
  });

  it('take one call again, whatever their number, once they are ready', async () => {
    await untilReady();
    expect(await callsOf('create')).toEqual({ namespace: 1, list: 0, apply: 0, dryRun: 0, other: 0 });
  });

  it('take a list for each kind and a dry run for the Secret to be looked at for drift', async () => {
    // the dry run of a Secret that was applied a moment ago says nothing yet
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    await callsOf('provision');
    await new Promise((resolve) => setTimeout(resolve, 3_100));
    const kinds = new Set(world.record()?.inventory.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
    expect(await callsOf('provision')).toEqual({
      namespace: 1,
      list: expect.any(Number),
      apply: 0,
      dryRun: 1,
      other: 0,
    });
    const { list } = await callsOf('provision');
    const workloads = [...kinds].filter((kind) => READ.test(kind)).length;
    // beside them a look at what runs: pods, EndpointSlices, ingress classes and the runs of CronJobs are in no overlay;
    // kinds of add-ons take one more call in a process's life, to learn their paths
    expect(list).toBe(kinds.size - 1 + workloads + 4);
  });
});
