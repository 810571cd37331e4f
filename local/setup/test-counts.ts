export interface Counts {
  passed: number;
  /** Tests that failed, and files that could not be run at all. */
  failed: number;
  skipped: number;
}

interface JestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
}

/** What test/support/report-open.js says of a worker that something left open keeps alive. Jest ends well all the same. */
const LEAK = 'Left open by a test: ';

/**
 * Reads jest's JSON report and what it said. Something left open is one failure; so is a bad end for which the report shows
 * no reason, or no report.
 */
export function countTests(report: string, { endedWell, said }: { endedWell: boolean; said: string }): Counts {
  if (report === '') return { passed: 0, failed: 1, skipped: 0 };
  const found = JSON.parse(report) as JestReport;
  const reported = found.numFailedTests + found.numRuntimeErrorTestSuites;
  const failed = reported + (said.includes(LEAK) ? 1 : 0);
  const skipped = found.numPendingTests + found.numTodoTests;
  return { passed: found.numPassedTests, failed: failed === 0 && !endedWell ? 1 : failed, skipped };
}

/** The closing line: `N passed, N failed`, failed checks among the failed, and the skipped if any. */
export function sumUp({ passed, failed, skipped }: Counts, failedChecks: number): string {
  return `${passed} passed, ${failed + failedChecks} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
