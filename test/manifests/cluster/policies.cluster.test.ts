import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Call, eventually } from './api.ts';
import { merge } from './calls.ts';
import {
  type Case,
  FOREIGN_NAMES,
  applyGuards,
  giveAllRights,
  guardNamed,
  isAllowed,
  isRefused,
  makeNamespaces,
  withChanged,
} from './guards.ts';
import { configMap, dryApply, dryCreate, dryDelete, pathOf } from './paths.ts';
import { MANAGED_BY, type Plane, branchNamespace, describeOnPlane, namespace, slugLabel, startPlane } from './start.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

interface Validation {
  expression: string;
  message: string;
}

const NOTE = 'feature-branch-provisioner';
const RBAC = 'rbac.authorization.k8s.io';
const OURS = branchNamespace('ours');

/** Of an object in each namespace that is not ours, the ones that a part of the policy alone refuses among them. */
const OBJECTS: Case[] = [
  ...FOREIGN_NAMES.map((name): Case => [`apply in ${name}`, dryApply(configMap(name))]),
  ['create in project', dryCreate(configMap('project'))],
  ['delete in default', dryDelete(configMap('default', 'kube-root-ca.crt'))],
  ['empty out project', { method: 'DELETE', path: '/api/v1/namespaces/project/configmaps?dryRun=All' }],
  ['write a Secret in kube-system', dryApply({ ...configMap('kube-system'), kind: 'Secret', data: { x: 'eA==' } })],
  ['scale in project', merge('/apis/apps/v1/namespaces/project/deployments/web/scale', { spec: { replicas: 0 } })],
  ['write a status in project', merge('/apis/apps/v1/namespaces/project/deployments/web/status', {})],
  [
    'get a token in kube-system',
    {
      method: 'POST',
      path: '/api/v1/namespaces/kube-system/serviceaccounts/default/token?dryRun=All',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    },
  ],
  [
    'bind a role to the cluster',
    dryApply({
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'x' },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' },
    }),
  ],
  [
    'make a volume of the cluster',
    dryApply({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'x' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/' } },
    }),
  ],
];

/** For every validation there is one that it alone refuses. */
const NAMESPACES: Case[] = [
  ['make a namespace that is not managed by us', dryCreate(namespace('feature-new', slugLabel('new')))],
  ['make a namespace without our prefix', dryCreate(namespace('new', { ...MANAGED_BY, ...slugLabel('new') }))],
  ['make a namespace with another slug', dryCreate(namespace('feature-new', { ...MANAGED_BY, ...slugLabel('old') }))],
  ['make a namespace without labels', dryCreate(namespace('new'))],
  ['label a foreign namespace into reach', labelling('feature-half', 'half')],
  ['label one whose slug is another', labelling('feature-odd', 'odd')],
  ['label one that has nothing of ours', labelling('feature-unmarked', 'unmarked')],
  ['label project', labelling('project', 'project')],
  ['take our label off', merge(pathOf(OURS), { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } })],
  ['give it to another ref', annotating({ ref: 'other' })],
  ['take its ref away', annotating({ ref: null })],
  ['give it to another repository', annotating({ 'repository-id': '43' })],
  ['forget its repository', annotating({ 'repository-id': null })],
  ['rename its repository while no id is known', annotating({ repository: 'owner/other' }, 'feature-noid')],
  [
    'finalize it',
    { method: 'PUT', path: `${pathOf(OURS)}/finalize?dryRun=All`, body: { ...OURS, spec: { finalizers: [] } } },
  ],
  ['write its status', merge(`${pathOf(OURS)}/status`, { status: { phase: 'Active' } })],
  ...FOREIGN_NAMES.map((name): Case => [`delete ${name}`, dryDelete(namespace(name))]),
];

function labelling(name: string, slug: string): Case[1] {
  return merge(`/api/v1/namespaces/${name}`, { metadata: { labels: { ...MANAGED_BY, ...slugLabel(slug) } } });
}

function annotating(notes: Record<string, string | null>, name = 'feature-ours'): Case[1] {
  const annotations = Object.fromEntries(Object.entries(notes).map(([key, value]) => [`${NOTE}/${key}`, value]));
  return merge(`/api/v1/namespaces/${name}`, { metadata: { annotations } });
}

describeOnPlane('the policies', () => {
  let plane: Plane;
  let guards: KubeObject[];

  beforeAll(async () => {
    plane = await startPlane();
    await makeNamespaces(plane);
    guards = await applyGuards(plane);
    for (const user of ['provisioner', 'deprovisioner']) await giveAllRights(plane, user);
    await plane.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'project' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
      },
    });
    await eventually('both have every right', async () => {
      const asked = (['provisioner', 'deprovisioner'] as const).map((as) =>
        plane.send({ as, method: 'GET', path: '/api/v1/nodes' }),
      );
      return (await Promise.all(asked)).every(({ status }) => status === 200);
    });
  }, 120_000);

  afterAll(() => plane.stop());

  describe.each(['provisioner', 'deprovisioner'] as const)('over a %s with every right there is', (as) => {
    it.each([...OBJECTS, ...NAMESPACES])('do not let it %s', async (_what, call) => {
      expect(await plane.send({ as, ...call })).toEqual(expect.objectContaining({ status: 403 }));
    });

    it.each<Case>([
      ['make the namespace of a branch', dryCreate(branchNamespace('new'))],
      ['write in it', dryApply(configMap('feature-ours'))],
      ['write a Secret in it', dryApply({ ...configMap('feature-ours'), kind: 'Secret', data: { x: 'eA==' } })],
      ['delete from it', dryDelete(configMap('feature-ours', 'kube-root-ca.crt'))],
      ['note an image tag on it', annotating({ 'image-tag': 'v2' })],
      ['learn its repository’s id once', annotating({ 'repository-id': '42' }, 'feature-noid')],
      ['learn that its repository was renamed', annotating({ repository: 'owner/renamed' })],
      ['delete it', dryDelete(OURS)],
    ])('let it %s', async (_what, call) => {
      const { status, text } = await plane.send({ as, ...call });

      expect([status < 300, text]).toEqual([true, expect.any(String)]);
    });
  });

  it('bind nobody else', async () => {
    for (const [, call] of [...OBJECTS.slice(0, 1), ...NAMESPACES.slice(0, 1)]) {
      expect(await isAllowed(plane, { as: 'admin', ...call })).toBe(true);
    }
  });

  it.each(['feature-branch-provisioner-objects', 'feature-branch-provisioner-namespaces'])(
    'of %s are each needed: without any one a refused request goes through',
    async (name) => {
      const guard = guardNamed(guards, 'ValidatingAdmissionPolicy', name);
      const spec = guard['spec'] as { validations: Validation[] };
      const calls = [...OBJECTS, ...NAMESPACES].map(([, call]): Call => ({ as: 'provisioner', ...call }));

      for (const dropped of spec.validations) {
        const validations = spec.validations.filter((each) => each !== dropped);
        await withChanged(plane, { guard, changed: { ...guard, spec: { ...spec, validations } } }, () =>
          eventually(`a request passes without "${dropped.expression}"`, () => anyPasses(calls)),
        );
        await eventually('all is refused again', () => allRefused(calls));
      }
    },
    300_000,
  );

  it.each(['feature-branch-provisioner-objects', 'feature-branch-provisioner-namespaces'])(
    'of %s bind by their binding alone',
    async (name) => {
      const guard = guardNamed(guards, 'ValidatingAdmissionPolicyBinding', name);
      const calls = [...OBJECTS, ...NAMESPACES].map(([, call]): Call => ({ as: 'deprovisioner', ...call }));

      await plane.ok({ as: 'admin', method: 'DELETE', path: pathOf(guard) });
      await eventually('a request passes', () => anyPasses(calls));
      await plane.apply(guard);

      await eventually('all is refused again', () => allRefused(calls));
    },
    60_000,
  );

  async function anyPasses(calls: Call[]): Promise<boolean> {
    const answers = await Promise.all(calls.map((call) => plane.send(call)));
    return answers.some(({ status }) => status < 300);
  }

  async function allRefused(calls: Call[]): Promise<boolean> {
    const refused = await Promise.all(calls.map((call) => isRefused(plane, call)));
    return refused.every((each) => each);
  }
});
