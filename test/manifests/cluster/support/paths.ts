import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

const PLURALS: Record<string, string> = {
  Gateway: 'gateways',
  Endpoints: 'endpoints',
  Ingress: 'ingresses',
  NetworkPolicy: 'networkpolicies',
};
const IRREGULAR = /(s|y)$/;

export function pluralOf(kind: string): string {
  const plain = kind.toLowerCase();
  const plural = plain.replace(IRREGULAR, (end) => (end === 'y' ? 'ies' : 'ses'));
  return PLURALS[kind] ?? (plural === plain ? `${plain}s` : plural);
}

export function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

export function collectionOf({ apiVersion, kind, metadata }: KubeObject): string {
  const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${rootOf(apiVersion)}${within}/${pluralOf(kind)}`;
}

export function pathOf(object: KubeObject): string {
  return `${collectionOf(object)}/${object.metadata.name}`;
}

export function inNamespace(object: KubeObject, namespace: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

export function configMap(namespace: string, name = 'x'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { x: 'y' } };
}

const DRY = 'dryRun=All';
export const APPLY = 'fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict';

/** A server-side apply that changes nothing: it goes through roles and policies like a real one. */
export function dryApply(object: KubeObject): { method: 'PATCH'; path: string; body: KubeObject } {
  return { method: 'PATCH', path: `${pathOf(object)}?${APPLY}&${DRY}`, body: object };
}

export function dryCreate(object: KubeObject): { method: 'POST'; path: string; body: KubeObject } {
  return { method: 'POST', path: `${collectionOf(object)}?${DRY}`, body: object };
}

export function dryDelete(object: KubeObject): { method: 'DELETE'; path: string } {
  return { method: 'DELETE', path: `${pathOf(object)}?${DRY}` };
}
