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

/** Reads jest's JSON report; where jest ended badly and the report shows no reason, or there is none, one failure. */
export function countTests(report: string, endedWell: boolean): Counts {
  if (report === '') return { passed: 0, failed: 1, skipped: 0 };
  const found = JSON.parse(report) as JestReport;
  const failed = found.numFailedTests + found.numRuntimeErrorTestSuites;
  const skipped = found.numPendingTests + found.numTodoTests;
  return { passed: found.numPassedTests, failed: failed === 0 && !endedWell ? 1 : failed, skipped };
}

/** The closing line: `N passed, N failed`, failed checks among the failed, and the skipped if any. */
export function sumUp({ passed, failed, skipped }: Counts, failedChecks: number): string {
  return `${passed} passed, ${failed + failedChecks} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
