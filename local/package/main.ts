import { join, relative } from 'node:path';
import { projectRoot } from '../build/build.ts';
import { overlaySettings } from '../build/overlays.ts';
import { packageApp } from './package.ts';

try {
  const overlays = await overlaySettings(projectRoot);
  const log = (line: string): void => console.log(line);
  const { zip, files, bytes, sha256 } = await packageApp({ outDir: join(projectRoot, 'package'), overlays, log });
  const size = `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(`Packed ${files.length} files with overlays ${overlays.overlays.join(', ')} into ${relative('.', zip)}`);
  console.log(`${size}, sha256 ${sha256}`);
} catch (error) {
  console.error(`The package was not made: ${(error as Error).message}`);
  process.exitCode = 1;
}
