import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import type { Core } from '../models/core.ts';
import type { Plant } from './plants.ts';

const root = new URL('../../../lib/', import.meta.url).href;
/** The parts that a planted core has of its own; whatever else it imports is the one that the fakes use. */
const OWN = ['environment/', 'sweep/', 'identity/', 'azure/', 'storage/'].map((folder) => root + folder);

interface Planted {
  plant: Plant;
  source: string;
}

const planted = new Map<string, Planted>();

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const mark = new URL(context.parentURL ?? root).searchParams.get('plant');
    if (mark === null || !OWN.some((folder) => resolved.url.startsWith(folder))) return resolved;
    return { ...resolved, url: `${resolved.url}?plant=${mark}` };
  },
  load(url, context, nextLoad) {
    const { searchParams, pathname } = new URL(url);
    const found = planted.get(searchParams.get('plant') ?? '');
    if (found === undefined || !pathname.endsWith(`/lib/${found.plant.file}`)) return nextLoad(url, context);
    return { format: 'module-typescript', source: found.source, shortCircuit: true };
  },
});

/** A core of its own with the fault in it; throws where the text to be replaced is not there exactly once. */
export async function plantFault(plant: Plant): Promise<Core> {
  const text = await readFile(new URL(plant.file, root), 'utf8');
  const [before, after, ...others] = text.split(plant.from);
  if (before === undefined || after === undefined || others.length > 0)
    throw new Error(`lib/${plant.file} does not hold the text once that “${plant.name}” replaces`);
  const mark = String(planted.size + 1);
  planted.set(mark, { plant, source: before + plant.to + after });
  const load = async (path: string) => (await import(`${root}${path}?plant=${mark}`)) as unknown;
  const { reconcile } = (await load('environment/reconcile.ts')) as Core;
  const { abandon } = (await load('environment/abandon.ts')) as Core;
  const { sweep } = (await load('sweep/sweep.ts')) as Core;
  const { createFederatedCredentials } = (await load('identity/federated-credentials.ts')) as Core;
  const { createIdentityLocks } = (await load('identity/writer/identity-lock.ts')) as Core;
  const { createPlaces } = (await load('storage/places.ts')) as Core;
  return { reconcile, abandon, sweep, createFederatedCredentials, createIdentityLocks, createPlaces };
}
