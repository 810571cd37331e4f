import { readFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CoreLog, type Registry, supplyCore } from './core-api.ts';
import type { Binding, CoreFunction, Hook, ProgrammingModel } from './core-types.ts';

/** A function that the app registered, with the one binding that triggers it. */
export interface AppFunction {
  name: string;
  callback: CoreFunction['callback'];
  metadata: CoreFunction['metadata'];
  trigger: Binding & { name: string };
}

export interface App {
  functions: AppFunction[];
  model: ProgrammingModel;
  hooks: Registry['hooks'];
}

/**
 * Loads what `main` in the app's package.json names into this process, as the Node worker does, and returns what
 * registered there in the host's order, alphabetical by name. Throws when nothing can be loaded or served: the real
 * host would run on with no functions, which on a laptop only hides the fault.
 */
export async function loadApp(appDir: string, log: CoreLog): Promise<App> {
  const registry = supplyCore(log);
  const { main } = JSON.parse(await readFile(join(appDir, 'package.json'), 'utf8')) as { main?: string };
  const files = main === undefined ? [] : globSync(main, { cwd: appDir }).sort();
  if (files.length === 0)
    throw new Error(`"main" in ${join(appDir, 'package.json')} names no file: ${main ?? '(missing)'}`);
  for (const file of files) await import(pathToFileURL(join(appDir, file)).href);
  if (!registry.model) throw new Error(`${files.join(', ')} registered nothing with @azure/functions-core.`);
  await registry.model.getCapabilities?.({});
  await runHooks(registry.hooks.get('appStart'), { functionAppDirectory: appDir });
  const functions = registry.functions.map(toAppFunction).sort((a, b) => byName.compare(a.name, b.name));
  refuseTwins(functions);
  return { functions, model: registry.model, hooks: registry.hooks };
}

const byName = new Intl.Collator('en');

function toAppFunction({ metadata, callback }: CoreFunction): AppFunction {
  const entry = Object.entries(metadata.bindings).find(([, binding]) => /trigger$/i.test(binding.type));
  if (!entry) throw new Error(`Function ${metadata.name} has no trigger.`);
  return { name: metadata.name, callback, metadata, trigger: { ...entry[1], name: entry[0] } };
}

/** Names that differ only in case stop the real host as a whole. */
function refuseTwins(functions: readonly AppFunction[]): void {
  const seen = new Set<string>();
  for (const { name } of functions) {
    if (seen.has(name.toLowerCase())) throw new Error(`Two functions are called ${name}, upper and lower case aside.`);
    seen.add(name.toLowerCase());
  }
}

/** Runs hooks in the order of registration, each with the same context; the first that throws ends it. */
export async function runHooks(hooks: readonly Hook[] | undefined, context: Record<string, unknown>): Promise<void> {
  for (const hook of hooks ?? []) await hook(context);
}
