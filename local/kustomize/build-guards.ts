import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readObjects } from '../../lib/overlays/read-objects.ts';
import { findKustomize } from './find-kustomize.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

const CLUSTER = fileURLToPath(new URL('../../manifests/cluster', import.meta.url));

/**
 * The roles and policies of manifests/cluster as they are shipped, whatever the user of this checkout wrote into its own
 * files: for two principals, as an administrator would build them, or for none. `settings` takes the place of lines of
 * settings.env.
 */
export async function buildGuards(
  principals?: { provisioner: string; deprovisioner: string },
  settings: Readonly<Record<string, string>> = {},
): Promise<KubeObject[]> {
  const kustomize = await findKustomize({ log: () => undefined });
  const directory = await mkdtemp(join(tmpdir(), 'guards-'));
  const write = async (name: string, values: Readonly<Record<string, string | undefined>>): Promise<void> => {
    const shipped = (await readFile(join(directory, `${name}.sample`), 'utf8')).split('\n');
    const lines = shipped.map((line) => {
      const [key = ''] = line.split('=');
      return values[key] === undefined ? line : `${key}=${values[key]}`;
    });
    await writeFile(join(directory, name), lines.join('\n'));
  };
  try {
    await cp(CLUSTER, directory, { recursive: true });
    await write('principals.env', { PROVISIONER: principals?.provisioner, DEPROVISIONER: principals?.deprovisioner });
    await write('settings.env', settings);
    const { json, warnings } = await kustomize.build(directory);
    if (warnings.length > 0) throw new Error(warnings.join('; '));
    return readObjects(json, 'cluster');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The role of cluster/gateway: what the provisioner needs for components/gateway beside its shipped one. */
export async function buildGatewayRole(): Promise<KubeObject[]> {
  const kustomize = await findKustomize({ log: () => undefined });
  const { json } = await kustomize.build(join(CLUSTER, 'gateway', 'istio'));
  return readObjects(json, 'cluster/gateway').filter(({ kind }) => kind === 'ClusterRole');
}
