import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGitHub } from '../../../lib/github/client.ts';
import { createComments } from '../../../lib/github/comments.ts';
import { createDeployments } from '../../../lib/github/deployments.ts';
import { formatComment, toMark } from '../../../lib/github/format-comment.ts';
import type { GitHubAnswer, GitHubCall } from '../../../local/github/model.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';

const REPOSITORY = { id: 42, fullName: 'acme/shop' };
const ABOUT = { repository: REPOSITORY, ref: 'Login', slug: 'login-1' };
const COMMENT = { state: 'ready', imageTag: 'v1' };
const BOT = 'Feature-Branches-Bot';
const PAGE = 'https://app.example.test/ui/';
const BODY = formatComment(COMMENT, { slug: 'login-1', pageUrl: PAGE });
const RIGHTS = 'GITHUB_TOKEN must be valid and may read contents';

let github: GitHubStandIn;
let answers: [method: string, end: RegExp, answer: GitHubAnswer][];

// a server for each test, and one write in each: the client waits between two writes to one
beforeEach(async () => {
  github = await startGitHub({
    repositories: [{ ...REPOSITORY, defaultBranch: 'main', branches: ['main', 'Login'] }],
    token: 'good',
  });
  answers = [];
  github.setFault(({ method, url }) => answers.find(([on, end]) => method === on && end.test(url))?.[2]);
});
afterEach(() => github.close());

const client = () =>
  createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url, timeoutMs: 60_000 });
const asked = () =>
  github.calls.map(({ method, url, body }: GitHubCall): [line: string, body?: object] =>
    body === undefined ? [`${method} ${url}`] : [`${method} ${url}`, body],
  );
const writes = () => asked().filter(([line]) => !line.startsWith('GET'));
const PULLS = 'GET /repos/acme/shop/pulls?state=open&per_page=100&head=acme%3ALogin';
const ISSUE = '/repos/acme/shop/issues/7/comments';

describe('a comment', () => {
  const pull = (number: unknown, more: object = {}) => ({
    ...{ number, draft: false, head: { ref: 'Login', repo: { id: 42 } }, base: { ref: 'main', repo: { id: 42 } } },
    ...more,
  });
  const comments = () => createComments({ github: client(), kind: 'token', pageUrl: PAGE });
  const tell = (known: Record<string, number> = {}, state = 'ready') =>
    comments().tell({ ...ABOUT, comment: { ...COMMENT, state } }, known);
  const pulls = (...body: unknown[]) => answers.push(['GET', /\/pulls\?/, { status: 200, body }]);
  const found = (...body: unknown[]) => answers.push(['GET', /\/issues\/7\/comments/, { status: 200, body }]);

  it('is made where there is none, after a look for one', async () => {
    pulls(pull(7));
    answers.push(['POST', /comments$/, { status: 201, body: { id: 5 } }]);
    expect(await tell()).toStrictEqual({ kind: 'told', ids: { 7: 5 } });
    expect(asked()).toEqual([
      ...[[PULLS], ['GET /user'], [`GET ${ISSUE}?per_page=100`], [`POST ${ISSUE}`, { body: BODY }]],
    ]);
  });

  it('is updated where it is known', async () => {
    pulls(pull(7));
    answers.push(['PATCH', /./, { status: 200 }]);
    expect(await tell({ 7: 5 })).toStrictEqual({ kind: 'told', ids: { 7: 5 } });
    expect(asked()).toEqual([[PULLS], ['PATCH /repos/acme/shop/issues/comments/5', { body: BODY }]]);
  });

  it('is updated where it is found, by its author and by its mark at the beginning', async () => {
    const mark = toMark('login-1');
    pulls(pull(7));
    found(
      7,
      { id: 1, body: mark, user: { login: 'mallory' } },
      { id: 2, body: mark, user: null },
      { id: '3', body: mark, user: { login: BOT } },
      { id: 4, body: 7, user: { login: BOT } },
      { id: 5, body: `x ${mark}`, user: { login: BOT } },
      { id: 6, body: `${mark}\nx`, user: { login: BOT.toUpperCase() } },
      { id: 7, body: mark, user: { login: BOT } },
    );
    answers.push(['PATCH', /./, { status: 404 }]);
    expect(await tell()).toStrictEqual({ kind: 'told', ids: { 7: 6 } });
    expect(writes()).toEqual([['PATCH /repos/acme/shop/issues/comments/6', { body: BODY }]]);
  });

  it('says that the environment is gone wherever it was told, and looks for no pull request', async () => {
    answers.push(['PATCH', /./, { status: 200 }]);
    expect(await tell({ 9: 5 }, 'gone')).toStrictEqual({ kind: 'told', ids: { 9: 5 } });
    const body = formatComment({ ...COMMENT, state: 'gone' }, { slug: 'login-1', pageUrl: PAGE });
    expect(asked()).toEqual([['PATCH /repos/acme/shop/issues/comments/5', { body }]]);
  });

  it('is none where there is no pull request, and keeps what is known', async () => {
    pulls();
    expect(await tell({ 9: 5 })).toStrictEqual({ kind: 'told', ids: { 9: 5 } });
    expect(writes()).toEqual([]);
  });

  it.each<[string, [string, RegExp, GitHubAnswer], object]>([
    ['the pull requests', ['GET', /pulls/, { status: 404 }], { kind: 'failed', why: 'GitHub answered 404' }],
    ['who we are', ['GET', /user$/, { status: 401 }], { kind: 'refused', why: `GitHub answered 401: ${RIGHTS}` }],
    [
      'our name',
      ['GET', /user$/, { status: 200, body: {} }],
      { kind: 'failed', why: 'GitHub does not say who the app is' },
    ],
    [
      'our name in full',
      ['GET', /user$/, { status: 203, body: { login: BOT } }],
      { kind: 'failed', why: 'GitHub does not say who the app is' },
    ],
    ['the comments', ['GET', /7\/comments/, { status: 410 }], { kind: 'failed', why: 'GitHub answered 410' }],
    ['a comment made', ['POST', /7\/comments/, { status: 422 }], { kind: 'refused', why: 'GitHub answered 422' }],
    ['its id', ['POST', /7\/comments/, { status: 201, body: {} }], { kind: 'failed', why: 'GitHub answered 201' }],
    [
      'it made now',
      ['POST', /7\/comments/, { status: 202, body: { id: 5 } }],
      { kind: 'failed', why: 'GitHub answered 202' },
    ],
  ])('is not told where GitHub does not give %s', async (_what, answer, expected) => {
    answers.push(answer);
    pulls(pull(7));
    expect(await tell()).toStrictEqual(expected);
  });

  it.each([
    [403, 'refused', `GitHub answered 403: ${RIGHTS}`],
    [202, 'failed', 'GitHub answered 202'],
  ])('is not updated where GitHub answers %i', async (status, kind, why) => {
    pulls(pull(7));
    answers.push(['PATCH', /./, { status }]);
    expect(await tell({ 7: 5 })).toStrictEqual({ kind, why });
  });

  it('may stand on each open pull request of the repository’s own branches that is no draft', async () => {
    const side = (ref: unknown, id: unknown) => ({ ref, repo: { id } });
    pulls(
      ...[7, pull('8'), pull(9, { draft: true }), pull(10, { head: side('Login', 43) }), pull(11, { head: null })],
      ...[pull(12, { head: side(7, 42) }), pull(13, { head: { ref: 'Login', repo: null }, base: { repo: null } })],
      ...[pull(14), pull(15, { head: side('other', 42) }), pull(16), pull(17, { draft: null })],
    );
    expect(await comments().list(REPOSITORY)).toStrictEqual({
      kind: 'list',
      numbers: new Map([
        ['Login', [14, 16, 17]],
        ['other', [15]],
      ]),
    });
    expect(asked()).toEqual([['GET /repos/acme/shop/pulls?state=open&per_page=100']]);
  });

  it('asks who we are once', async () => {
    pulls(pull(7));
    answers.push(['GET', /7\/comments/, { status: 410 }]);
    const one = comments();
    for (const slug of ['one', 'two'])
      expect(await one.tell({ ...ABOUT, slug, comment: COMMENT }, {})).toMatchObject({ kind: 'failed' });
    expect(asked().filter(([line]) => line === 'GET /user')).toHaveLength(1);
  });
});

describe('a deployment', () => {
  const PATH = '/repos/acme/shop/deployments';
  const LIST = `GET ${PATH}?ref=Login&environment=feature%2Flogin-1&per_page=100`;
  const deployments = (pageUrl?: string) =>
    createDeployments({
      ...{ github: client(), environment: 'feature/{slug}' },
      ...(pageUrl !== undefined && { pageUrl }),
    });
  const READY = { ...ABOUT, state: 'success', description: 'Ready', imageTag: 'v1' } as const;
  const ours = (id: unknown, payload: unknown = { slug: 'login-1', imageTag: 'v1' }) => ({ id, payload });
  const listed = (...body: unknown[]) => answers.push(['GET', /deployments/, { status: 200, body }]);

  it('is told of by its id, with its address and its page', async () => {
    answers.push(['POST', /statuses$/, { status: 201 }]);
    const about = { ...READY, url: 'https://login.example.test' };
    expect(await deployments(PAGE).tell(about, { deploymentId: 5, imageTag: 'v1' })).toStrictEqual({
      ...{ kind: 'told', deploymentId: 5 },
    });
    const links = { environment_url: 'https://login.example.test', log_url: `${PAGE}login-1` };
    expect(asked()).toEqual([...[[`POST ${PATH}/5/statuses`, { state: 'success', description: 'Ready', ...links }]]]);
  });

  it('is told of without an address and a page where there is none', async () => {
    answers.push(['POST', /statuses$/, { status: 201 }]);
    await deployments().tell(READY, { deploymentId: 5, imageTag: 'v1' });
    expect(asked()).toEqual([...[[`POST ${PATH}/5/statuses`, { state: 'success', description: 'Ready' }]]]);
  });

  it('is found by its slug and its tag, in a payload of either form', async () => {
    listed(
      ...[7, ours('1'), ours(2, 'no JSON'), ours(3, { slug: 'other', imageTag: 'v1' }), ours(4, null)],
      ours(5, JSON.stringify({ slug: 'login-1', imageTag: 'v1' })),
    );
    answers.push(['POST', /statuses$/, { status: 201 }]);
    expect(await deployments().tell(READY, { deploymentId: 9, imageTag: 'v0' })).toStrictEqual({
      ...{ kind: 'told', deploymentId: 5 },
    });
    expect(asked().map(([line]) => line)).toEqual([LIST, `POST ${PATH}/5/statuses`]);
  });

  it('is made of the branch alone, waits for no check and goes with its branch', async () => {
    listed();
    answers.push(['POST', /deployments$/, { status: 422 }]);
    expect(await deployments().tell(READY, {})).toStrictEqual({ kind: 'refused', why: 'GitHub answered 422' });
    expect(writes()).toEqual([
      [
        `POST ${PATH}`,
        {
          ...{ ref: 'Login', environment: 'feature/login-1', description: 'Environment login-1' },
          payload: { slug: 'login-1', imageTag: 'v1' },
          ...{ transient_environment: true, auto_merge: false, required_contexts: [] },
        },
      ],
    ]);
  });

  it('is not known where the list is not', async () => {
    answers.push(['GET', /./, { status: 404 }]);
    const failed = { kind: 'failed', why: 'GitHub answered 404' };
    expect(await deployments().tell(READY, {})).toStrictEqual(failed);
    expect(await deployments().remove(ABOUT)).toStrictEqual(failed);
  });

  it('is nothing to remove where none is ours', async () => {
    listed(ours(3, { slug: 'other' }));
    expect(await deployments().remove(ABOUT)).toStrictEqual({ kind: 'removed' });
    expect(asked()).toEqual([[LIST]]);
  });

  it('is ended before it is removed', async () => {
    listed(ours(5));
    answers.push(['POST', /./, { status: 403 }]);
    expect(await deployments().remove(ABOUT)).toStrictEqual({
      ...{ kind: 'refused', why: `GitHub answered 403: ${RIGHTS}` },
    });
    expect(writes()).toEqual([[`POST ${PATH}/5/statuses`, { state: 'inactive' }]]);
  });
});
