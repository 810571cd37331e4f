import { describe, expect, it } from '@jest/globals';
import { ProvisionerError } from '../../../lib/errors.ts';
import { type Check, failedBy, judge, runPreflight } from '../../../lib/preflight/check.ts';
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

describe('runPreflight over several groups', () => {
  it('keeps their order, is ok where none failed, and asks the clock for its limit alone', async () => {
    const asked: number[] = [];
    const sleep = (ms: number) => {
      asked.push(ms);
      return never();
    };
    const group = (...checks: Check[]) => ({ name: 'x', expected: '', run: async () => checks });

    const ran = await runPreflight([group(fine('one'), fine('two')), group(), group(fine('three'))], {
      limitMs: 5_000,
      sleep,
    });

    expect(ran).toEqual({ verdict: 'ok', checks: [fine('one'), fine('two'), fine('three')] });
    expect(asked).toEqual([5_000]);
  });

  it('fails with one check that failed, and says in full who was late', async () => {
    const late = { name: 'slow', expected: 'reachable', run: () => never().then(() => []) };
    const quick = { name: 'quick', expected: '', run: async () => [fine('quick')] };

    expect(await runPreflight([quick, late], { limitMs: 1_500, sleep: async () => undefined })).toEqual({
      verdict: 'failed',
      checks: [
        fine('quick'),
        {
          name: 'slow',
          state: 'failed',
          expected: 'reachable',
          found: 'no answer in 1.5 s',
          fix: 'start it, or fix the setting that names it, then ask again',
        },
      ],
    });
  });
});

describe('a check', () => {
  const check = { name: 'x', found: 'a', expected: 'b', fix: 'c' };

  it('carries a fix only where it failed', () => {
    expect(judge(true, check)).toEqual({ name: 'x', state: 'ok', found: 'a', expected: 'b' });
    expect(judge(false, check)).toEqual({ ...check, state: 'failed' });
  });

  it.each<[string, unknown, string, string]>([
    [
      'no answer',
      new ProvisionerError('unavailable', 'no answer'),
      'no answer',
      'start it, or fix the setting that names it, then ask again',
    ],
    [
      'no answer, with a fix of its own',
      new ProvisionerError('unavailable', 'no answer', { fix: 'plug' }),
      'no answer',
      'plug',
    ],
    ['a refusal', new ProvisionerError('not-permitted', 'no', { fix: 'ask' }), 'no', 'ask'],
    [
      'a refusal without a fix of its own',
      new ProvisionerError('quota', 'full'),
      'full',
      'make room below the limit or raise it, then provision again',
    ],
  ])('that failed by %s says what a person can do', (_what, thrown, found, fix) => {
    expect(failedBy(thrown, { name: 'x', expected: 'b' })).toEqual({
      name: 'x',
      expected: 'b',
      state: 'failed',
      found,
      fix,
    });
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
