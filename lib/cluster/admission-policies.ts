import { METADATA, type Send } from './api/client.ts';
import { applyQuery } from './api/rest-mapping.ts';

/** A ConfigMap that never comes to be: its apply is a dry run, in a namespace that is not ours to write to. */
const PROBE = 'feature-branch-provisioner-probe';
const FOREIGN_NAMESPACE = 'default';

/** On every cluster, no environment's, and not among the few that the API server itself protects from deletion. */
const UNDELETABLE = 'kube-node-lease';

/** Whether each principal is refused what no principal of ours may do; asked by dry run, so nothing can come of it. */
export async function probePolicies(send: { provisioner: Send; deprovisioner: Send }): Promise<'bound' | 'unbound'> {
  const [applied, deleted] = await Promise.all([dryApply(send.provisioner), dryDelete(send.deprovisioner)]);
  return applied === 403 && deleted === 403 ? 'bound' : 'unbound';
}

async function dryApply(send: Send): Promise<number> {
  const { status } = await send({
    method: 'PATCH',
    path: `/api/v1/namespaces/${FOREIGN_NAMESPACE}/configmaps/${PROBE}${applyQuery({ dryRun: true })}`,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: PROBE, namespace: FOREIGN_NAMESPACE } },
    accept: METADATA,
    object: `ConfigMap/${FOREIGN_NAMESPACE}/${PROBE}`,
    expect: [403],
  });
  return status;
}

async function dryDelete(send: Send): Promise<number> {
  const { status } = await send({
    method: 'DELETE',
    // a body with options makes the API server ignore the query, and a proxy may drop the body: both say dry run
    path: `/api/v1/namespaces/${UNDELETABLE}?dryRun=All`,
    body: { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'] },
    object: `Namespace/${UNDELETABLE}`,
    expect: [403],
  });
  return status;
}

/** The version that every denial of manifests/cluster names; a change of a policy that matters raises both. */
export const POLICY_VERSION = 'v1';
