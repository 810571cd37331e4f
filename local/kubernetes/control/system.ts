import { kindOf } from '../objects/kinds.ts';
import { create } from '../http/verbs.ts';
import type { World } from '../objects/write.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

/** The namespaces that every cluster has. */
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** The classes of the add-ons that AKS offers. */
export const INGRESS_CLASSES = {
  'azure-alb-external': 'alb.networking.azure.io/alb-controller',
  nginx: 'k8s.io/ingress-nginx',
  'webapprouting.kubernetes.azure.com': 'webapprouting.kubernetes.azure.com/nginx',
};

const CLUSTER_ADMIN = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'cluster-admin' },
  rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
};

/** What every cluster has, and then what an administrator applies. */
export function furnishCluster(world: World, applied: readonly KubeObject[]): void {
  for (const name of NAMESPACES) furnish(world, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const [name, controller] of Object.entries(INGRESS_CLASSES)) {
    const apiVersion = 'networking.k8s.io/v1';
    furnish(world, { apiVersion, kind: 'IngressClass', metadata: { name }, spec: { controller } });
  }
  furnish(world, CLUSTER_ADMIN);
  for (const object of applied) furnish(world, object);
}

function furnish(world: World, object: KubeObject): void {
  const kind = kindOf(object.apiVersion, object.kind);
  const { name } = object.metadata;
  const attempt = { user: 'admin', verb: 'create' as const, kind, name };
  create(world, { attempt, place: { kind, name }, query: new URLSearchParams(), dryRun: false }, { ...object });
}
