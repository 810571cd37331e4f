import { describe } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterAccess } from '../../../../local/kubernetes/kubeconfig.ts';
import type { ControlPlane } from '../../../../local/control-plane/start.ts';
import { WITHOUT_CONTROL_PLANE, startControlPlane } from '../../../support/control-plane.ts';
import { type Api, type Call, connect, eventually } from './api.ts';
import { DEFINITIONS } from './definitions.ts';
import { APPLY, collectionOf, pathOf } from './paths.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

/** A suite on a real control plane; skipped, with the reason in its name, where there is none. */
export function describeOnPlane(name: string, tests: () => void): void {
  const reason = WITHOUT_CONTROL_PLANE ?? withoutControllers();
  if (reason === undefined) describe(name, tests);
  else describe.skip(`${name}: ${reason}`, tests);
}

/** Roles that come together by a label, and pods, are made by kube-controller-manager: setup-envtest brings none. */
function withoutControllers(): string | undefined {
  const programs = process.env['KUBEBUILDER_ASSETS'] ?? '';
  if (existsSync(join(programs, 'kube-controller-manager'))) return undefined;
  return 'skipped: KUBEBUILDER_ASSETS names no kube-controller-manager';
}

/** An API server, and how tests speak to it. */
export interface Reached extends Api {
  /** As the administrator, server-side; throws what the API server says. */
  apply(object: KubeObject): Promise<void>;
  /** Throws the API server's words unless it answers with success. */
  ok(call: Call): Promise<string>;
}

/** A real API server with the add-ons' kinds. */
export interface Plane extends Reached {
  controlPlane: ControlPlane;
  stop(): Promise<void>;
}

export function reach(access: ClusterAccess): Reached {
  const api = connect(access);
  const ok = async (call: Call) => {
    const { status, text } = await api.send(call);
    if (status >= 300) throw new Error(`${call.as}: ${call.method} ${call.path}: ${status} ${text}`);
    return text;
  };
  const apply = async (object: KubeObject) => {
    await ok({ as: 'admin', method: 'PATCH', path: `${pathOf(object)}?${APPLY}`, body: object });
  };
  return { ...api, apply, ok };
}

export async function startPlane(): Promise<Plane> {
  const controlPlane = await startControlPlane();
  const reached = reach(controlPlane.access);
  const stop = async () => {
    await reached.close();
    await controlPlane.stop();
  };
  try {
    await defineAddOns(reached);
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...reached, controlPlane, stop };
}

/** Adds the add-ons' kinds, and waits until they are served. */
export async function defineAddOns({ apply, send }: Reached): Promise<void> {
  for (const definition of DEFINITIONS) await apply(definition);
  await eventually('the definitions are served', async () => {
    const asked = DEFINITIONS.map(({ spec }) => {
      const { group, names, versions } = spec as {
        group: string;
        names: { kind: string };
        versions: { name: string }[];
      };
      const apiVersion = `${group}/${versions[0]?.name}`;
      return send({
        as: 'admin',
        method: 'GET',
        path: collectionOf({ apiVersion, kind: names.kind, metadata: { name: '' } }),
      });
    });
    return (await Promise.all(asked)).every(({ status }) => status === 200);
  });
}

export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'feature-branch-provisioner' };

export function slugLabel(slug: string): Record<string, string> {
  return { 'feature-branch-provisioner/slug': slug };
}

/** The level that manifests/cluster/settings.env asks for. */
export const BASELINE = { 'pod-security.kubernetes.io/enforce': 'baseline' };

/** The namespace of a branch, as the app makes it. */
export function branchNamespace(slug: string, notes: Record<string, string> = {}): KubeObject {
  const annotations = Object.fromEntries(
    Object.entries({ repository: 'owner/app', 'repository-id': '42', ref: slug, ...notes }).map(([key, value]) => [
      `feature-branch-provisioner/${key}`,
      value,
    ]),
  );
  return namespace(`feature-${slug}`, { ...MANAGED_BY, ...slugLabel(slug), ...BASELINE }, annotations);
}

export function namespace(
  name: string,
  labels: Record<string, string> = {},
  annotations: Record<string, string> = {},
): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, annotations } };
}
