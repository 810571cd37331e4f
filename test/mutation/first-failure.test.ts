import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'first-failure-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** How many tests of a file fail in the environment that ends at the first failure, as mutants meet it. */
async function failuresOf(text: string): Promise<number> {
  await writeFile(join(dir, 'a.test.cjs'), text);
  const testEnvironment = join(root, 'test', 'mutation', 'suites', 'first-failure.js');
  const config = JSON.stringify({ rootDir: dir, testMatch: ['**/*.test.cjs'], transform: {}, testEnvironment });
  const args = ['--experimental-vm-modules', join(root, 'node_modules', 'jest', 'bin', 'jest.js')];
  const said = await new Promise<string>((resolve) =>
    execFile(process.execPath, [...args, '--config', config, '--json', '--watchman=false'], { cwd: dir }, (_, stdout) =>
      resolve(stdout),
    ),
  );
  return (JSON.parse(said) as { numFailedTests: number }).numFailedTests;
}

describe('a test file that a mutant meets', () => {
  // its tests were skipped, and the mutant that broke the set-up was counted as one that nobody noticed
  it('fails where its set-up does', async () => {
    const text = "beforeAll(() => { throw new Error('broken'); });\ntest('a', () => {});\ntest('b', () => {});\n";
    expect(await failuresOf(text)).toBeGreaterThan(0);
  });

  it('skips what follows its first failure', async () => {
    const text = "test('a', () => { throw new Error('broken'); });\ntest('b', () => { throw new Error('late'); });\n";
    expect(await failuresOf(text)).toBe(1);
  });
});
