import { buildGuards } from '../../../../local/kustomize/build-guards.ts';
import { type Call, eventually } from './api.ts';
import { configMap, dryApply, dryCreate, pathOf } from './paths.ts';
import { MANAGED_BY, type Reached, branchNamespace, namespace, slugLabel } from './start.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

/** What a principal must not do, and the request that would. */
export type Case = [what: string, call: Omit<Call, 'as'>];

export const PRINCIPALS = { provisioner: 'provisioner', deprovisioner: 'deprovisioner' } as const;

/** Ours: one with everything in it, one empty, one at a stricter level, and one from before the repository's id was known. */
const OURS = [
  ...['ours', 'empty', 'strict'].map((slug) => branchNamespace(slug)),
  branchNamespace('noid', { 'repository-id': '' }),
];
/** Each lacks one thing that ours have. */
const FOREIGN = [
  ...['project', 'staging'].map((name) => namespace(name)),
  namespace('feature-unmarked'),
  namespace('feature-half', slugLabel('half')),
  namespace('feature-odd', { ...MANAGED_BY, ...slugLabel('elsewhere') }),
  namespace('stray', { ...MANAGED_BY, ...slugLabel('stray') }),
];
export const FOREIGN_NAMES = [
  'default',
  'kube-system',
  'kube-node-lease',
  ...FOREIGN.map(({ metadata }) => metadata.name),
];

export async function makeNamespaces(plane: Reached): Promise<void> {
  for (const each of [...OURS, ...FOREIGN]) await plane.apply(each);
  // an id that is not known is no annotation at all
  await plane.ok({
    as: 'admin',
    method: 'PATCH',
    path: '/api/v1/namespaces/feature-noid',
    type: 'application/merge-patch+json',
    body: { metadata: { annotations: { 'feature-branch-provisioner/repository-id': null } } },
  });
  await plane.ok({
    as: 'admin',
    method: 'PATCH',
    path: '/api/v1/namespaces/feature-strict',
    type: 'application/merge-patch+json',
    body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
  });
}

/** Applies manifests/cluster for the two users of the control plane, and waits until roles and policies both hold. */
export async function applyGuards(plane: Reached): Promise<KubeObject[]> {
  const guards = await buildGuards(PRINCIPALS);
  for (const guard of guards) await plane.apply(guard);
  await eventually('the roles hold', async () => {
    const { status } = await plane.send({ as: 'provisioner', ...dryApply(configMap('feature-ours')) });
    return status < 300;
  });
  await eventually('the policies hold', async () => {
    const asked = FOREIGN_NAMES.map((name) => plane.send({ as: 'provisioner', ...dryApply(configMap(name)) }));
    return (await Promise.all(asked)).every(({ status, text }) => status === 403 && text.includes('-objects v'));
  });
  await eventually('ownership holds', async () => {
    const { status } = await plane.send({ as: 'admin', ...dryCreate(branchNamespace('probe')) });
    return status === 403;
  });
  return guards;
}

/** Gives a user every right there is, so that what is refused is refused by the policies. */
export async function giveAllRights(plane: Reached, user: string): Promise<void> {
  await plane.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: `all-${user}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
}

export async function isRefused(plane: Reached, call: Call): Promise<boolean> {
  return (await plane.send(call)).status === 403;
}

/** Not refused; what is not there (404) may be asked for all the same. */
export async function isAllowed(plane: Reached, call: Call): Promise<boolean> {
  const { status } = await plane.send(call);
  return status < 300 || status === 404;
}

/** Replaces a guard by a changed one while `during` runs, and then restores it. */
export async function withChanged(
  plane: Reached,
  { guard, changed }: { guard: KubeObject; changed: KubeObject },
  during: () => Promise<void>,
): Promise<void> {
  await plane.apply(changed);
  try {
    await during();
  } finally {
    await plane.apply(guard);
  }
}

export function guardNamed(guards: KubeObject[], kind: string, name: string): KubeObject {
  const found = guards.find((guard) => guard.kind === kind && guard.metadata.name === name);
  if (found === undefined) throw new Error(`no ${pathOf({ apiVersion: 'v1', kind, metadata: { name } })} in cluster/`);
  return found;
}
