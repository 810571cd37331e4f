import { fileURLToPath } from 'node:url';
import type { Kustomize } from '../../lib/overlays/template/compile.ts';
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
  /** Also what kustomize printed. */
  build(directory: string): Promise<{ yaml: string; json: string; warnings: string[] }>;
  /** What runs, for the build's log. */
  version: string;
}

/**
 * The kustomize that builds the overlays, and the kubectl that reads what it prints: on linux-x64 always the pinned one,
 * elsewhere those of PATH, whose version is logged. Throws if there is none, or if the pinned one can't be fetched.
 */
export async function findKustomize(options: FindOptions): Promise<FoundKustomize> {
  const { log, cacheDir = CACHE_DIR, platform = `${process.platform}-${process.arch}` } = options;
  if (platform === 'linux-x64') {
    const kubectl = await ensurePinnedKubectl({ cacheDir, log });
    return { version: PINNED_VERSION, build: (directory) => build([kubectl, 'kustomize'], { directory, kubectl }) };
  }
  const kubectl = 'kubectl';
  if ((await run(kubectl, ['version', '--client'])).code !== 0) {
    throw new Error(`no kubectl for ${platform}: install kubectl 1.30 or newer, so that it is on PATH`);
  }
  for (const [command, subcommand, versionArgs] of [
    ['kustomize', 'build', ['version']],
    [kubectl, 'kustomize', ['version', '--client']],
  ] as const) {
    const { code, stdout } = await run(command, versionArgs);
    if (code !== 0) continue;
    const version = `${command} of PATH: ${stdout.trim().replace(/\s*\n\s*/g, ', ')}`;
    log(`no kustomize is pinned for ${platform}: using ${version}`);
    return { version, build: (directory) => build([command, subcommand], { directory, kubectl }) };
  }
  throw new Error(`no kustomize for ${platform}: install kubectl, so that it is on PATH`);
}

async function build(
  [command, subcommand]: readonly [string, string],
  { directory, kubectl }: { directory: string; kubectl: string },
) {
  const { stdout, stderr } = await succeed(command, [subcommand, directory]);
  const warnings = stderr.split('\n').filter((line) => line.trim() !== '');
  return { yaml: stdout, json: await toJson(kubectl, stdout), warnings };
}

/** An empty patch without a server: kubectl prints each object as it read it, one JSON object a line. */
const PRINT = ['patch', '--local', '-f', '-', '--type=merge', '-p', '{}', '-o', 'jsonpath={@}{"\\n"}'];

/** Kubernetes' own reading of YAML. */
export async function toJson(kubectl: string, yaml: string): Promise<string> {
  // kubectl calls input without objects an error
  return yaml.trim() === '' ? '' : (await succeed(kubectl, PRINT, yaml)).stdout;
}

async function succeed(command: string, args: readonly string[], stdin?: string) {
  const { code, stdout, stderr } = await run(command, args, stdin);
  if (code === 0) return { stdout, stderr };
  const words = stderr.split('\n').filter((line) => line.trim() !== '');
  throw new Error(shorten(words.join(' ').replace(/^error: /i, '')) || `${command} ended with ${code}`);
}

const LIMIT = 400;

/** kubectl repeats the whole object, a Secret's too, before it says what is wrong with it. */
function shorten(words: string): string {
  return words.length > LIMIT ? `…${words.slice(-LIMIT)}` : words;
}
