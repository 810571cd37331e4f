import { resolve } from 'node:path';
import { bundleImages } from './bundle-images.ts';

/** What the tests bring beside the example's own images. */
const TEST_IMAGES = 'test/node/images';

/** The command that starts the node of NODE_RUN with the example's images in its registry, and then what follows. */
export async function nodeCommand(root: string): Promise<string[]> {
  const recipes = await bundleImages(root);
  const images = [...recipes, resolve(root, TEST_IMAGES)].flatMap((each) => ['--images', each]);
  return [resolve(root, process.env['NODE_RUN'] ?? ''), ...images, '--'];
}
