import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { type Check, runPreflight } from '../../../lib/preflight/check.ts';
import { toTable } from '../../../local/preflight/table.ts';

const never = (): Promise<void> => new Promise(() => {});
const fine = (name: string): Check => ({ name, state: 'ok', found: 'there', expected: 'there' });

describe('runPreflight', () => {
  it('lets a peer out of reach fail its own check alone', async () => {
    const unreachable = new ProvisionerError('unavailable', 'no answer', { fix: 'plug it in' });

    const { verdict, checks } = await runPreflight(
      [
        { name: 'one', expected: 'reachable', run: () => Promise.reject(unreachable) },
        { name: 'two', expected: 'reachable', run: async () => [fine('two')] },
      ],
      { limitMs: 20_000, sleep: never },
    );

    expect(verdict).toBe('failed');
    expect(checks).toEqual([
      { name: 'one', state: 'failed', expected: 'reachable', found: 'no answer', fix: 'plug it in' },
      fine('two'),
    ]);
  });

  it('waits no longer than its limit, and says which peer was late', async () => {
    const { checks } = await runPreflight(
      [
        { name: 'slow', expected: 'reachable', run: () => never().then(() => []) },
        { name: 'quick', expected: 'reachable', run: async () => [fine('quick')] },
      ],
      { limitMs: 20_000, sleep: () => new Promise((resolve) => setTimeout(resolve, 5)) },
    );

    expect(checks.map(({ name, state, found }) => [name, state, found])).toEqual([
      ['slow', 'failed', 'no answer in 20 s'],
      ['quick', 'ok', 'there'],
    ]);
  });

  it('is ok where checks were skipped, and keeps a thrown text that may hold a secret out', async () => {
    const skipped = { ...fine('one'), state: 'skipped' } as const;
    const limits = { limitMs: 1, sleep: never };

    expect((await runPreflight([{ name: 'x', expected: '', run: async () => [skipped] }], limits)).verdict).toBe('ok');
    const thrown = await runPreflight(
      [{ name: 'x', expected: '', run: () => Promise.reject(new Error('Bearer abc')) }],
      limits,
    );
    expect(JSON.stringify(thrown)).not.toContain('abc');
  });
});

describe('toTable', () => {
  it('writes a sign for each check, and the fix under each that failed', () => {
    const failed: Check = {
      name: 'longer name',
      state: 'failed',
      found: 'not there',
      expected: 'there',
      fix: 'make it',
    };

    expect(toTable([fine('one'), failed]).split('\n')).toEqual([
      '✓ one          there',
      '✗ longer name  not there',
      '    expected: there',
      '    fix: make it',
    ]);
  });
});
