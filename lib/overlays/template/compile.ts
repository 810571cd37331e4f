import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { ProvisionerError } from '../../errors.ts';
import type { Compiled, CompiledOverlay } from './compiled.ts';
import { parseDefaults } from '../defaults.ts';
import { withoutExported } from '../exported.ts';
import { findWarnings } from '../findings.ts';
import { readObjects } from '../read-objects.ts';
import { stringifyExact } from '../../exact-json.ts';

/** The real kustomize, read by the real kubectl. */
export interface Kustomize {
  /** The objects of a directory as kubectl reads them, one JSON object a line, and kustomize's warnings. */
  build(directory: string): Promise<{ json: string; warnings: string[] }>;
}

export interface CompileOptions {
  /** MANIFESTS_DIR. */
  manifestsDir: string;
  /** OVERLAYS: a directory under `overlays`, or, with a slash in it, a path under MANIFESTS_DIR. */
  overlays: readonly string[];
  kustomize: Kustomize;
  /** manifests/cluster/settings.env, for what it admits of Services. */
  policySettings?: string;
  /** Where the JSON is written; without it nothing is. */
  outFile?: string;
  /** Called with each warning. */
  warn?: (line: string) => void;
}

/** Builds every overlay with kustomize into parsed objects, at build time; throws `render` naming the overlay. */
export async function compileOverlays(options: CompileOptions): Promise<Compiled> {
  const { outFile, overlays: names } = options;
  if (names.length === 0) throw new ProvisionerError('settings', 'OVERLAYS names no overlay');
  const overlays: CompiledOverlay[] = [];
  for (const name of names) overlays.push(await compileOverlay(name, options));
  const policies = options.policySettings === undefined ? {} : { policies: await readPolicies(options.policySettings) };
  const warnings = findWarnings(overlays);
  for (const warning of warnings) options.warn?.(warning);
  const compiled: Compiled = { v: 1, hash: hashOf(overlays), overlays, warnings, ...policies };
  if (outFile !== undefined) await writeWhole(outFile, `${stringifyExact(compiled, { indent: 1 })}\n`);
  return compiled;
}

async function compileOverlay(name: string, options: CompileOptions): Promise<CompiledOverlay> {
  const directory = await toDirectory(name, options.manifestsDir);
  const { json, warnings } = await options.kustomize.build(directory).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProvisionerError('render', `overlay ${name} (${directory}) does not build: ${reason}`, { cause });
  });
  for (const warning of warnings) options.warn?.(`overlay ${name}: ${warning}`);
  const defaults = await readFile(join(directory, 'defaults.env'), 'utf8').catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cause;
  });
  const objects = readObjects(json, name).map((read) => {
    const { object, removed } = withoutExported(read);
    if (removed.length > 0) {
      options.warn?.(
        `overlay ${name}: ${object.kind}/${object.metadata.name}: left out what a cluster sets: ${removed.join(', ')}`,
      );
    }
    return object;
  });
  return { name, objects, defaults: parseDefaults(defaults, name) };
}

async function readPolicies(file: string): Promise<NonNullable<Compiled['policies']>> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/);
  const listOf = (name: string) =>
    (lines.find((line) => line.startsWith(`${name}=`)) ?? '')
      .slice(name.length + 1)
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '');
  return { serviceTypes: listOf('SERVICE_TYPES'), externalNames: listOf('EXTERNAL_NAMES') };
}

async function toDirectory(name: string, manifestsDir: string): Promise<string> {
  const root = resolve(manifestsDir);
  const directory = name.includes('/') ? resolve(root, name) : resolve(root, 'overlays', name);
  if (name.startsWith('/') || relative(root, directory).startsWith('..')) {
    throw new ProvisionerError('settings', `OVERLAYS: ${name} is outside MANIFESTS_DIR (${root})`);
  }
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new ProvisionerError('settings', `OVERLAYS: ${name} does not exist: there is no directory ${directory}`);
  }
  return directory;
}

/** Digest of the overlays' content; the order of map keys, which may differ between versions of kustomize, doesn't count. */
function hashOf(overlays: CompiledOverlay[]): string {
  return createHash('sha256')
    .update(stringifyExact(overlays, { sortKeys: true }))
    .digest('hex');
}

/** An interrupted build leaves the former file whole. */
async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, text);
  await rename(unfinished, file);
}
