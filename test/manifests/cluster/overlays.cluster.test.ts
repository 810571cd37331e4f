import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { MANIFESTS, OVERLAYS, type OverlayName, buildOverlay } from '../build-overlay.ts';
import { workloadsOf } from '../kube.ts';
import { eventually } from './support/api.ts';
import { APPLY, dryApply, inNamespace, pathOf } from './support/paths.ts';
import { type Plane, describeOnPlane, namespace, startPlane } from './support/start.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

describeOnPlane('a real API server', () => {
  let plane: Plane;

  beforeAll(async () => {
    plane = await startPlane();
  }, 120_000);

  afterAll(() => plane.stop());

  it.each(OVERLAYS)(
    'accepts every object of %s, strictly, and warns of nothing',
    async (name) => {
      const objects = await objectsOf(name);
      for (const each of namespacesOf(objects))
        await plane.apply(namespace(each, { 'pod-security.kubernetes.io/warn': 'restricted' }));

      const answers = await Promise.all(
        objects.map(async (object) => {
          const { status, text, warnings } = await plane.send({ as: 'admin', ...dryApply(object) });
          return {
            object: `${object.kind}/${object.metadata.name}`,
            status,
            warnings,
            words: status < 300 ? '' : text,
          };
        }),
      );

      expect(answers.filter(({ status, warnings }) => status >= 300 || warnings.length > 0)).toEqual([]);
    },
    60_000,
  );

  it('accepts the Argo CD application, strictly', async () => {
    const application = parse(await readFile(`${MANIFESTS}/cluster/main-app.yaml`, 'utf8')) as KubeObject;
    await plane.apply(namespace('argocd'));

    await plane.ok({ as: 'admin', ...dryApply(application) });

    expect(application).toMatchObject({
      metadata: { name: 'main-app' },
      spec: {
        source: { path: 'manifests/overlays/production' },
        destination: { namespace: 'project' },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    });
  });

  it('refuses a field that a kind does not have: the dry runs above can fail', async () => {
    const [monitor] = (await objectsOf('azure-production')).filter(({ kind }) => kind === 'PodMonitor');
    if (monitor === undefined) throw new Error('no PodMonitor');

    const { status, text } = await plane.send({
      as: 'admin',
      ...dryApply({ ...monitor, spec: { ...(monitor['spec'] as object), podMetricEndpoints: [] } }),
    });

    expect([status, text]).toEqual([expect.any(Number), expect.stringMatching(/podMetricEndpoints/)]);
    expect(status).toBeGreaterThanOrEqual(400);
  });

  it.each(['feature', 'staging', 'production'] as const)(
    'admits the pods of %s at the restricted level, and under its quota',
    async (name) => {
      const objects = (await objectsOf(name)).filter(({ kind }) => kind !== 'Namespace');
      const [home = ''] = namespacesOf(objects);
      await plane.apply(namespace(home, { 'pod-security.kubernetes.io/enforce': 'restricted' }));
      for (const object of objects.sort(foundationFirst)) {
        await plane.ok({ as: 'admin', method: 'PATCH', path: `${pathOf(object)}?${APPLY}`, body: object });
      }
      const wanted = workloadsOf(objects)
        .filter(({ kind }) => kind !== 'CronJob')
        .reduce((sum, { name: workload, replicas }) => sum + (replicas ?? leastOf(objects, workload)), 0);

      await eventually(`${wanted} pods of ${name}`, async () => (await podsIn(home)) === wanted, 30_000);
      const events = await plane.ok({ as: 'admin', method: 'GET', path: `/api/v1/namespaces/${home}/events` });

      expect(events).not.toMatch(/FailedCreate/);
    },
    90_000,
  );

  it.each(OVERLAYS)(
    'finds nothing to change in %s right after it was applied, as Argo CD compares it',
    async (name) => {
      // apart from what the tests above made, and without a namespace of its own kind
      const objects = (await objectsOf(name))
        .filter(({ kind }) => kind !== 'Namespace')
        .map((object) => inNamespace(object, `again-${name}`));
      await plane.apply(namespace(`again-${name}`));
      for (const object of objects.sort(foundationFirst)) await plane.apply(object);

      const changed: string[] = [];
      for (const object of objects) {
        // controllers write meanwhile, so both sides of the comparison come from one moment
        await eventually(`${object.kind}/${object.metadata.name} is at rest`, async () => {
          const before = await plane.ok({ as: 'admin', method: 'GET', path: pathOf(object) });
          const dry = await plane.ok({ as: 'admin', ...dryApply(object) });
          const after = await plane.ok({ as: 'admin', method: 'GET', path: pathOf(object) });
          if (contentOf(before) !== contentOf(after)) return false;
          if (contentOf(dry) !== contentOf(after)) changed.push(`${object.kind}/${object.metadata.name}`);
          return true;
        });
        // what is compared by Argo CD is what we state: it must be in the live object as it is stated
        const live = JSON.parse(await plane.ok({ as: 'admin', method: 'GET', path: pathOf(object) })) as KubeObject;
        for (const [index, claim] of claimsOf(object).entries()) expect(claimsOf(live)[index]).toMatchObject(claim);
        expect(Object.keys(claimsOf(live)[0] ?? {}).filter((key) => !(key in (claimsOf(object)[0] ?? {})))).toEqual(
          claimsOf(live).length > 0 ? ['status'] : [],
        );
      }

      expect(changed).toEqual([]);
    },
    90_000,
  );

  async function podsIn(home: string): Promise<number> {
    const path = `/api/v1/namespaces/${home}/pods`;
    return (JSON.parse(await plane.ok({ as: 'admin', method: 'GET', path })) as { items: unknown[] }).items.length;
  }
});

/** A branch's placeholders are no names: they become those of one. */
async function objectsOf(name: OverlayName): Promise<KubeObject[]> {
  const text = JSON.stringify(await buildOverlay(name));
  return JSON.parse(
    text
      .replaceAll('BRANCH_NAME_DB', 'ex_c4_e7')
      .replaceAll('BRANCH_NAME', 'ex-c4-e7')
      .replaceAll('OVERLAY_DOMAIN', 'example.com')
      .replaceAll('OVERLAY_REGISTRY', 'registry.example.com')
      .replaceAll(/OVERLAY_[A-Z_]+|IMAGE_TAG/g, 'x'),
  ) as KubeObject[];
}

function namespacesOf(objects: KubeObject[]): string[] {
  return [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
}

/** Pods are admitted by what is there when they are made: accounts, quotas and defaults go first. */
function foundationFirst(a: KubeObject, b: KubeObject): number {
  const last = ({ kind }: KubeObject) => (['Deployment', 'StatefulSet'].includes(kind) ? 1 : 0);
  return last(a) - last(b);
}

/** How many an autoscaler starts from, where none is written down: one, until it has measured. */
function leastOf(objects: KubeObject[], workload: string): number {
  const scaler = objects.find(({ kind, metadata }) => kind === 'HorizontalPodAutoscaler' && metadata.name === workload);
  return (scaler?.['spec'] as { minReplicas: number } | undefined)?.minReplicas ?? 1;
}

const COUNTED = ['managedFields', 'resourceVersion', 'generation'];

/** An object without what the API server keeps count of. */
function contentOf(text: string): string {
  const { metadata, ...rest } = JSON.parse(text) as KubeObject;
  const stated = Object.entries(metadata).filter(([key]) => !COUNTED.includes(key));
  return JSON.stringify({ ...rest, metadata: Object.fromEntries(stated) });
}

function claimsOf(object: KubeObject): object[] {
  return (object['spec'] as { volumeClaimTemplates?: object[] } | undefined)?.volumeClaimTemplates ?? [];
}
