import { describe, expect, it } from '@jest/globals';
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
    expect(sumUp(countTests(text, endedWell), failedChecks)).toBe(line);
  });
});
