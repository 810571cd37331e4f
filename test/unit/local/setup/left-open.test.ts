import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runStep } from '../../../../local/setup/step.ts';

const TRANSFORM = join(import.meta.dirname, '..', '..', '..', 'support', 'strip-types.js');
const LONGEST_MS = 300_000;
/** A busy machine needs a while to end a worker that has nothing open. */
const GRACE_MS = 5_000;

let rootDir: string;

beforeEach(async () => {
  rootDir = await mkdtemp(join(tmpdir(), 'left-open-'));
});
afterEach(() => rm(rootDir, { recursive: true, force: true }));

/** Runs two tests in workers of their own, as `npm test` does; returns what jest and its workers say. */
async function runTests(work: string): Promise<{ ok: boolean; said: string }> {
  for (const name of ['one', 'two'])
    await writeFile(join(rootDir, `${name}.test.ts`), `it('${name}', () => { ${name === 'one' ? work : ''} });\n`);
  const config = {
    ...{ rootDir, testMatch: ['**/*.test.ts'], transform: { '\\.ts$': TRANSFORM } },
    workerGracefulExitTimeout: GRACE_MS,
  };
  const jest = join(createRequire(import.meta.url).resolve('jest/package.json'), '..', 'bin', 'jest.js');
  const options = ['--maxWorkers=2', '--no-cache', `--config=${JSON.stringify(config)}`];
  const env = { ...process.env };
  delete env['JEST_WORKER_ID'];
  return runStep(
    { name: 'tests', args: ['--experimental-vm-modules', '--no-warnings', jest, ...options], env },
    rootDir,
  );
}

describe('a worker of jest', () => {
  it(
    'says what a test has left open, which keeps it from ending',
    async () => {
      const { ok, said } = await runTests('setTimeout(() => undefined, 30_000);');

      expect(ok).toBe(true);
      expect(said).toMatch(/^Left open by a test: .*\bTimeout\b/m);
    },
    LONGEST_MS,
  );

  it(
    'says nothing where everything was closed',
    async () => {
      const { ok, said } = await runTests('');

      expect(ok).toBe(true);
      expect(said).not.toContain('Left open');
    },
    LONGEST_MS,
  );
});
