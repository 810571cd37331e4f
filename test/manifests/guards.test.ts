import { describe, expect, it } from '@jest/globals';
import { buildGuards } from '../../local/kustomize/build-guards.ts';
import { POLICY_VERSION } from '../../lib/cluster/admission-policies.ts';
import { CONTENT_RULES } from '../../lib/overlays/content/rules.ts';
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
    const objects = await buildGuards();

    expect(objects.map(({ kind }) => kind).sort()).toEqual([
      ...['ClusterRole', 'ClusterRole', 'ClusterRole', 'ClusterRoleBinding', 'ClusterRoleBinding'],
      ...Array<string>(3).fill('ValidatingAdmissionPolicy'),
      ...Array<string>(3).fill('ValidatingAdmissionPolicyBinding'),
    ]);
  });

  it('ships without principals, so that no cluster accepts it before they are written', async () => {
    const objects = await buildGuards();

    expect(subjectsOf(objects)).toEqual({ 'feature-branch-provisioner': [''], 'namespace-manager': [''] });
  });

  it('lets the deprovisioner alone delete namespaces', async () => {
    const objects = await buildGuards();
    const deleting = objects.filter(({ kind, rules }) => {
      const all = (rules ?? []) as { resources: string[]; verbs: string[] }[];
      return (
        kind === 'ClusterRole' &&
        all.some(({ resources, verbs }) => resources.includes('namespaces') && verbs.includes('delete'))
      );
    });

    expect(deleting.map(({ metadata }) => metadata.name)).toEqual(['namespace-manager']);
  });

  it('puts the principals where roles are bound and policies look', async () => {
    const objects = await buildGuards({ provisioner: 'one', deprovisioner: 'two' });

    expect(subjectsOf(objects)).toEqual({ 'feature-branch-provisioner': ['one'], 'namespace-manager': ['two'] });
    const ours = 'request.userInfo.username in ["one", "two"]';
    expect(conditionsOf(objects)).toEqual([ours, ours, `!(${ours})`]);
  });

  it('puts the settings where policies look', async () => {
    const settings = {
      DOMAIN: 'a.b',
      HOSTS: '{slug}.c',
      POD_SECURITY: 'restricted',
      SERVICE_TYPES: 'NodePort',
      EXTERNAL_NAMES: 'd',
    };
    const objects = await buildGuards({ provisioner: 'one', deprovisioner: 'two' }, settings);

    const stated = objects.map(({ metadata, spec }) => {
      const { variables = [] } = (spec ?? {}) as { variables?: { name: string; expression: string }[] };
      const quoted = variables.filter(({ expression }) => /^"[^"]*"$/.test(expression));
      return [metadata.name, Object.fromEntries(quoted.map(({ name, expression }) => [name, expression.slice(1, -1)]))];
    });
    expect(Object.fromEntries(stated.filter(([, values]) => Object.keys(values as object).length > 0))).toEqual({
      'feature-branch-provisioner-namespaces': { podSecurity: 'restricted' },
      'feature-branch-provisioner-objects': {
        ...{
          domain: 'a.b',
          hosts: '{slug}.c',
          podSecurity: 'restricted',
          serviceTypes: 'NodePort',
          externalNames: 'd',
        },
      },
    });
  });

  it('names the policy and the version that the app asks for in every denial', async () => {
    const objects = await buildGuards();
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy')) {
      const { validations } = spec as { validations: { message: string }[] };
      for (const { message } of validations)
        expect(message).toMatch(new RegExp(`^${metadata.name} ${POLICY_VERSION}: \\w`));
    }
  });

  it('has each rule on content in the words of the overlays’ validation, and in its order', async () => {
    const objects = await buildGuards();
    const policy = objects.find(
      ({ kind, metadata }) => kind === 'ValidatingAdmissionPolicy' && metadata.name.endsWith('-objects'),
    );
    const { validations } = policy?.['spec'] as { validations: { message: string }[] };

    // before them come three about the place, after them one about deleting pods, which no overlay does
    const messages = validations.slice(3).map(({ message }) => message.replace(/^\S+ v\d+: /, ''));
    expect(messages.slice(0, -1)).toEqual(CONTENT_RULES.map(({ message }) => message));
    expect(messages.at(-1)).toMatch(/^only a pod .* is deleted$/);
  });

  it('fails closed: a policy that cannot be evaluated refuses, and every policy is bound to deny', async () => {
    const objects = await buildGuards();
    const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    const bindings = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding');

    for (const { spec } of policies) expect(spec).toMatchObject({ failurePolicy: 'Fail' });
    expect(bindings.map(({ spec }) => spec)).toEqual(
      policies.map(({ metadata }) => ({ policyName: metadata.name, validationActions: ['Deny'] })),
    );
  });
});
