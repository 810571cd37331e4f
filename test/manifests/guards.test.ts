import { describe, expect, it } from '@jest/globals';
import { buildGuards } from '../../local/kustomize/build-guards.ts';
import { build } from './build-overlay.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

const subjectsOf = (objects: KubeObject[]) =>
  Object.fromEntries(
    objects
      .filter(({ kind }) => kind === 'ClusterRoleBinding')
      .map(({ metadata, subjects }) => [metadata.name, (subjects as { name: string }[]).map(({ name }) => name)]),
  );

const conditionsOf = (objects: KubeObject[]) =>
  objects
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')
    .map(({ spec }) => (spec as { matchConditions: { expression: string }[] }).matchConditions[0]?.expression);

describe('cluster/', () => {
  it('builds with no warning, and holds roles, policies and their bindings alone', async () => {
    const { objects, warnings } = await build('cluster');

    expect(warnings).toEqual([]);
    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      ...['ClusterRole', 'ClusterRole', 'ClusterRole', 'ClusterRoleBinding', 'ClusterRoleBinding'],
      ...['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicy'],
      ...['ValidatingAdmissionPolicyBinding', 'ValidatingAdmissionPolicyBinding'],
    ]);
  }, 120_000);

  it('lets the description’s principal alone delete namespaces', async () => {
    const { objects } = await build('cluster');
    const deleting = objects.filter(({ kind, rules }) => {
      const all = (rules ?? []) as { resources: string[]; verbs: string[] }[];
      return (
        kind === 'ClusterRole' &&
        all.some(({ resources, verbs }) => resources.includes('namespaces') && verbs.includes('delete'))
      );
    });

    expect(deleting.map(({ metadata }) => metadata.name)).toEqual(['namespace-manager']);
    expect(subjectsOf(objects)['namespace-manager']).toEqual(['41ed2068-1c66-4911-9345-1b413cb9a21c']);
  });

  it('puts the principals where roles are bound and policies look', async () => {
    const objects = await buildGuards({ provisioner: 'one', deprovisioner: 'two' });

    expect(subjectsOf(objects)).toEqual({ 'feature-branch-provisioner': ['one'], 'namespace-manager': ['two'] });
    expect(conditionsOf(objects)).toEqual(Array(2).fill('request.userInfo.username in ["one", "two"]'));
  });

  it('fails closed: a policy that cannot be evaluated refuses, and every policy is bound to deny', async () => {
    const { objects } = await build('cluster');
    const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    const bindings = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding');

    for (const { spec } of policies) expect(spec).toMatchObject({ failurePolicy: 'Fail' });
    expect(bindings.map(({ spec }) => spec)).toEqual(
      policies.map(({ metadata }) => ({ policyName: metadata.name, validationActions: ['Deny'] })),
    );
  });
});
