import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AzureStandIn, startAzure } from '../local/azure/start.ts';
import { type Azurite, startAzurite } from '../local/azurite/azurite.ts';
import { type Admin, createAdmin } from '../local/control-plane/admin.ts';
import { installAddOns } from '../local/control-plane/add-ons.ts';
import { installGuards } from '../local/control-plane/install-policies.ts';
import { type ControlPlane, startControlPlane } from '../local/control-plane/start.ts';
import { findKustomize } from '../local/kustomize/find-kustomize.ts';
import { compileOverlays } from '../lib/overlays/template/compile.ts';
import type { Compiled } from '../lib/overlays/template/compiled.ts';

export const MANIFESTS = join(import.meta.dirname, '..', 'manifests');
export const OVERLAYS = ['feature', 'azure-feature'] as const;

/** Three identities; every round that fills them has a pool of its own. */
export function poolOf(round: number): string[] {
  return [1, 2, 3].map(
    (number) =>
      `/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/bench/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-${round}-${number}`,
  );
}

const MOST_ROUNDS = 30;

/** Everything that the cases run on. */
export interface Stage {
  plane: ControlPlane;
  admin: Admin;
  azurite: Azurite;
  azure: AzureStandIn;
  compiled: Compiled;
  /** A folder of its own, removed at the end. */
  dir: string;
  stop(): Promise<void>;
}

/** A real control plane guarded as manifests/cluster says, with add-ons and without nodes; Azurite; the ARM stand-in. */
export async function setStage(assets: string): Promise<Stage> {
  const [plane, azurite, azure, dir] = await Promise.all([
    startControlPlane({ assets }),
    startAzurite(),
    startAzure({
      identities: Array.from({ length: MOST_ROUNDS }, (_, round) => poolOf(round))
        .flat()
        .map((id) => ({ id, clientId: GUID, tenantId: GUID })),
      delayMs: 150,
    }),
    mkdtemp(join(tmpdir(), 'bench-')),
  ]);
  const admin = createAdmin(plane.access);
  await installAddOns(plane.access);
  await installGuards(admin, { kubeconfig: plane.kubeconfig });
  const kustomize = await findKustomize({ log: () => undefined });
  const compiled = await compileOverlays({ manifestsDir: MANIFESTS, overlays: OVERLAYS, kustomize });
  return {
    plane,
    admin,
    azurite,
    azure,
    compiled,
    dir,
    async stop() {
      await admin.close();
      await Promise.all([plane.stop(), azurite.stop(), azure.close()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const GUID = '11111111-1111-4111-8111-111111111111';
