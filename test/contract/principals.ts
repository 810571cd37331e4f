import { buildGuards } from '../../local/kustomize/build-guards.ts';
import { PRINCIPALS } from '../manifests/cluster/support/guards.ts';
import { pathOf } from '../manifests/cluster/support/paths.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';
import type { Target } from './target.ts';
import { eventually } from './target.ts';

/** What the cases do beside what the shipped roles give, as a team adds it for kinds of its own. */
const OF_THE_CASES: KubeObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'of-the-cases', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
  rules: [
    { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'patch', 'delete'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'create', 'patch', 'delete'] },
  ],
};

const PROBE = 'feature-branch-provisioner-probe';

/** Applies manifests/cluster as an administrator does, and waits until roles and policies hold. */
export async function installGuards(target: Pick<Target, 'apply' | 'raw' | 'cluster'>): Promise<void> {
  for (const guard of [...(await buildGuards(PRINCIPALS)), OF_THE_CASES]) await put(target, guard);
  await eventually(async () => {
    // the role that a controller puts together comes last
    const { status } = await target.raw('GET', `/apis/batch/v1/namespaces/default/jobs/${PROBE}`, {
      as: 'provisioner',
    });
    if (status !== 404) throw new Error('the rights do not hold yet');
  });
  await untilPolicies(target, 'bound');
}

/** Takes the bindings of the policies away, or puts them back, and returns once that holds. */
export async function setPolicies(target: Pick<Target, 'apply' | 'raw' | 'cluster'>, on: boolean): Promise<void> {
  const guards = await buildGuards(PRINCIPALS);
  for (const binding of guards.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')) {
    if (on) await put(target, binding);
    else await target.raw('DELETE', pathOf(binding));
  }
  await untilPolicies(target, on ? 'bound' : 'unbound');
}

async function untilPolicies({ cluster }: Pick<Target, 'cluster'>, wanted: string): Promise<void> {
  await eventually(async () => {
    const state = await cluster.policies();
    if (state !== wanted) throw new Error(`the policies are ${state}`);
  });
}

async function put({ apply }: Pick<Target, 'apply'>, object: KubeObject): Promise<void> {
  const { status, body } = await apply(pathOf(object), object, { query: '&force=true' });
  if (status >= 300) throw new Error(body.message);
}
