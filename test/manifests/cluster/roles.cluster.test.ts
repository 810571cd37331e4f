import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Call, eventually } from './support/api.ts';
import { deprovisionerCalls, merge, provisionerCalls } from './support/calls.ts';
import {
  type Case,
  applyGuards,
  guardNamed,
  isAllowed,
  isRefused,
  makeNamespaces,
  withChanged,
} from './support/guards.ts';
import { configMap, dryApply, dryCreate, dryDelete } from './support/paths.ts';
import { renderBranch } from './support/render-branch.ts';
import { type Plane, branchNamespace, describeOnPlane, startPlane } from './support/start.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

const OURS = branchNamespace('ours');
const IN_OURS = '/api/v1/namespaces/feature-ours';
const RBAC = 'rbac.authorization.k8s.io';
const ROLE_REF = { apiGroup: RBAC, kind: 'ClusterRole', name: 'cluster-admin' };
const BINDING: KubeObject = {
  apiVersion: `${RBAC}/v1`,
  kind: 'RoleBinding',
  metadata: { name: 'x' },
  roleRef: ROLE_REF,
};
const TOKEN = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };

describeOnPlane('the roles', () => {
  let plane: Plane;
  let guards: KubeObject[];
  let objects: KubeObject[];

  beforeAll(async () => {
    plane = await startPlane();
    await makeNamespaces(plane);
    guards = await applyGuards(plane);
    objects = await renderBranch('ours');
    for (const object of objects) await plane.apply(object);
  }, 120_000);

  afterAll(() => plane.stop());

  describe.each([
    ['provisioner', 'feature-branch-provisioner-shipped', () => provisionerCalls(objects)],
    ['deprovisioner', 'namespace-manager', deprovisionerCalls],
  ] as const)('of the %s', (_who, name, callsOf) => {
    const rulesOf = () => guardNamed(guards, 'ClusterRole', name)['rules'] as Rule[];

    it('allow every call that the app makes', async () => {
      const refused: string[] = [];
      for (const [right, call] of callsOf()) if (!(await isAllowed(plane, call))) refused.push(right);

      expect(refused).toEqual([]);
    });

    it('give no right that no call of the app needs', () => {
      const given = rulesOf().flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${resource} ${verb}`)),
      );

      expect(given.sort()).toEqual([...callsOf().keys()].sort());
    });

    it('make a call fail for every right that is taken out', async () => {
      const guard = guardNamed(guards, 'ClusterRole', name);
      for (const [right, call] of callsOf()) {
        const changed = { ...guard, rules: rulesWithout(rulesOf(), right) };
        await withChanged(plane, { guard, changed }, () =>
          eventually(`without its right "${right}" the call is refused`, () => isRefused(plane, call)),
        );
        await eventually(`with its right "${right}" the call is allowed`, () => isAllowed(plane, call));
      }
    }, 300_000);
  });

  it.each<Case>([
    ['read a Secret', { method: 'GET', path: `${IN_OURS}/secrets/feature-broadcaster-secret` }],
    ['list Secrets', { method: 'GET', path: `${IN_OURS}/secrets` }],
    ['watch Secrets', { method: 'GET', path: '/api/v1/secrets?watch=true' }],
    ['delete a namespace', dryDelete(OURS)],
    ['bind a role', dryApply({ ...BINDING, metadata: { name: 'x', namespace: 'feature-ours' } })],
    ['bind a role to the cluster', dryApply({ ...BINDING, kind: 'ClusterRoleBinding' })],
    ['run a pod of its own', dryApply({ ...configMap('feature-ours'), kind: 'Pod' })],
    ['enter a pod', { method: 'GET', path: `${IN_OURS}/pods/x/exec?command=sh` }],
    ['read the log of a pod', { method: 'GET', path: `${IN_OURS}/pods/x/log` }],
    ['delete many objects at once', { method: 'DELETE', path: `${IN_OURS}/configmaps?dryRun=All` }],
    ['get the token of an account', { method: 'POST', path: `${IN_OURS}/serviceaccounts/default/token`, body: TOKEN }],
  ])('do not let the provisioner %s', async (_what, call) => {
    expect(await plane.send({ as: 'provisioner', ...call })).toEqual(expect.objectContaining({ status: 403 }));
  });

  it.each<Case>([
    ['create a namespace', dryCreate(branchNamespace('new'))],
    ['change a namespace', dryApply(OURS)],
    ['create a config map', dryCreate(configMap('feature-ours'))],
    ['create a cron job', dryApply(cronJob('new'))],
    ['read pods', { method: 'GET', path: `${IN_OURS}/pods` }],
    ['read a Secret', { method: 'GET', path: `${IN_OURS}/secrets/feature-broadcaster-secret` }],
    ['patch a Secret', merge(`${IN_OURS}/secrets/feature-broadcaster-secret`, {})],
    [
      'suspend a cron job',
      merge('/apis/batch/v1/namespaces/feature-ours/cronjobs/todo-cron', { spec: { suspend: true } }),
    ],
    ['patch a deployment', merge('/apis/apps/v1/namespaces/feature-ours/deployments/todo-app-be', {})],
    ['delete a config map', dryDelete(configMap('feature-ours', 'nats-config'))],
  ])('do not let the deprovisioner %s', async (_what, call) => {
    expect(await plane.send({ as: 'deprovisioner', ...call })).toEqual(expect.objectContaining({ status: 403 }));
  });

  it('take in a team’s own kinds by the label', async () => {
    const path = '/apis/apps/v1/namespaces/feature-ours/daemonsets';
    const call: Call = { as: 'provisioner', method: 'GET', path };
    expect(await isRefused(plane, call)).toBe(true);

    await plane.apply({
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'team', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
      rules: [{ apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['list'] }],
    });

    await eventually('the team’s rule holds', () => isAllowed(plane, call));
  });
});

function cronJob(name: string): KubeObject {
  const container = { name: 'x', image: 'x:1' };
  const template = { spec: { restartPolicy: 'Never', containers: [container] } };
  const spec = { schedule: '0 0 * * *', jobTemplate: { spec: { template } } };
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name, namespace: 'feature-ours' }, spec };
}

/** The rules but for one verb of one kind. */
function rulesWithout(rules: Rule[], right: string): Rule[] {
  const [resource = '', verb = ''] = right.split(' ');
  return rules.flatMap((rule) => {
    if (!rule.resources.includes(resource) || !rule.verbs.includes(verb)) return [rule];
    const others = rule.resources.filter((each) => each !== resource);
    const left = { ...rule, resources: [resource], verbs: rule.verbs.filter((each) => each !== verb) };
    return [{ ...rule, resources: others }, left].filter(({ resources, verbs }) => resources.length * verbs.length > 0);
  });
}
