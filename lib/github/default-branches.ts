import { keepFor } from '../concurrency.ts';
import type { Clock } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import type { GitHub } from './client.ts';
import { isObject } from '../is-object.ts';
import { repositoryPath } from './paths.ts';

/** A repository seldom changes its default branch. */
const KEPT_MS = 5 * 60_000;

/** Reads which branch is a repository's default one, for which no token speaks; throws `unavailable` for any other answer. */
export function createDefaultBranches(
  { get }: Pick<GitHub, 'get'>,
  clock: Pick<Clock, 'now'>,
): (fullName: string) => Promise<string> {
  const asks = new Map<string, () => Promise<string>>();
  const read = async (fullName: string): Promise<string> => {
    const { data, why } = await get(repositoryPath(fullName));
    const name = isObject(data) ? data['default_branch'] : undefined;
    if (typeof name === 'string' && name !== '') return name;
    throw new ProvisionerError(
      'unavailable',
      `GitHub does not say which branch is the default one: ${why ?? 'no name'}`,
      {
        object: `repository ${fullName}`,
        fix: 'give the GitHub credentials the right to read the repository',
      },
    );
  };
  return async (fullName) => {
    const ask = asks.get(fullName) ?? keepFor(clock, { ms: KEPT_MS, ask: () => read(fullName) });
    asks.set(fullName, ask);
    return ask();
  };
}
