import type { BranchList, Branches } from '../environment/ports/ports.ts';
import type { BranchAnswer } from '../environment/model/desired.ts';
import type { GitHub } from './client.ts';
import { isObject } from '../is-object.ts';
import { refPath, repositoryPath } from './paths.ts';

/** Asks GitHub which branches exist. Never throws for a fault of GitHub's: the answer says why it is incomplete. */
export function createBranches(github: GitHub): Branches {
  return {
    read: ({ fullName }, ref) => readBranch(github, fullName, ref),
    list: ({ fullName }) => listBranches(github, fullName),
  };
}

/**
 * By the exact ref, since the branches route follows renames. A 404 alone proves nothing: a token that may not read
 * contents gets it for every ref, so the repository and its default branch are asked for too.
 */
async function readBranch(github: GitHub, fullName: string, ref: string): Promise<BranchAnswer> {
  const path = refPath(fullName, ref);
  if (path === undefined) return { why: `GitHub can't be asked for the branch ${JSON.stringify(ref)}` };
  const { status, data, why } = await github.get(path);
  if (status === undefined) return { why: why ?? 'GitHub did not answer' };
  if (status === 404) return { ref: status, ...(await readDefault(github, fullName)) };
  if (status !== 200) return { ref: status, ...(why !== undefined && { why }) };
  const exact = isRef(data, ref);
  return { ref: status, exact, ...(!exact && { why: 'GitHub answered with another ref' }) };
}

/** What tells a branch that is gone from a repository that the app may not see. */
async function readDefault(github: GitHub, fullName: string): Promise<BranchAnswer> {
  const { repository, defaultBranch, why } = await readRepository(github, fullName);
  if (why !== undefined) return { repository, why };
  const path = refPath(repository.fullName ?? fullName, defaultBranch ?? '');
  if (path === undefined || defaultBranch === undefined) return { repository, why: 'GitHub names no default branch' };
  const answer = await github.get(path);
  if (answer.status === undefined) return { repository, why: `the default branch: ${answer.why ?? 'no answer'}` };
  if (answer.status !== 200)
    return { repository, defaultRef: answer.status, why: `the default branch: ${answer.why ?? ''}` };
  // a maintenance page is a 200 too
  if (!isRef(answer.data, defaultBranch))
    return { repository, why: 'the default branch: GitHub answered with another ref' };
  return { repository, defaultRef: 200 };
}

interface ReadRepository {
  repository: NonNullable<BranchAnswer['repository']>;
  defaultBranch?: string;
  why?: string;
}

async function readRepository(github: GitHub, name: string): Promise<ReadRepository> {
  const { status, data, why } = await github.get(repositoryPath(name));
  const { id, full_name: fullName, default_branch: defaultBranch } = isObject(data) ? data : {};
  const repository = {
    ...(status !== undefined && { status }),
    ...(typeof id === 'number' && { id }),
    ...(typeof fullName === 'string' && { fullName }),
  };
  if (status !== 200) return { repository, why: `the repository: ${why ?? `GitHub answered ${status}`}` };
  return { repository, ...(typeof defaultBranch === 'string' && { defaultBranch }) };
}

/** All branches, page by page. A list that failed, was cut short, is empty or lacks the default branch is no list. */
async function listBranches(github: GitHub, fullName: string): Promise<BranchList> {
  const { repository, defaultBranch, why } = await readRepository(github, fullName);
  const { id, fullName: name } = repository;
  if (why !== undefined) return { kind: 'unknown', why };
  if (id === undefined || name === undefined || defaultBranch === undefined)
    return { kind: 'unknown', why: 'the repository: GitHub answered with something else' };
  const list = await github.list(`${repositoryPath(name)}/branches?per_page=100`);
  if (list.kind === 'unknown') return { kind: 'unknown', why: `the list of branches: ${list.why}` };
  const names = new Set<string>();
  const heads = new Map<string, string>();
  for (const item of list.items) {
    if (!isObject(item) || typeof item['name'] !== 'string')
      return { kind: 'unknown', why: 'the list of branches: an entry has no name' };
    names.add(item['name']);
    const sha = toSha(item['commit']);
    if (sha !== undefined) heads.set(item['name'], sha);
  }
  if (!names.has(defaultBranch)) return { kind: 'unknown', why: 'the list of branches lacks the default branch' };
  return { kind: 'list', repository: { id, fullName: name }, defaultBranch, names, heads };
}

function toSha(commit: unknown): string | undefined {
  const sha = isObject(commit) ? commit['sha'] : undefined;
  return typeof sha === 'string' && /^[0-9a-f]{40,64}$/.test(sha) ? sha : undefined;
}

function isRef(data: unknown, ref: string): boolean {
  return isObject(data) && data['ref'] === `refs/heads/${ref}`;
}
