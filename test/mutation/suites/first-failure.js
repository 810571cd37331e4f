import { TestEnvironment } from 'jest-environment-node';

/** Skips what follows the first failure of a file: a mutant dies by one test as well as by forty. */
export default class FirstFailure extends TestEnvironment {
  hasFailed = false;

  handleTestEvent(event) {
    if (event.name === 'test_fn_failure' || event.name === 'hook_failure') this.hasFailed = true;
    if (event.name === 'test_start' && this.hasFailed) event.test.mode = 'skip';
  }
}
