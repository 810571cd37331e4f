import { describe, expect, it } from '@jest/globals';
import { isTokenRequest, toAnswer } from '../../../lib/github/answer.ts';
import { refPath, repositoryPath } from '../../../lib/github/paths.ts';

const NO_TOKEN = (words: string) =>
  `GitHub gave the App no token (${words}): it must be installed and not suspended, and GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PRIVATE_KEY must belong together`;
const NO_KEY = 'no token for GitHub could be made: GITHUB_APP_PRIVATE_KEY must be the PEM file of the App';
const TOKEN_URL = 'https://api.github.com/app/installations/70/access_tokens';
const RIGHTS = 'GITHUB_TOKEN must be valid and may read contents';
const APP_RIGHTS = 'the GitHub App must be installed on the repository and may read contents';
const answered = (status: number, headers: Record<string, string | number | undefined> = {}) => ({
  ...{ name: 'HttpError', request: { url: '/repos/acme/shop' }, response: { status, headers } },
});

describe('a call that failed', () => {
  it.each<[string, object, object]>([
    ['304, which is no failure', answered(304), { status: 304 }],
    ['404', answered(404), { status: 404, why: 'GitHub answered 404' }],
    ['402', answered(402), { status: 402, why: 'GitHub answered 402' }],
    ['500', answered(500), { status: 500, why: 'GitHub answered 500' }],
    ['401', answered(401), { status: 401, why: `GitHub answered 401: ${RIGHTS}` }],
    ['403', answered(403), { status: 403, why: `GitHub answered 403: ${RIGHTS}` }],
    [
      '403 with calls left',
      answered(403, { 'x-ratelimit-remaining': '1' }),
      { status: 403, why: `GitHub answered 403: ${RIGHTS}` },
    ],
    [
      '403 with no call left',
      answered(403, { 'x-ratelimit-remaining': '0' }),
      { status: 403, why: 'GitHub answered 403, its rate limit is used up' },
    ],
    [
      '403 with a time to wait',
      answered(403, { 'retry-after': '60' }),
      { status: 403, why: 'GitHub answered 403, its rate limit is used up' },
    ],
    ['429', answered(429), { status: 429, why: 'GitHub answered 429, its rate limit is used up' }],
    [
      '404 with no call left',
      answered(404, { 'x-ratelimit-remaining': '0', 'retry-after': '60' }),
      { status: 404, why: 'GitHub answered 404' },
    ],
    ['a refusal of a token', { ...answered(404), request: { url: TOKEN_URL } }, { why: NO_TOKEN('404') }],
    ['no answer about a token', { request: { url: TOKEN_URL } }, { why: NO_TOKEN('no answer') }],
    ['nothing sent', new TypeError('no key'), { why: NO_KEY }],
    ['a timeout', { name: 'TimeoutError' }, { why: 'GitHub did not answer (timeout)' }],
    ['an abort', { name: 'AbortError' }, { why: 'GitHub did not answer (timeout)' }],
    ['a timeout below', { request: {}, cause: { name: 'TimeoutError' } }, { why: 'GitHub did not answer (timeout)' }],
    ['an abort below', { request: {}, cause: { name: 'AbortError' } }, { why: 'GitHub did not answer (timeout)' }],
    [
      'a code below',
      { request: {}, cause: { name: 'TypeError', cause: { code: 'ECONNREFUSED' } } },
      { why: 'GitHub did not answer (ECONNREFUSED)' },
    ],
    ['nothing known', { request: { url: '/user' } }, { why: 'GitHub did not answer (no connection)' }],
  ])('by %s says what it was', (_what, thrown, answer) => {
    expect(toAnswer(thrown, 'token')).toStrictEqual(answer);
  });

  it('names what an App needs where it is an App', () => {
    expect(toAnswer(answered(401), 'app').why).toBe(`GitHub answered 401: ${APP_RIGHTS}`);
    expect(toAnswer(answered(403), 'app').why).toBe(`GitHub answered 403: ${APP_RIGHTS}`);
  });

  it.each([
    [undefined, false],
    ['', false],
    [TOKEN_URL, true],
    ['/app/installations/{installation_id}/access_tokens', true],
    [`${TOKEN_URL}/more`, false],
    ['/app/installations/a/b/access_tokens', false],
    ['/repos/acme/access_tokens', false],
  ])('asked for a token at %j: %p', (url, isOne) => {
    expect(isTokenRequest(url)).toBe(isOne);
  });
});

describe('a path', () => {
  it('has each part of a repository encoded', () => {
    expect(repositoryPath('acme/shop')).toBe('/repos/acme/shop');
    expect(repositoryPath('a c/s#p')).toBe('/repos/a%20c/s%23p');
  });

  it.each([
    ['login', '/repos/acme/shop/git/ref/heads/login'],
    ['a/b#c/ü', '/repos/acme/shop/git/ref/heads/a/b%23c/%C3%BC'],
    ['a.b/.c/d..', '/repos/acme/shop/git/ref/heads/a.b/.c/d..'],
    ['', undefined],
    ['a//b', undefined],
    ['/a', undefined],
    ['.', undefined],
    ['a/..', undefined],
    ['.../a', undefined],
    ['a\ud800', undefined],
  ])('of the ref %j is %s', (ref, path) => {
    expect(refPath('acme/shop', ref)).toBe(path);
  });
});
