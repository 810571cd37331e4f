import { fileURLToPath } from 'node:url';
import type { Kustomize } from '../../lib/overlays/compile.ts';
import { ensurePinnedKubectl, PINNED_VERSION } from './pinned-kubectl.ts';
import { run } from './run.ts';

/** In the repository and ignored by git: a clean checkout fetches again, a second build does not. */
const CACHE_DIR = fileURLToPath(new URL('../../.cache/kustomize', import.meta.url));

export interface FindOptions {
  log: (line: string) => void;
  cacheDir?: string;
  platform?: string;
}

export interface FoundKustomize extends Kustomize {
  /** What runs, for the build's log. */
  version: string;
}

/**
 * The kustomize that builds the overlays: on linux-x64 always the pinned one, elsewhere `kustomize` or `kubectl` of
 * PATH, whose version is logged. Throws where there is none, or the pinned one can't be fetched.
 */
export async function findKustomize(options: FindOptions): Promise<FoundKustomize> {
  const { log, cacheDir = CACHE_DIR, platform = `${process.platform}-${process.arch}` } = options;
  if (platform === 'linux-x64') {
    const kubectl = await ensurePinnedKubectl({ cacheDir, log });
    return { version: PINNED_VERSION, build: (directory) => build([kubectl, 'kustomize'], directory) };
  }
  for (const [command, subcommand, versionArgs] of [
    ['kustomize', 'build', ['version']],
    ['kubectl', 'kustomize', ['version', '--client']],
  ] as const) {
    const { code, stdout } = await run(command, versionArgs);
    if (code !== 0) continue;
    const version = `${command} of PATH: ${stdout.trim().replace(/\s*\n\s*/g, ', ')}`;
    log(`no kustomize is pinned for ${platform}: using ${version}`);
    return { version, build: (directory) => build([command, subcommand], directory) };
  }
  throw new Error(`no kustomize for ${platform}: install kustomize 5 or kubectl, so that one is on PATH`);
}

async function build([command, subcommand]: readonly [string, string], directory: string) {
  const { code, stdout, stderr } = await run(command, [subcommand, directory]);
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  if (code !== 0) throw new Error(lines.join(' ').replace(/^error: /i, '') || `${command} ended with ${code}`);
  return { yaml: stdout, warnings: lines };
}
