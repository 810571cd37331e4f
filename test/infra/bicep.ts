import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../local/build/build.ts';

const run = promisify(execFile);

export interface Resource {
  type: string;
  name?: string;
  existing?: boolean;
  scope?: string;
  properties: Record<string, unknown>;
  /** The module that holds it, `main` for the outermost. */
  module: string;
}

export interface Template {
  parameters?: Record<string, { type: string; defaultValue?: unknown; minLength?: number }>;
  outputs?: Record<string, { value: string }>;
  variables?: Record<string, unknown>;
  resources: Record<string, RawResource> | RawResource[];
}

interface RawResource extends Omit<Resource, 'module'> {
  properties: { template?: Template } & Record<string, unknown>;
}

/** The Bicep CLI that BICEP names, or the one on PATH; undefined where there is none. */
export function findBicep(): string | undefined {
  const named = process.env['BICEP'];
  if (named !== undefined && named !== '') return resolve(projectRoot, named);
  const files = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'bicep'));
  return files.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What the CLI says on stderr and stdout together; a failure's words too. */
export async function runBicep(bicep: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  try {
    return await run(bicep, [...args], { cwd: projectRoot, maxBuffer: 32 * 1024 * 1024 });
  } catch (thrown) {
    const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string };
    return { stdout, stderr: `${stderr}\n${(thrown as Error).message}` };
  }
}

/** Every template of a compiled one, the outermost first, by module. */
export function templatesOf(template: Template, module = 'main'): { module: string; template: Template }[] {
  const nested = Object.entries(template.resources).flatMap(([key, { properties }]) =>
    properties?.template === undefined ? [] : templatesOf(properties.template, key),
  );
  return [{ module, template }, ...nested];
}

/** Every resource of a compiled template and of the modules in it. */
export function resourcesOf(template: Template): Resource[] {
  return templatesOf(template).flatMap(({ module, template: one }) =>
    Object.values(one.resources).map((resource) => ({ ...resource, module })),
  );
}
