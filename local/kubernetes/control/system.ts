import { kindOf } from '../objects/kinds.ts';
import { create } from '../http/verbs.ts';
import type { World } from '../objects/write.ts';

/** The namespaces that every cluster has. */
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** The classes of the add-ons that AKS offers. */
export const INGRESS_CLASSES = {
  'azure-alb-external': 'alb.networking.azure.io/alb-controller',
  nginx: 'k8s.io/ingress-nginx',
  'webapprouting.kubernetes.azure.com': 'webapprouting.kubernetes.azure.com/nginx',
};

export function furnishCluster(world: World): void {
  for (const name of NAMESPACES) furnish(world, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const [name, controller] of Object.entries(INGRESS_CLASSES)) {
    const apiVersion = 'networking.k8s.io/v1';
    furnish(world, { apiVersion, kind: 'IngressClass', metadata: { name }, spec: { controller } });
  }
}

function furnish(
  world: World,
  object: { apiVersion: string; kind: string; metadata: { name: string }; [field: string]: unknown },
): void {
  const kind = kindOf(object.apiVersion, object.kind);
  const { name } = object.metadata;
  const attempt = { user: 'admin', verb: 'create' as const, kind, name };
  create(world, { attempt, place: { kind, name }, query: new URLSearchParams(), dryRun: false }, { ...object });
}
