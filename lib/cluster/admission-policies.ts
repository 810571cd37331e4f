import { METADATA, type Call, type Send } from './api/client.ts';
import { applyQuery } from './api/rest-mapping.ts';
import { statusOf } from './api/status.ts';
import { isOverprivileged } from './auth/access-review.ts';
import type { PolicyState } from '../environment/ports/cluster.ts';

/** The version that every denial of manifests/cluster names; a change of a policy that matters raises both. */
export const POLICY_VERSION = 'v1';

const NAMESPACES = 'feature-branch-provisioner-namespaces';
const OBJECTS = 'feature-branch-provisioner-objects';

/** Names a ConfigMap and a Namespace that are never created: every question is a dry run. */
const PROBE = 'feature-branch-provisioner-probe';
/** Not ours to write to. */
const FOREIGN_NAMESPACE = 'default';
/** On every cluster, no environment's, and not among the few that the API server itself protects from deletion. */
const UNDELETABLE = 'kube-node-lease';

const APPLY: Call = {
  method: 'PATCH',
  path: `/api/v1/namespaces/${FOREIGN_NAMESPACE}/configmaps/${PROBE}${applyQuery({ dryRun: true })}`,
  body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: PROBE, namespace: FOREIGN_NAMESPACE } },
  accept: METADATA,
  object: `ConfigMap/${FOREIGN_NAMESPACE}/${PROBE}`,
  expect: [403],
};

const CREATE: Call = {
  method: 'POST',
  path: '/api/v1/namespaces?dryRun=All',
  body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PROBE } },
  object: `Namespace/${PROBE}`,
  expect: [403],
};

const DELETE: Call = {
  method: 'DELETE',
  // a body with options makes the API server ignore the query, and a proxy may drop the body: both say dry run
  path: `/api/v1/namespaces/${UNDELETABLE}?dryRun=All`,
  body: { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'] },
  object: `Namespace/${UNDELETABLE}`,
  expect: [403],
};

/**
 * Whether the policies that this app ships bind both principals, and whether either has rights by which it could get
 * around them. A denial proves a policy only if it names it and its version: a missing right, or another policy of the
 * cluster, denies as well.
 */
export async function probePolicies(send: { provisioner: Send; deprovisioner: Send }): Promise<PolicyState> {
  const { provisioner, deprovisioner } = send;
  const [first, second, ...proofs] = await Promise.all([
    isOverprivileged(provisioner),
    isOverprivileged(deprovisioner),
    prove(provisioner, APPLY, OBJECTS),
    prove(provisioner, CREATE, NAMESPACES),
    prove(deprovisioner, APPLY, OBJECTS),
    prove(deprovisioner, DELETE, NAMESPACES),
  ]);
  if (proofs.includes('unbound')) return 'unbound';
  if (proofs.includes('outdated')) return 'outdated';
  return first || second ? 'overprivileged' : 'bound';
}

async function prove(send: Send, call: Call, policy: string): Promise<'bound' | 'unbound' | 'outdated'> {
  const { status, body } = await send(call);
  const { message = '' } = statusOf(body);
  const denial = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: `;
  if (status !== 403 || !message.includes(denial)) return 'unbound';
  return message.includes(`${denial}${policy} ${POLICY_VERSION}: `) ? 'bound' : 'outdated';
}
