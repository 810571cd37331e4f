import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findAppFile, readVersion } from '../../lib/app-files.ts';

const root = process.cwd();

describe('a file of the app', () => {
  it.each([
    ['beside the module', ['log.ts'], 'lib/log.ts'],
    ['above it', ['host.json'], 'host.json'],
    ['two above it, as from a chunk of dist', [`${basename(root)}/host.json`], 'host.json'],
    ['at the second place of two', ['absent.json', 'host.json'], 'host.json'],
    // package.json and lib/log.ts: the nearer folder counts before the first place
    ['in the nearest folder', ['package.json', 'log.ts'], 'lib/log.ts'],
  ])('is found %s', (_where, places, expected) => {
    expect(findAppFile(...places)).toBe(resolve(root, expected));
  });

  it('that is missing is a fault of the build, which says how to fix it', () => {
    expect(() => findAppFile('absent.json', 'dist/absent.json')).toThrow(
      expect.objectContaining({
        code: 'settings',
        message: 'absent.json or dist/absent.json is missing from the app',
        fix: 'run npm run build',
      }),
    );
  });

  it('states the version of the app', () => {
    const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string };
    expect(dirname(findAppFile('package.json'))).toBe(root);
    expect(readVersion()).toBe(version);
  });
});
