import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGitHub } from '../../../lib/github/client.ts';
import { createBranches } from '../../../lib/github/branches.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';

const REPOSITORY = { id: 42, fullName: 'acme/todo' };
let github: GitHubStandIn;

function look(ref: string, { token = 'good', repository = REPOSITORY, timeoutMs = 5000 } = {}) {
  const client = createGitHub({ credentials: { kind: 'token', token }, apiUrl: github.url, timeoutMs });
  return createBranches(client).read(repository, ref);
}

describe('createBranches', () => {
  beforeEach(async () => {
    github = await startGitHub({
      repositories: [
        {
          fullName: 'acme/todo',
          id: 42,
          defaultBranch: 'main',
          branches: [
            'main',
            'ex-1',
            'feature/a',
            'a#b',
            'a%20b',
            'ünï/ço',
            'x?y',
            "it's(1)!*",
            'refs/heads/x',
            '{owner}',
            'a:b',
          ],
          formerNames: ['acme/old'],
        },
      ],
      token: 'good',
      blindTokens: ['blind'],
    });
  });
  afterEach(() => github.close());

  it.each(['ex-1', 'feature/a', 'a#b', 'a%20b', 'ünï/ço', 'x?y', "it's(1)!*", 'refs/heads/x', '{owner}', 'a:b'])(
    'finds the branch %s by its exact ref',
    async (ref) => {
      expect(await look(ref)).toEqual({ ref: 200, exact: true });
    },
  );

  it('asks for the repository and its default branch where the ref is not found', async () => {
    expect(await look('feature')).toEqual({
      ref: 404,
      repository: { status: 200, id: 42, fullName: 'acme/todo' },
      defaultRef: 200,
    });
  });

  it('tells a token that may not read contents from a branch that is gone', async () => {
    expect(await look('ex-1', { token: 'blind' })).toMatchObject({
      ref: 404,
      repository: { status: 200 },
      defaultRef: 404,
    });
  });

  it('says that a repository is not there, and asks no further', async () => {
    const answer = await look('ex-1', { repository: { id: 1, fullName: 'acme/none' } });

    expect(answer).toEqual({ ref: 404, repository: { status: 404 }, why: 'the repository: GitHub answered 404' });
    expect(github.calls).toHaveLength(2);
  });

  it('follows the rename of a repository', async () => {
    const repository = { id: 42, fullName: 'acme/old' };

    expect(await look('ex-1', { repository })).toEqual({ ref: 200, exact: true });
    expect(await look('gone', { repository })).toMatchObject({
      repository: { fullName: 'acme/todo' },
      defaultRef: 200,
    });
  });

  it('does not take another ref for the one asked for', async () => {
    github.setFault(() => ({ status: 200, body: { ref: 'refs/heads/ex-10' } }));

    expect(await look('ex-1')).toMatchObject({ ref: 200, exact: false });
  });

  it.each([
    [401, {}, 'GitHub answered 401: GITHUB_TOKEN must be valid and may read contents'],
    [
      403,
      { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '2147480000' },
      'GitHub answered 403, its rate limit is used up',
    ],
    [409, {}, 'GitHub answered 409'],
  ])('hands a %i on with the reason and asks nothing else', async (status, headers, why) => {
    github.setFault(() => ({ status, headers, body: { message: 'secret text' } }));

    expect(await look('ex-1')).toEqual({ ref: status, why });
    expect(github.calls).toHaveLength(1);
  });

  it('asks once more after a 5xx, and hands it on then', async () => {
    github.setFault(() => ({ status: 500, body: { message: 'secret text' } }));

    expect(await look('ex-1')).toEqual({ ref: 500, why: 'GitHub answered 500' });
    expect(github.calls).toHaveLength(2);
  });

  it.each([
    ['an empty 200', { status: 200 }],
    ['a page of HTML', { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<h1>Maintenance</h1>' }],
  ])('does not take %s for the default branch of a repository', async (_what, page) => {
    github.setFault(({ url }) => (url.endsWith('/heads/main') ? page : undefined));

    const answer = await look('gone');
    expect(answer).toMatchObject({ ref: 404, repository: { status: 200 } });
    expect(answer.defaultRef).toBeUndefined();
  });

  it.each([
    ['drop', /^GitHub did not answer/],
    ['hang', /^GitHub did not answer \(timeout\)$/],
  ] as const)('answers without a status when the connection fails by %s', async (fault, why) => {
    github.setFault(() => fault);

    expect(await look('ex-1', { timeoutMs: 300 })).toEqual({ why: expect.stringMatching(why) });
  });

  it('keeps what it learned when a later question gets no answer', async () => {
    github.setFault(({ url }) => (url.endsWith('/acme/todo') ? 'drop' : undefined));
    expect(await look('gone')).toEqual({ ref: 404, repository: {}, why: expect.stringContaining('the repository') });

    github.setFault(({ url }) => (url.endsWith('/main') ? { status: 502 } : undefined));
    expect(await look('gone')).toMatchObject({ ref: 404, repository: { status: 200 }, defaultRef: 502 });
  });

  it('asks nothing for what no URL can hold', async () => {
    for (const ref of ['\ud800', '..', 'a/../b', '']) expect(await look(ref)).toEqual({ why: expect.any(String) });
    expect(github.calls).toHaveLength(0);
  });

  it('sends the token with every question and shows it in no answer', async () => {
    const answer = await look('gone', { token: 'wrong-secret' });

    expect(github.calls.map(({ authorization }) => authorization)).toEqual(['token wrong-secret']);
    expect(JSON.stringify(answer)).not.toContain('wrong-secret');
  });
});
