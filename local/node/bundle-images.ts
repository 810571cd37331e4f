import { build } from 'esbuild';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bundles each program of the example's images into one file, as their recipes want it; gives the recipes. */
export async function bundleImages(root: string): Promise<string[]> {
  const images = join(root, 'manifests', 'images');
  const entries = await readdir(images, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  await build({
    entryPoints: Object.fromEntries(names.map((name) => [name, join(images, name, 'main.ts')])),
    outdir: join(root, '.cache', 'images'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    // an optional peer of pg: the pure client serves
    external: ['pg-native'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  return names.map((name) => join(images, name, `${name}.recipe`));
}
