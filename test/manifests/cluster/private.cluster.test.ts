import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { writeSwitchedTree } from '../../../local/kustomize/switched-tree.ts';
import { buildDirectory } from '../build-overlay.ts';
import { ADD_ON_DEFINITIONS } from './support/add-on-definitions.ts';
import { eventually } from './support/api.ts';
import { applyGuards, makeNamespaces } from './support/guards.ts';
import { APPLY, collectionOf, dryApply, pathOf } from './support/paths.ts';
import { renderBranch } from './support/render-branch.ts';
import { type Plane, branchNamespace, describeOnPlane, namespace, startPlane } from './support/start.ts';

const SETTINGS = {
  OVERLAY_SIGN_IN_ISSUER: 'https://issuer.example.com/v2.0',
  OVERLAY_SIGN_IN_CLIENT_ID: '33333333-3333-4333-8333-333333333333',
};
/** What components/gateway and cluster/gateway need beside what a cluster of AKS serves. */
const GATEWAY_KINDS = ADD_ON_DEFINITIONS.filter(({ metadata }) =>
  ['httproutes.gateway.networking.k8s.io', 'gateways.gateway.networking.k8s.io'].includes(metadata.name),
);

describeOnPlane('a private branch, under the roles and policies', () => {
  let plane: Plane;

  beforeAll(async () => {
    plane = await startPlane();
    for (const definition of GATEWAY_KINDS) await plane.apply(definition);
    await makeNamespaces(plane);
    await applyGuards(plane);
    for (const each of ['branch-sign-in', 'branch-gateway']) await plane.apply(namespace(each));
  }, 120_000);

  afterAll(() => plane.stop());

  it.each([
    ['the Ingress', 'behind-ingress', ['private'], 'cluster/sign-in'],
    ['the Gateway', 'behind-gateway', ['gateway', 'private'], 'cluster/gateway/istio'],
  ] as const)(
    'is made by the provisioner behind %s, its pods at the restricted level and under the quota',
    async (_way, slug, components, shared) => {
      const manifestsDir = await writeSwitchedTree(...components);
      for (const object of await sharedOf(`${manifestsDir}/${shared}`)) await plane.apply(object);
      const home = branchNamespace(slug);
      home.metadata.labels = { ...home.metadata.labels, 'pod-security.kubernetes.io/enforce': 'restricted' };
      await plane.ok({ as: 'provisioner', method: 'POST', path: collectionOf(home), body: home });
      const objects = await renderBranch(slug, { manifestsDir, settings: SETTINGS });
      await eventually('its roles hold', async () => {
        const asked = objects.map((object) => plane.send({ as: 'provisioner', ...dryApply(object) }));
        return (await Promise.all(asked)).every(({ status }) => status < 300);
      });

      const applied = await Promise.all(
        objects.map((object) =>
          plane.send({ as: 'provisioner', method: 'PATCH', path: `${pathOf(object)}?${APPLY}`, body: object }),
        ),
      );

      expect(applied.filter(({ status, warnings }) => status >= 300 || warnings.length > 0)).toEqual([]);
      await eventually('the pod of the proxy', async () => (await podsOf(slug)).some((name) => /^sign-in-/.test(name)));
      const path = `/api/v1/namespaces/feature-${slug}/events`;
      expect(await plane.ok({ as: 'admin', method: 'GET', path })).not.toMatch(/FailedCreate/);
    },
    90_000,
  );

  async function podsOf(slug: string): Promise<string[]> {
    const path = `/api/v1/namespaces/feature-${slug}/pods`;
    const { items } = JSON.parse(await plane.ok({ as: 'admin', method: 'GET', path })) as { items: KubeObject[] };
    return items.map(({ metadata }) => metadata.name);
  }
});

/** As an administrator applies it, but for cert-manager's certificate. */
async function sharedOf(directory: string): Promise<KubeObject[]> {
  return (await buildDirectory(directory)).filter(({ kind }) => kind !== 'Certificate');
}
