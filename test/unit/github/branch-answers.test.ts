import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createBranches } from '../../../lib/github/branches.ts';
import { createGitHub } from '../../../lib/github/client.ts';
import { type GitHubStandIn, type StandInRepository, startGitHub } from '../../../local/github/start.ts';

const REPOSITORY = { id: 42, fullName: 'acme/todo' };
const LIMITED = { status: 429, why: 'GitHub answered 429, its rate limit is used up' };
let github: GitHubStandIn;
let repository: StandInRepository;

beforeAll(async () => {
  repository = { ...REPOSITORY, defaultBranch: 'main', branches: ['main', 'login'], formerNames: ['acme/old'] };
  github = await startGitHub({ repositories: [repository], token: 'good' });
});
afterAll(() => github.close());
beforeEach(() => {
  github.setFault(undefined);
  github.calls.length = 0;
});

const branches = () =>
  createBranches(createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url }));
const read = (ref: string, fullName = 'acme/todo') => branches().read({ id: 42, fullName }, ref);
const list = (fullName = 'acme/todo') => branches().list({ id: 42, fullName });
const answering = (end: string, answer: { status: number; body?: unknown }) =>
  github.setFault(({ url }) => (url.endsWith(end) ? answer : undefined));
/** As an answer that no rate limit lets through. */
const limited = { status: 429, headers: { 'Retry-After': '60' } };

describe('the answer about a branch', () => {
  it('is that it is there, and nothing else is asked', async () => {
    expect(await read('login')).toStrictEqual({ ref: 200, exact: true });
    expect(github.calls.map(({ url }) => url)).toEqual(['/repos/acme/todo/git/ref/heads/login']);
  });

  it.each([
    [{ ref: 'refs/heads/login2' }],
    [{ ref: 'login' }],
    [{}],
    [[{ ref: 'refs/heads/login' }]],
    ['<html>back soon</html>'],
  ])('is none where GitHub answers with %j', async (body) => {
    answering('/heads/login', { status: 200, body });
    const why = 'GitHub answered with another ref';
    expect(await read('login')).toStrictEqual({ ref: 200, exact: false, why });
  });

  it.each([
    ['', '""'],
    ['a/..', '"a/.."'],
    ['\ud800', '"\\ud800"'],
  ])('is that %j cannot be asked for', async (ref, shown) => {
    expect(await read(ref)).toStrictEqual({ why: `GitHub can't be asked for the branch ${shown}` });
    expect(github.calls).toEqual([]);
  });

  it.each([
    [204, { ref: 204 }],
    [410, { ref: 410, why: 'GitHub answered 410' }],
    [429, { ref: 429, why: LIMITED.why }],
  ])('is a status and its reason, where there is one: %i', async (status, answer) => {
    answering('/heads/login', { ...limited, status });
    expect(await read('login')).toStrictEqual(answer);
    expect(github.calls).toHaveLength(1);
  });
});

describe('the answer about a branch that is not there', () => {
  const known = { status: 200, id: 42, fullName: 'acme/todo' };

  it('has the repository and its default branch beside it', async () => {
    expect(await read('gone')).toStrictEqual({ ref: 404, repository: known, defaultRef: 200 });
    expect(await read('gone', 'acme/old')).toStrictEqual({ ref: 404, repository: known, defaultRef: 200 });
  });

  it('asks for the default branch under the name that the repository has by now', async () => {
    await read('gone', 'acme/old');
    expect(github.calls.at(-1)?.url).toBe('/repos/acme/todo/git/ref/heads/main');
  });

  it.each<[string, unknown, object]>([
    ['not there', { status: 404 }, { repository: { status: 404 }, why: 'the repository: GitHub answered 404' }],
    ['limited', limited, { repository: { status: 429 }, why: `the repository: ${LIMITED.why}` }],
    [
      'not answered in full',
      { status: 204 },
      { repository: { status: 204 }, why: 'the repository: GitHub answered 204' },
    ],
    [
      'of texts for numbers',
      { status: 200, body: { id: '42', full_name: 7, default_branch: 7 } },
      { repository: { status: 200 }, why: 'GitHub names no default branch' },
    ],
    [
      'without a default branch',
      { status: 200, body: { id: 42, full_name: 'acme/todo' } },
      { repository: known, why: 'GitHub names no default branch' },
    ],
    [
      'with a default branch of dots',
      { status: 200, body: { id: 42, full_name: 'acme/todo', default_branch: '..' } },
      { repository: known, why: 'GitHub names no default branch' },
    ],
    [
      'without a name, which is then the one asked for',
      { status: 200, body: { id: 42, default_branch: 'main' } },
      { repository: { status: 200, id: 42 }, defaultRef: 200 },
    ],
  ])('says what is known of a repository %s', async (_what, answer, rest) => {
    answering('/acme/todo', answer as { status: number });
    expect(await read('gone')).toStrictEqual({ ref: 404, ...rest });
  });

  it.each<[string, object, object]>([
    ['not there', { status: 404 }, { defaultRef: 404, why: 'the default branch: GitHub answered 404' }],
    ['limited', limited, { defaultRef: 429, why: `the default branch: ${LIMITED.why}` }],
    ['answered with nothing', { status: 204 }, { defaultRef: 204, why: 'the default branch: ' }],
    [
      'another one',
      { status: 200, body: { ref: 'refs/heads/other' } },
      { why: 'the default branch: GitHub answered with another ref' },
    ],
  ])('is no proof where the default branch is %s', async (_what, answer, rest) => {
    answering('/heads/main', answer as { status: number });
    expect(await read('gone')).toStrictEqual({ ref: 404, repository: known, ...rest });
  });
});

describe('the answer about a branch whose default branch is not answered for', () => {
  it.each([
    [{ why: 'GitHub did not answer (timeout)' }, 'the default branch: GitHub did not answer (timeout)'],
    [{}, 'the default branch: no answer'],
  ])('is that, and no proof: %j', async (silence, why) => {
    const client = createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url });
    const get = (path: string) => (path.endsWith('/heads/main') ? Promise.resolve(silence) : client.get(path));
    expect(await createBranches({ ...client, get }).read({ id: 42, fullName: 'acme/todo' }, 'gone')).toStrictEqual({
      ref: 404,
      repository: { status: 200, id: 42, fullName: 'acme/todo' },
      why,
    });
  });
});

describe('the list of branches', () => {
  const sha = 'a'.repeat(40);

  it('is their names and heads, of the repository as GitHub names it', async () => {
    const body = [
      { name: 'main', commit: { sha } },
      { name: 'long', commit: { sha: 'b'.repeat(64) } },
      { name: 'short', commit: { sha: 'a'.repeat(39) } },
      { name: 'words', commit: { sha: 'x'.repeat(40) } },
      { name: 'number', commit: { sha: 7 } },
      { name: 'none', commit: null },
    ];
    answering('per_page=100', { status: 200, body });
    expect(await list('acme/old')).toStrictEqual({
      ...{ kind: 'list', repository: REPOSITORY, defaultBranch: 'main' },
      names: new Set(['main', 'long', 'short', 'words', 'number', 'none']),
      heads: new Map([
        ['main', sha],
        ['long', 'b'.repeat(64)],
      ]),
    });
    expect(github.calls.at(-1)?.url).toBe('/repos/acme/todo/branches?per_page=100');
  });

  const whole = { id: 42, full_name: 'acme/todo', default_branch: 'main' };
  const ELSE = 'the repository: GitHub answered with something else';
  it.each<[string, string, object, string]>([
    ['the repository is not there', '/acme/todo', { status: 404 }, 'the repository: GitHub answered 404'],
    ['it has no id', '/acme/todo', { status: 200, body: { ...whole, id: undefined } }, ELSE],
    ['it has no name', '/acme/todo', { status: 200, body: { ...whole, full_name: undefined } }, ELSE],
    ['it has no default branch', '/acme/todo', { status: 200, body: { ...whole, default_branch: null } }, ELSE],
    ['the list is refused', '=100', { status: 404 }, 'the list of branches: GitHub answered 404'],
    ['an entry is none', '=100', { status: 200, body: [7] }, 'the list of branches: an entry has no name'],
    ['an entry has no name', '=100', { status: 200, body: [{}] }, 'the list of branches: an entry has no name'],
    ['it is empty', '=100', { status: 200, body: [] }, 'the list of branches lacks the default branch'],
    [
      'it lacks the default branch',
      '=100',
      { status: 200, body: [{ name: 'login' }] },
      'the list of branches lacks the default branch',
    ],
  ])('is not known where %s', async (_what, end, answer, why) => {
    answering(end, answer as { status: number });
    expect(await list()).toStrictEqual({ kind: 'unknown', why });
  });
});
