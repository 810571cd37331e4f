import { compileOverlays } from '../../../../lib/overlays/template/compile.ts';
import { createOverlays } from '../../../../lib/overlays/render.ts';
import { findKustomize } from '../../../../local/kustomize/find-kustomize.ts';
import { MANIFESTS } from '../../build-overlay.ts';
import { MANAGED_BY, slugLabel } from './start.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

interface RenderOptions {
  imageTag?: string;
  manifestsDir?: string;
  /** App settings beside the one that has no default. */
  settings?: Readonly<Record<string, string>>;
}

/** What the provisioner applies for a branch, without its Namespace. */
export async function renderBranch(
  slug: string,
  { imageTag = 'v1', manifestsDir = MANIFESTS, settings = {} }: RenderOptions = {},
): Promise<KubeObject[]> {
  const compiled = await compileOverlays({
    manifestsDir,
    overlays: ['feature', 'azure-feature'],
    kustomize: await findKustomize({ log: () => undefined }),
  });
  const objects = createOverlays(compiled, { OVERLAY_KEYVAULT_NAME: 'branches-vault', ...settings }).render({
    slug,
    database: slug.replaceAll('-', '_'),
    namespace: `feature-${slug}`,
    imageTag,
    clientId: '11111111-1111-1111-1111-111111111111',
    tenantId: '22222222-2222-2222-2222-222222222222',
    labels: { ...MANAGED_BY, ...slugLabel(slug) },
  });
  return objects.filter(({ kind }) => kind !== 'Namespace');
}
