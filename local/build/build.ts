import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { compileAppOverlays, type OverlaySettings } from './overlays.ts';
import { buildPage } from './page.ts';
import { build as bundle, type BuildOptions, formatMessages, type OutputFile } from 'esbuild';

export const projectRoot = join(import.meta.dirname, '..', '..');

export interface AppBuild {
  /** The folder whose functions/*.ts are built; this project by default. */
  root?: string;
  /** Where the bundle goes; dist in root by default. */
  outDir?: string;
  sourcemap?: boolean;
  /** Also print which words look like placeholders and are none. */
  explain?: boolean;
  /** Compiled into overlays.json beside the bundle; without it, what lies there stays. */
  overlays?: OverlaySettings;
  /** Told what the overlays' build says on the side. */
  log?: (line: string) => void;
}

export interface Built {
  outDir: string;
  functions: number;
  bytes: number;
  ms: number;
}

/**
 * Bundles every functions/*.ts into dist/main.js with lazily loaded chunks, and compiles the overlays. Every file is renamed into place and
 * main.js comes last, so whoever reads dist meanwhile, and a second build of the same tree, finds a whole app.
 */
export async function build(options: AppBuild = {}): Promise<Built> {
  const started = Date.now();
  const {
    root = projectRoot,
    outDir = join(root, 'dist'),
    sourcemap = false,
    overlays,
    explain = false,
    log = () => {},
  } = options;
  const functions = await functionFiles(root);
  const outFile = join(outDir, 'overlays.json');
  const compiling = overlays && compileAppOverlays({ root, overlays, outFile, explain, log });
  const bundling = bundle({ ...bundleOptions({ root, outDir, functions }), sourcemap, write: false });
  const [{ outputFiles, warnings }, , page] = await Promise.all([bundling, compiling, buildPage({ root, outDir })]);
  for (const line of await formatMessages(warnings, { kind: 'warning' })) log(line.trimEnd());
  const isEntry = (file: OutputFile) => file.path === join(outDir, 'main.js');
  for (const { path, contents } of page) await place(path, contents);
  for (const file of outputFiles.filter((file) => !isEntry(file))) await place(file.path, file.contents);
  for (const file of outputFiles.filter(isEntry)) await place(file.path, file.contents);
  const kept = new Set([...outputFiles, ...page].map((file) => file.path).concat(outFile));
  await removeOlder({ outDir, kept, than: started });
  const bytes = outputFiles.reduce((sum, file) => sum + file.contents.byteLength, 0);
  return { outDir, functions: functions.length, bytes, ms: Date.now() - started };
}

async function functionFiles(root: string): Promise<string[]> {
  const names = await readdir(join(root, 'functions'));
  const files = names.filter((name) => name.endsWith('.ts')).sort();
  if (files.length === 0) throw new Error(`${join(root, 'functions')} holds no function: nothing to build.`);
  return files;
}

interface BundleInput {
  root: string;
  outDir: string;
  functions: readonly string[];
}

function bundleOptions({ root, outDir, functions }: BundleInput) {
  return {
    stdin: {
      contents: functions.map((file) => `import './functions/${file}';`).join('\n'),
      resolveDir: root,
      sourcefile: 'main.ts',
      loader: 'ts',
    },
    absWorkingDir: root,
    outdir: outDir,
    entryNames: 'main',
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    format: 'esm',
    splitting: true,
    platform: 'node',
    target: 'node22',
    keepNames: true,
    // The worker supplies it by patching require: an import of it, or a copy in the bundle, would not be the worker's.
    external: ['@azure/functions-core'],
    // __filename or __dirname in here break the storage chunks: the first call answers 500.
    banner: {
      js: "import { createRequire as nodeCreateRequire } from 'node:module';\nconst require = nodeCreateRequire(import.meta.url);",
    },
    logLevel: 'silent',
  } satisfies BuildOptions;
}

async function place(file: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = temporary(file);
  await writeFile(draft, contents);
  await rename(draft, file);
}

function temporary(file: string): string {
  return `${file}.${randomUUID().slice(0, 8)}.new`;
}

/** What an earlier build left. Younger files may be another build's that runs at this moment. */
async function removeOlder({ outDir, kept, than }: { outDir: string; kept: Set<string>; than: number }): Promise<void> {
  for (const entry of await readdir(outDir, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || kept.has(file)) continue;
    const written = await stat(file).catch(() => undefined);
    if (written && written.mtimeMs < than) await rm(file, { force: true });
  }
}

/** The files of a built app, relative to dist, for whoever wants to load or copy all of them. */
export async function builtFiles(outDir: string): Promise<string[]> {
  const entries = await readdir(outDir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(outDir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}
