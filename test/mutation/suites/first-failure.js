import { TestEnvironment } from 'jest-environment-node';

/** Skips what follows the first failure of a file: a mutant dies by one test as well as by forty. */
export default class FirstFailure extends TestEnvironment {
  hasFailed = false;

  handleTestEvent(event) {
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.hasFailed = true;
    // one that its beforeAll failed for has its failure already, which a skipped test would lose
    if (event.name === 'test_start' && this.hasFailed && event.test.errors.length === 0) event.test.mode = 'skip';
  }
}
