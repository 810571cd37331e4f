import { fileURLToPath } from 'node:url';
import { readObjects } from '../../lib/overlays/read-objects.ts';
import { type FoundKustomize, findKustomize } from '../../local/kustomize/find-kustomize.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

export const MANIFESTS = fileURLToPath(new URL('../../manifests', import.meta.url));

/** Each environment is one application overlay and, on Azure, one for its monitoring. */
export const OVERLAYS = [
  'development',
  'feature',
  'staging',
  'production',
  'azure-feature',
  'azure-production',
] as const;
export const APPLICATIONS = ['development', 'feature', 'staging', 'production'] as const;
export type OverlayName = (typeof OVERLAYS)[number];

let kustomize: Promise<FoundKustomize> | undefined;
const built = new Map<string, Promise<Built>>();

export interface Built {
  objects: KubeObject[];
  yaml: string;
  warnings: string[];
}

/** What the real kustomize makes of a directory under manifests/; built once for each test file. */
export async function build(directory: string): Promise<Built> {
  kustomize ??= findKustomize({ log: () => undefined });
  const found = await kustomize;
  const building = built.get(directory) ?? found.build(`${MANIFESTS}/${directory}`).then(toBuilt(directory));
  built.set(directory, building);
  return building;
}

function toBuilt(directory: string) {
  return ({ yaml, json, warnings }: { yaml: string; json: string; warnings: string[] }) => ({
    yaml,
    warnings,
    objects: readObjects(json, directory),
  });
}

/** What the real kustomize makes of any directory. */
export async function buildDirectory(directory: string): Promise<KubeObject[]> {
  kustomize ??= findKustomize({ log: () => undefined });
  return readObjects((await (await kustomize).build(directory)).json, directory);
}

export async function buildOverlay(name: OverlayName | 'base'): Promise<KubeObject[]> {
  return (await build(name === 'base' ? name : `overlays/${name}`)).objects;
}
