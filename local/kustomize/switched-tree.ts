import { appendFile, cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../build/build.ts';

export type Component = 'gateway' | 'private';

/**
 * A copy of manifests/ whose feature overlay has components switched on as the README says: by one line for each. Where
 * branches are private behind the Gateway, it has the redirect address too.
 */
export async function writeSwitchedTree(...components: readonly Component[]): Promise<string> {
  const manifestsDir = await mkdtemp(join(tmpdir(), 'switched-tree-'));
  await cp(join(projectRoot, 'manifests'), manifestsDir, { recursive: true });
  const file = join(manifestsDir, 'overlays', 'feature', 'kustomization.yaml');
  const text = await readFile(file, 'utf8');
  const lines = components.map((component) => `  - ../../components/${component}\n`);
  const switched = text.replace(/^components:\n(?: {2}- .*\n)+/m, (shipped) => shipped + lines.join(''));
  if (switched === text) throw new Error('overlays/feature lists no components');
  await writeFile(file, switched);
  if (components.includes('gateway') && components.includes('private'))
    await appendFile(join(manifestsDir, 'cluster/gateway/istio/kustomization.yaml'), 'components:\n  - ../sign-in\n');
  return manifestsDir;
}
