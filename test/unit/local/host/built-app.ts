import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../../../../local/build/build.ts';

export interface BuiltApp {
  dir: string;
  remove(): Promise<void>;
}

/** Builds the fixture app and lays what would be deployed of it, and nothing else, into a folder of its own. */
export async function builtApp(): Promise<BuiltApp> {
  const root = join(import.meta.dirname, 'fixtures', 'app');
  const dir = await mkdtemp(join(tmpdir(), 'host-fixture-'));
  await build({ root, outDir: join(dir, 'dist') });
  for (const file of ['package.json', 'host.json']) await cp(join(root, file), join(dir, file));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
