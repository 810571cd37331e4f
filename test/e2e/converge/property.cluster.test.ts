import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WITHOUT_CONTROL_PLANE } from '../../support/control-plane.ts';
import { type AuditedPlane, startAuditedPlane } from './plane.ts';
import { type RealWorld, createRealWorld } from './world.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

const RUNS = 25;

type Live = { metadata: Record<string, unknown> & { labels?: Record<string, string> } } & Record<string, unknown>;

const small = fc.constantFrom('a', 'b', 'c');
const map = fc.dictionary(small, small, { maxKeys: 3 });

const configMap = fc.record({ name: small, data: map, annotations: map }).map(({ name, data, annotations }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, annotations },
  data,
}));

const secret = fc
  .record({ name: small, stringData: map })
  .map(({ name, stringData }) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData }));

const service = fc
  .record({
    name: small,
    ports: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    selector: map,
  })
  .map(({ name, ports, selector }) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector, ports: ports.map((port) => ({ name: `p-${port}`, port })) },
  }));

/** Another `app` is another selector, which can not be changed. */
const deployment = fc
  .record({ name: small, app: small, tag: small, env: map, paused: fc.option(fc.boolean(), { nil: undefined }) })
  .map(({ name, app, tag, env, paused }) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 0,
      ...(paused !== undefined && { paused }),
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: {
          containers: [
            { name: 'c', image: `web:${tag}`, env: Object.entries(env).map(([key, value]) => ({ name: key, value })) },
          ],
        },
      },
    },
  }));

const overlay: fc.Arbitrary<KubeObject[]> = fc.uniqueArray(
  fc.oneof(configMap, secret, service, deployment) as fc.Arbitrary<KubeObject>,
  { maxLength: 7, selector: ({ kind, metadata }) => `${kind}/${metadata.name}` },
);

const KINDS = ['/api/v1/%/configmaps', '/api/v1/%/secrets', '/api/v1/%/services', '/apis/apps/v1/%/deployments'];

const onControlPlane = WITHOUT_CONTROL_PLANE === undefined ? describe : describe.skip;

onControlPlane(`overlays on a real control plane ${WITHOUT_CONTROL_PLANE ?? ''}`, () => {
  let stage: AuditedPlane;
  let world: RealWorld;
  beforeAll(async () => {
    stage = await startAuditedPlane();
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'secrets-of-tests', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
      rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['create', 'patch', 'delete'] }],
    };
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
    await stage.admin.call({ method: 'POST', path, body: role });
    world = createRealWorld(stage.plane);
  }, 120_000);
  afterAll(async () => {
    await world?.close();
    await stage?.stop();
  });

  /** What lies in the namespace of the environment, without what the server assigns. */
  async function contents(slug: string): Promise<unknown[]> {
    const lists = await Promise.all(
      KINDS.map((path) => {
        const inside = path.replace('%', `namespaces/feature-${slug}`);
        return stage.admin.call<{ items: Live[] }>({ method: 'GET', path: inside });
      }),
    );
    return lists.flatMap((list) =>
      (list?.items ?? []).filter(({ metadata }) => metadata['name'] !== 'kube-root-ca.crt').map(plain),
    );
  }

  async function provision(slug: string, objects: KubeObject[]): Promise<void> {
    world.overlays.objects = objects;
    await world.handle(slug, 'provision');
    // what is orphaned is deleted once everything else is ready
    for (let look = 0; look < 200 && world.record(slug)?.phase === 'starting'; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await world.handle(slug, 'check');
    }
    expect(world.record(slug)?.error).toBeUndefined();
    expect(world.record(slug)?.phase).toBe('ready');
  }

  it('leave the same behind after A and then B as after B alone, and nothing to correct', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(overlay, overlay, async (a, b) => {
        run += 1;
        await provision(`both-${run}`, a);
        await provision(`both-${run}`, b);
        await provision(`alone-${run}`, b);
        expect(await contents(`both-${run}`)).toEqual(await contents(`alone-${run}`));

        await provision(`both-${run}`, b);
        const last = world.record(`both-${run}`)?.history.findLast(({ what }) => what === 'applied');
        expect(Object.keys(last?.changes ?? {})).toEqual(['unchanged']);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 180_000);
});

const ASSIGNED = ['uid', 'resourceVersion', 'creationTimestamp', 'generation', 'managedFields', 'namespace'];

function plain({ metadata, ...object }: Live): unknown {
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !ASSIGNED.includes(key)));
  const labels = { ...metadata.labels };
  delete labels['feature-branch-provisioner/slug'];
  const annotations = { ...(metadata['annotations'] as Record<string, string> | undefined) };
  delete annotations['deployment.kubernetes.io/revision'];
  const spec = { ...(object['spec'] as Record<string, unknown> | undefined) };
  delete spec['clusterIP'];
  delete spec['clusterIPs'];
  const rest = { ...object, status: undefined };
  return { ...rest, spec, metadata: { ...kept, labels, annotations } };
}
