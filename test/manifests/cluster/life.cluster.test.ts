import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Answer, eventually } from './support/api.ts';
import { applyGuards, makeNamespaces } from './support/guards.ts';
import { APPLY, collectionOf, pathOf } from './support/paths.ts';
import { renderBranch } from './support/render-branch.ts';
import { type Plane, branchNamespace, describeOnPlane, startPlane } from './support/start.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

const BRANCH = branchNamespace('ex-c4-e6');

/** One branch's life, each step by the principal whose it is, and nothing by an administrator. */
describeOnPlane('under the roles and policies', () => {
  let plane: Plane;
  let objects: KubeObject[];

  beforeAll(async () => {
    plane = await startPlane();
    await makeNamespaces(plane);
    await applyGuards(plane);
    objects = await renderBranch('ex-c4-e6');
  }, 120_000);

  afterAll(() => plane.stop());

  it('the provisioner makes the namespace and everything in it, and pods come of it', async () => {
    await plane.ok({ as: 'provisioner', method: 'POST', path: collectionOf(BRANCH), body: BRANCH });
    await plane.ok(apply(BRANCH));
    const answers = await Promise.all(objects.map((object) => plane.send(apply(object))));

    expect(answers.filter(({ status }) => status !== 201).map(({ text }) => text)).toEqual([]);
    const path = '/api/v1/namespaces/feature-ex-c4-e6/pods';
    await eventually('pods', async () => {
      const list = JSON.parse(await plane.ok({ as: 'provisioner', method: 'GET', path })) as { items: unknown[] };
      return list.items.length === 5;
    });
  }, 60_000);

  it('the provisioner applies a new tag, and prunes', async () => {
    const newer = await renderBranch('ex-c4-e6', { imageTag: 'v2' });
    const answers = await Promise.all(newer.map((object) => plane.send(apply(object))));

    expect(answers.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([]);
    const [policy] = newer.filter(({ kind }) => kind === 'NetworkPolicy');
    if (policy === undefined) throw new Error('no NetworkPolicy');
    await plane.ok({ as: 'provisioner', method: 'DELETE', path: pathOf(policy) });
  });

  it('the deprovisioner deletes the namespace as the provisioner read it, and all is gone', async () => {
    const read = JSON.parse(await plane.ok({ as: 'provisioner', method: 'GET', path: pathOf(BRANCH) })) as KubeObject;
    const { uid, resourceVersion } = read.metadata;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };

    await plane.ok({ as: 'deprovisioner', method: 'DELETE', path: pathOf(BRANCH), body });

    const gone = async () =>
      (await plane.send({ as: 'provisioner', method: 'GET', path: pathOf(BRANCH) })).status === 404;
    await eventually('the namespace is gone', gone, 60_000);
  }, 90_000);

  it('both probes of the app are refused, which is how it knows that the policies bind it', async () => {
    const metadata = { name: 'feature-branch-provisioner-probe', namespace: 'default' };
    const probe: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    const answers: Answer[] = [
      await plane.send({
        as: 'provisioner',
        method: 'PATCH',
        path: `${pathOf(probe)}?${APPLY}&dryRun=All`,
        body: probe,
      }),
      await plane.send({
        as: 'deprovisioner',
        method: 'DELETE',
        path: '/api/v1/namespaces/kube-node-lease?dryRun=All',
      }),
    ];

    for (const { status, text } of answers) {
      expect(status).toBe(403);
      expect(text).toMatch(/ValidatingAdmissionPolicy/);
    }
  });

  function apply(object: KubeObject) {
    return { as: 'provisioner', method: 'PATCH', path: `${pathOf(object)}?${APPLY}`, body: object } as const;
  }
});
