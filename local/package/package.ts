import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { build, builtFiles, projectRoot } from '../build/build.ts';
import type { OverlaySettings } from '../build/overlays.ts';
import { writeBom } from './sbom.ts';

export const PACKAGE_NAME = 'feature-branch-provisioner.zip';

/** A zip holds local times from 1980 on: this one is the same in every zone. */
const EPOCH = new Date(1980, 0, 1);
const UNIX = 3;
const READABLE = 0o100644 << 16;

export interface Packaged {
  zip: string;
  /** The same files, unpacked. */
  appDir: string;
  files: string[];
  bytes: number;
  sha256: string;
}

/**
 * Builds the app into outDir/app and zips it: bundles, compiled overlays, host.json, a package.json without scripts and
 * dependencies (nothing for a remote build to do) and the bill of materials. The same tree gives the same bytes.
 */
export async function packageApp(options: {
  outDir: string;
  overlays: OverlaySettings;
  log?: (line: string) => void;
}): Promise<Packaged> {
  const { outDir, overlays, log = () => {} } = options;
  const appDir = join(outDir, 'app');
  await rm(appDir, { recursive: true, force: true });
  await mkdir(appDir, { recursive: true });
  await build({ outDir: join(appDir, 'dist'), overlays, log });
  const stated = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version, description, license, type, main, engines } = stated;
  const kept = { name, version, description, license, private: true, type, main, engines };
  await writeFile(join(appDir, 'package.json'), `${JSON.stringify(kept, undefined, 2)}\n`);
  await writeFile(join(appDir, 'host.json'), await readFile(join(projectRoot, 'host.json')));
  await writeFile(join(appDir, 'sbom.cdx.json'), await writeBom(projectRoot, String(name)));

  const files = await builtFiles(appDir);
  const entries = await Promise.all(files.map(async (file) => [file, await readFile(join(appDir, file))] as const));
  const zipped = zipSync(Object.fromEntries(entries), { level: 9, mtime: EPOCH, os: UNIX, attrs: READABLE });
  const zip = join(outDir, PACKAGE_NAME);
  await writeFile(zip, zipped);
  return { zip, appDir, files, bytes: zipped.length, sha256: createHash('sha256').update(zipped).digest('hex') };
}
