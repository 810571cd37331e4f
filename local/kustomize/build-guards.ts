import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readObjects } from '../../lib/overlays/read-objects.ts';
import { findKustomize } from './find-kustomize.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

const CLUSTER = fileURLToPath(new URL('../../manifests/cluster', import.meta.url));

/**
 * The roles and policies of manifests/cluster for two principals, as an administrator would build them; `settings` takes
 * the place of lines of settings.env.
 */
export async function buildGuards(
  principals: { provisioner: string; deprovisioner: string },
  settings: Readonly<Record<string, string>> = {},
): Promise<KubeObject[]> {
  const kustomize = await findKustomize({ log: () => undefined });
  const directory = await mkdtemp(join(tmpdir(), 'guards-'));
  try {
    await cp(CLUSTER, directory, { recursive: true });
    const { provisioner, deprovisioner } = principals;
    await writeFile(join(directory, 'principals.env'), `PROVISIONER=${provisioner}\nDEPROVISIONER=${deprovisioner}\n`);
    const lines = (await readFile(join(directory, 'settings.env'), 'utf8')).split('\n');
    const changed = lines.map((line) => {
      const [name = ''] = line.split('=');
      return settings[name] === undefined ? line : `${name}=${settings[name]}`;
    });
    await writeFile(join(directory, 'settings.env'), changed.join('\n'));
    const { json, warnings } = await kustomize.build(directory);
    if (warnings.length > 0) throw new Error(warnings.join('; '));
    return readObjects(json, 'cluster');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
