import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ProvisionerError } from '../errors.ts';
import type { Compiled, CompiledOverlay } from './compiled.ts';
import { parseDefaults } from './defaults.ts';
import { parseObjects } from './parse-objects.ts';

/** The real kustomize: what it builds of a directory, and what it says on the side (deprecations). */
export interface Kustomize {
  build(directory: string): Promise<{ yaml: string; warnings: string[] }>;
}

export interface CompileOptions {
  /** MANIFESTS_DIR. */
  manifestsDir: string;
  /** OVERLAYS: a directory under `overlays`, or, with a slash in it, a path under MANIFESTS_DIR. */
  overlays: readonly string[];
  kustomize: Kustomize;
  /** Where the JSON goes; nothing is written without it. */
  outFile?: string;
  /** Told what kustomize says on the side. */
  warn?: (line: string) => void;
}

/** Builds every overlay with kustomize into parsed objects, at build time; throws `render` naming the overlay. */
export async function compileOverlays(options: CompileOptions): Promise<Compiled> {
  const { outFile, overlays: names } = options;
  if (names.length === 0) throw new ProvisionerError('settings', 'OVERLAYS names no overlay');
  const overlays: CompiledOverlay[] = [];
  for (const name of names) overlays.push(await compileOverlay(name, options));
  const compiled: Compiled = { v: 1, hash: hashOf(overlays), overlays };
  if (outFile !== undefined) await writeWhole(outFile, `${JSON.stringify(compiled, null, 1)}\n`);
  return compiled;
}

async function compileOverlay(name: string, options: CompileOptions): Promise<CompiledOverlay> {
  const directory = await toDirectory(name, options.manifestsDir);
  const { yaml, warnings } = await options.kustomize.build(directory).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProvisionerError('render', `overlay ${name} (${directory}) does not build: ${reason}`, { cause });
  });
  for (const warning of warnings) options.warn?.(`overlay ${name}: ${warning}`);
  const defaults = await readFile(join(directory, 'defaults.env'), 'utf8').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cause;
  });
  return { name, objects: parseObjects(yaml, name), defaults: parseDefaults(defaults, name) };
}

async function toDirectory(name: string, manifestsDir: string): Promise<string> {
  const root = resolve(manifestsDir);
  const directory = name.includes('/') ? resolve(root, name) : resolve(root, 'overlays', name);
  if (name.startsWith('/') || relative(root, directory).startsWith('..')) {
    throw new ProvisionerError('settings', `OVERLAYS: ${name} is outside MANIFESTS_DIR (${root})`);
  }
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new ProvisionerError('settings', `OVERLAYS: ${name} is no directory: ${directory} is not there`);
  }
  return directory;
}

/** Of the overlays' content alone: the order of map keys, which kustomize may change, does not count. */
function hashOf(overlays: CompiledOverlay[]): string {
  return createHash('sha256').update(JSON.stringify(overlays, sortKeys)).digest('hex');
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A build that is broken off leaves the former file whole. */
async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${randomUUID().slice(0, 8)}`;
  await writeFile(unfinished, text);
  await rename(unfinished, file);
}
