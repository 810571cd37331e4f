import { ProvisionerError } from '../errors.ts';
import type { GitHub } from './client.ts';

/** Where the code of a pull request comes from. */
export interface PullRequestHead {
  /** Id of the head's repository: a fork has another one. */
  repositoryId: number;
  /** The branch, without `refs/heads/`. */
  ref: string;
}

/** Reads where a pull request's code comes from; throws `unavailable` for any answer but a whole 200. */
export function createPullRequests({
  get,
}: Pick<GitHub, 'get'>): (fullName: string, number: number) => Promise<PullRequestHead> {
  return async (fullName, number) => {
    const path = `/repos/${fullName.split('/').map(encodeURIComponent).join('/')}/pulls/${number}`;
    const { status, data, why } = await get(path);
    const { head } = (data ?? {}) as { head?: { ref?: unknown; repo?: { id?: unknown } | null } };
    // the head of a deleted fork has no repository
    const repositoryId = head?.repo === null ? 0 : head?.repo?.id;
    if (status === 200 && typeof head?.ref === 'string' && typeof repositoryId === 'number')
      return { repositoryId, ref: head.ref };
    throw new ProvisionerError(
      'unavailable',
      `GitHub does not say where pull request ${number} comes from: ${why ?? 'no whole answer'}`,
      {
        object: `pull request ${number}`,
        fix: 'give the GitHub credentials the right to read pull requests',
      },
    );
  };
}
