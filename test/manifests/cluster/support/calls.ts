import type { Call } from './api.ts';
import { collectionOf, configMap, dryApply, dryCreate, dryDelete, inNamespace, pathOf, pluralOf } from './paths.ts';
import { branchNamespace } from './start.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

const READ_ONLY = {
  events: '/api/v1',
  pods: '/api/v1',
  replicasets: '/apis/apps/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
  jobs: '/apis/batch/v1',
  horizontalpodautoscalers: '/apis/autoscaling/v2',
  secretproviderclasspodstatuses: '/apis/secrets-store.csi.x-k8s.io/v1',
};

/** `resource verb` of a role to a request that the app makes and that needs it. */
export type CallsByRight = Map<string, Call>;

/** For every kind that a branch has; `objects` are there in feature-ours, and nothing is in feature-empty. */
export function provisionerCalls(objects: KubeObject[]): CallsByRight {
  const as = 'provisioner';
  const ours = branchNamespace('ours');
  const calls: CallsByRight = new Map([
    ['namespaces get', { as, method: 'GET', path: pathOf(ours) }],
    ['namespaces create', { as, ...dryCreate(branchNamespace('new')) }],
    ['namespaces patch', { as, ...dryApply(ours) }],
  ]);
  for (const object of objects) {
    const resource = pluralOf(object.kind);
    if (object.kind !== 'Secret') {
      calls.set(`${resource} get`, { as, method: 'GET', path: pathOf(object) });
      calls.set(`${resource} list`, { as, method: 'GET', path: collectionOf(object) });
    }
    calls.set(`${resource} patch`, { as, ...dryApply(object) });
    calls.set(`${resource} create`, { as, ...dryApply(inNamespace(ofBranch(object, 'empty'), 'feature-empty')) });
    calls.set(`${resource} delete`, { as, ...dryDelete(object) });
  }
  for (const [resource, root] of Object.entries(READ_ONLY)) {
    calls.set(`${resource} list`, { as, method: 'GET', path: `${root}/namespaces/feature-ours/${resource}` });
  }
  calls.set('ingressclasses list', { as, method: 'GET', path: '/apis/networking.k8s.io/v1/ingressclasses' });
  // of a StatefulSet that waits for it: the policies hold it to such
  calls.set('pods delete', { as, method: 'DELETE', path: '/api/v1/namespaces/feature-ours/pods/x?dryRun=All' });
  return calls;
}

/** With the hosts of another branch: an Ingress may name those of its own alone. */
function ofBranch(object: KubeObject, slug: string): KubeObject {
  if (object.kind !== 'Ingress') return object;
  return JSON.parse(JSON.stringify(object).replaceAll('ours.', `${slug}.`)) as KubeObject;
}

const PROBE = 'feature-branch-provisioner-probe';

export function merge(path: string, body: object): Omit<Call, 'as'> {
  return { method: 'PATCH', path: `${path}?dryRun=All`, body, type: 'application/merge-patch+json' };
}

export function deprovisionerCalls(): CallsByRight {
  const as = 'deprovisioner';
  const ours = branchNamespace('ours');
  return new Map<string, Call>([
    ['namespaces list', { as, method: 'GET', path: '/api/v1/namespaces' }],
    ['namespaces delete', { as, ...dryDelete(ours) }],
    ['configmaps create', { as, ...dryApply(configMap('feature-empty', PROBE)) }],
    ['configmaps patch', { as, ...merge(pathOf(configMap('feature-ours', PROBE)), {}) }],
  ]);
}
