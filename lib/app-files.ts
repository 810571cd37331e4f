import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ProvisionerError } from './errors.ts';

/** A file of the app, looked for beside this module and upwards: it runs from dist, from a chunk of it, or from source. */
export function findAppFile(...places: string[]): string {
  for (const up of ['./', '../', '../../']) {
    for (const place of places) {
      const file = fileURLToPath(new URL(up + place, import.meta.url));
      if (existsSync(file)) return file;
    }
  }
  throw new ProvisionerError('settings', `${places.join(' or ')} is missing from the app`, {
    fix: 'run npm run build',
  });
}

/** The version that package.json states. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(findAppFile('package.json'), 'utf8')) as { version?: string };
  return version ?? 'unknown';
}
