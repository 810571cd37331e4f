import { describe, expect, it } from '@jest/globals';
import type { GitHubAnswer } from '../../../lib/github/answer.ts';
import { createDefaultBranches } from '../../../lib/github/default-branches.ts';
import { createPullRequests } from '../../../lib/github/pull-requests.ts';
import { virtualClock } from '../../support/fakes/clock.ts';

const peer = (answers: GitHubAnswer[]) => {
  const asked: string[] = [];
  const get = async (path: string) => (asked.push(path), answers.shift() ?? { status: 200 });
  return { asked, get };
};
const named = (name: unknown): GitHubAnswer => ({ status: 200, data: { default_branch: name } });

describe('the default branch of a repository', () => {
  it('is read once in five minutes, for each repository', async () => {
    const clock = virtualClock();
    const { asked, get } = peer([named('main'), named('trunk'), named('next')]);
    const read = createDefaultBranches({ get }, clock);
    expect([await read('acme/shop'), await read('acme/s p'), await read('acme/shop')]).toEqual([
      ...['main', 'trunk', 'main'],
    ]);
    clock.advance(5 * 60_000 - 1);
    expect(await read('acme/shop')).toBe('main');
    expect(asked).toEqual(['/repos/acme/shop', '/repos/acme/s%20p']);
    clock.advance(1);
    expect(await read('acme/shop')).toBe('next');
  });

  it.each<[GitHubAnswer, string]>([
    [{ status: 401, why: 'GitHub answered 401' }, 'GitHub answered 401'],
    [{ status: 200, data: 'main' }, 'no name'],
    [named(''), 'no name'],
    [named(7), 'no name'],
  ])('is not known by %j', async (answer, why) => {
    const read = createDefaultBranches(peer([answer]), virtualClock());
    await expect(read('acme/shop')).rejects.toMatchObject({
      ...{ code: 'unavailable', message: `GitHub does not say which branch is the default one: ${why}` },
      ...{ object: 'repository acme/shop', fix: 'give the GitHub credentials the right to read the repository' },
    });
  });
});

describe('the head of a pull request', () => {
  it('is asked for by its number', async () => {
    const { asked, get } = peer([{ status: 200, data: { head: { ref: 'login', repo: { id: 42 } } } }]);
    expect(await createPullRequests({ get })('acme/s p', 7)).toStrictEqual({ repositoryId: 42, ref: 'login' });
    expect(asked).toEqual(['/repos/acme/s%20p/pulls/7']);
  });

  it.each<[GitHubAnswer, string]>([
    [{ status: 404, why: 'GitHub answered 404' }, 'GitHub answered 404'],
    [{ status: 200, data: null }, 'no whole answer'],
    [{ status: 200, data: { head: { ref: 7, repo: { id: 42 } } } }, 'no whole answer'],
    [{ status: 203, data: { head: { ref: 'login', repo: { id: 42 } } } }, 'no whole answer'],
  ])('is not known by %j', async (answer, why) => {
    await expect(createPullRequests(peer([answer]))('acme/shop', 7)).rejects.toMatchObject({
      ...{ code: 'unavailable', message: `GitHub does not say where pull request 7 comes from: ${why}` },
      ...{ object: 'pull request 7', fix: 'give the GitHub credentials the right to read pull requests' },
    });
  });
});
