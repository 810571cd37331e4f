import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MANIFESTS } from './build-overlay.ts';

/** A copy of manifests/ whose feature overlay is switched to the Gateway as its README says: by one line. */
export async function writeGatewayTree(): Promise<string> {
  const manifestsDir = await mkdtemp(join(tmpdir(), 'gateway-tree-'));
  await cp(MANIFESTS, manifestsDir, { recursive: true });
  const file = join(manifestsDir, 'overlays', 'feature', 'kustomization.yaml');
  const text = await readFile(file, 'utf8');
  const switched = text.replace(/^components:\n/m, 'components:\n  - ../../components/gateway\n');
  if (switched === text) throw new Error('overlays/feature lists no components');
  await writeFile(file, switched);
  return manifestsDir;
}
