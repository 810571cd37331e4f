import type { Branches } from '../environment/ports/ports.ts';
import { type GitHubGet, type GitHubOptions, createGitHubGet } from './client.ts';
import type { BranchAnswer } from '../environment/model/desired.ts';

/**
 * Asks GitHub whether a branch exists, by its exact ref: the branches route would follow renames. A 404 alone proves
 * nothing, since a token that may not read contents gets it for every ref, so the repository and its default branch are
 * asked for too. Never throws for a fault of GitHub's: the answer says why it is incomplete.
 */
export function createBranches(options: GitHubOptions): Branches {
  const get = createGitHubGet(options);
  return {
    async read({ fullName }, ref) {
      const path = refPath(fullName, ref);
      if (path === undefined) return { why: `GitHub can not be asked for the branch ${JSON.stringify(ref)}` };
      const { status, data, why } = await get(path);
      if (status === undefined) return { why: why ?? 'GitHub did not answer' };
      if (status === 404) return { ref: status, ...(await lookAround(get, fullName)) };
      const exact = (data as { ref?: unknown } | undefined)?.ref === `refs/heads/${ref}`;
      if (status === 200) return { ref: status, exact, ...(!exact && { why: 'GitHub answered with another ref' }) };
      return { ref: status, ...(why !== undefined && { why }) };
    },
  };
}

/** What tells a branch that is gone from a repository that we may not see. */
async function lookAround(get: GitHubGet, fullName: string): Promise<BranchAnswer> {
  const { status, data, why } = await get(repositoryPath(fullName));
  const found = data as { id?: unknown; full_name?: unknown; default_branch?: unknown } | undefined;
  const id = typeof found?.id === 'number' ? found.id : undefined;
  const name = typeof found?.full_name === 'string' ? found.full_name : undefined;
  const repository = {
    ...(status !== undefined && { status }),
    ...(id !== undefined && { id }),
    ...(name !== undefined && { fullName: name }),
  };
  if (status !== 200) return { repository, why: `the repository: ${why ?? `GitHub answered ${status}`}` };
  const path = typeof found?.default_branch === 'string' ? refPath(name ?? fullName, found.default_branch) : undefined;
  if (path === undefined) return { repository, why: 'GitHub names no default branch' };
  const fallback = await get(path);
  if (fallback.status === undefined) return { repository, why: `the default branch: ${fallback.why ?? 'no answer'}` };
  const isSeen = fallback.status === 200;
  return {
    repository,
    defaultRef: fallback.status,
    ...(!isSeen && { why: `the default branch: ${fallback.why ?? ''}` }),
  };
}

function repositoryPath(fullName: string): string {
  return `/repos/${encodePath(fullName)}`;
}

/** Undefined where a ref can't be put into a URL: half a character (a lone surrogate), or a path segment of dots. */
function refPath(fullName: string, ref: string): string | undefined {
  if (!ref.isWellFormed() || ref.split('/').some((part) => /^\.*$/.test(part))) return undefined;
  return `${repositoryPath(fullName)}/git/ref/heads/${encodePath(ref)}`;
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
