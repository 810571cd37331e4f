import { describe, expect, it } from '@jest/globals';
import { runStep } from '../../../../local/setup/step.ts';
import { countTests, sumUp } from '../../../../local/setup/test-counts.ts';

const report = (more: object) =>
  JSON.stringify({
    numPassedTests: 5,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    ...more,
  });

describe('the closing line of npm test', () => {
  it.each([
    ['counts what passed', report({}), true, 0, '5 passed, 0 failed'],
    ['counts what failed', report({ numFailedTests: 2 }), false, 0, '5 passed, 2 failed'],
    ['counts a file that could not run', report({ numRuntimeErrorTestSuites: 1 }), false, 0, '5 passed, 1 failed'],
    ['counts a failed check', report({}), true, 1, '5 passed, 1 failed'],
    [
      'says what was left out',
      report({ numPendingTests: 2, numTodoTests: 1 }),
      true,
      0,
      '5 passed, 0 failed, 3 skipped',
    ],
    ['shows a failure when jest ended badly with nothing failed', report({}), false, 0, '5 passed, 1 failed'],
    ['shows a failure when there is no report', '', false, 0, '0 passed, 1 failed'],
  ])('%s', (_name, text, endedWell, failedChecks, line) => {
    expect(sumUp(countTests(text, { endedWell, said: '' }), failedChecks)).toBe(line);
  });

  it('counts a worker that something left open has kept alive, though jest ends well', () => {
    const said = 'Left open by a test: PipeWrap, Timeout\nA worker process has failed to exit gracefully';
    expect(sumUp(countTests(report({}), { endedWell: true, said }), 0)).toBe('5 passed, 1 failed');
  });
});

describe('runStep', () => {
  it('keeps what a program says while it is shown', async () => {
    const args = ['-e', 'console.error("left open")'];
    const { ok, said } = await runStep({ name: 'says', args, shown: true, kept: true }, import.meta.dirname);

    expect(ok).toBe(true);
    expect(said).toContain('left open');
  });
});
