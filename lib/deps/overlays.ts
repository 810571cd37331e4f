import { findAppFile } from '../app-files.ts';
import { once } from '../concurrency.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';
import type { BranchTemplates, Overlays } from '../environment/ports/ports.ts';
import type { Compiled } from '../overlays/template/compiled.ts';
import type { Machine } from './machine.ts';
import type { StorageDeps } from './storage.ts';

export interface OverlayDeps {
  overlays(): Promise<Overlays>;
  /** The overlays of an environment that brings its own manifests; throws where they may not be applied. */
  toBranchOverlays(manifests: { objects: KubeObject[]; digest: string }): Promise<Overlays>;
  branchTemplates(): Promise<BranchTemplates>;
}

export function createOverlayDeps(
  { env, settings, clock, bounds }: Machine,
  { container }: Pick<StorageDeps, 'container'>,
  given?: Compiled,
): OverlayDeps {
  const compiled = once(
    async () =>
      given ??
      (await import('../overlays/template/compiled.ts')).loadCompiled(
        findAppFile('overlays.json', 'dist/overlays.json'),
      ),
  );
  async function toBranchOverlays(manifests: { objects: KubeObject[]; digest: string }): Promise<Overlays> {
    const { createBranchOverlays } = await import('../overlays/template/branch-template.ts');
    const { kinds } = settings.workflows();
    const limits = settings.content();
    return createBranchOverlays(manifests, { compiled: await compiled(), environment: env, kinds, limits });
  }
  return {
    toBranchOverlays,
    overlays: once(async () => {
      const { createOverlays } = await import('../overlays/render.ts');
      return createOverlays(await compiled(), env, settings.content());
    }),
    branchTemplates: once(async () => {
      const { MANIFEST_CONTAINER, createBranchTemplates } = await import('../storage/branch-templates.ts');
      return createBranchTemplates({
        container: container(MANIFEST_CONTAINER),
        toOverlays: toBranchOverlays,
        now: () => clock.now(),
        ...bounds,
      });
    }),
  };
}
