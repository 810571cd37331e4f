import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { IDENTITY_PLANTS } from './identity-plants.ts';
import { PLANTS } from './plants.ts';

const LONGEST_MS = 900_000;

interface Found {
  plant: string;
  seed: number;
  violation?: string;
}

describe('the simulation', () => {
  it.each([
    { where: 'the core', plants: PLANTS, options: [] },
    { where: 'the identity layer', plants: IDENTITY_PLANTS, options: ['--identity'] },
  ])(
    'finds each fault that is planted in $where',
    async ({ plants, options }) => {
      // jest loads modules in its own way: a core with another text in it needs the loader of Node
      const script = join(import.meta.dirname, 'find-plants.ts');
      const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script, ...options], {
        timeout: LONGEST_MS,
      });
      const found = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Found);
      expect(found.map(({ plant }) => plant)).toEqual(plants.map(({ name }) => name));
      expect(found.filter(({ violation }) => violation === undefined)).toEqual([]);
    },
    LONGEST_MS,
  );
});
