import { expect } from '@jest/globals';
import { ProvisionerError } from '../../lib/errors.ts';

/**
 * The same function, with all that it answers or throws kept in the snapshot beside the tests: a person reads every word of
 * it, and a test of one of them asserts no more than its own.
 */
export function keepTold<Asked extends unknown[], Told>(
  work: (...asked: Asked) => Told,
  /** What of it to keep, where most is the same each time. */
  pick: (told: Awaited<Told>) => unknown = (told) => told,
): (...asked: Asked) => Told {
  const keep = (told: Awaited<Told>): Awaited<Told> => {
    expect(told instanceof ProvisionerError ? wordsOf(told) : pick(told)).toMatchSnapshot();
    return told;
  };
  const keepThrown = (thrown: unknown): never => {
    if (thrown instanceof ProvisionerError) expect(wordsOf(thrown)).toMatchSnapshot();
    throw thrown;
  };
  return (...asked) => {
    try {
      const told = work(...asked);
      return told instanceof Promise ? (told.then(keep, keepThrown) as Told) : keep(told as Awaited<Told>);
    } catch (thrown) {
      return keepThrown(thrown);
    }
  };
}

/** Of an error of ours, what reaches a person. */
function wordsOf({ code, message, object, fix, retryAfterMs }: ProvisionerError): object {
  return { code, message, object, fix, retryAfterMs };
}
