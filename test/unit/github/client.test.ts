import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { BranchList } from '../../../lib/environment/ports/ports.ts';
import { createBranches } from '../../../lib/github/branches.ts';
import { type GitHub, createGitHub } from '../../../lib/github/client.ts';
import type { StandInApp } from '../../../local/github/model.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';

const REPOSITORY = { id: 42, fullName: 'acme/todo' };
const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
});
const BRANCHES = ['main', ...Array.from({ length: 1_000 }, (_, n) => `ex-${n}`)];
let github: GitHubStandIn;
let app: StandInApp;

function byApp(key = privateKey): GitHub {
  return createGitHub({
    credentials: { kind: 'app', appId: '7', installationId: '70', privateKey: key },
    apiUrl: github.url,
  });
}

const byToken = (): GitHub => createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url });
const list = (client: GitHub) => createBranches(client).list(REPOSITORY);

describe('createGitHub', () => {
  beforeEach(async () => {
    app = { id: '7', slug: 'feature-branches', installationId: '70', publicKey, deliveries: [] };
    github = await startGitHub({
      repositories: [
        { ...REPOSITORY, defaultBranch: 'main', branches: [...BRANCHES], formerNames: ['acme/old', 'other/todo'] },
      ],
      token: 'good',
      app,
    });
  });
  afterEach(() => github.close());

  it('lists 1,000 branches page by page, and asks again for free where nothing changed', async () => {
    const client = byToken();
    const first = await list(client);
    const before = github.calls.length;

    expect(first).toMatchObject({ kind: 'list', repository: REPOSITORY, defaultBranch: 'main' });
    expect(first.kind === 'list' && first.names.size).toBe(1_001);
    expect(await list(client)).toEqual(first);
    const again = github.calls.slice(before).filter(({ url }) => url.includes('/branches'));
    expect(again.map(({ status }) => status)).toEqual(Array(11).fill(304));
  });

  it('sees a branch that came or went after the last list', async () => {
    const client = byToken();
    await list(client);
    github.repositories[0]?.branches.splice(-1, 1, 'new');

    const { names } = (await list(client)) as Extract<BranchList, { kind: 'list' }>;
    expect(names.has('new')).toBe(true);
    expect(names.has('ex-999')).toBe(false);
  });

  it.each<[string, Parameters<GitHubStandIn['setFault']>[0]]>([
    ['a page that fails', ({ url }) => (url.includes('page=3') ? { status: 502 } : undefined)],
    ['a page that is cut off', ({ url }) => (url.includes('page=3') ? 'drop' : undefined)],
    ['a page of HTML', ({ url }) => (url.includes('page=3') ? { status: 200, body: '<h1>Back soon</h1>' } : undefined)],
    ['an empty 200', ({ url }) => (url.includes('/branches') ? { status: 200 } : undefined)],
    ['an empty list', ({ url }) => (url.includes('/branches') ? { status: 200, body: [] } : undefined)],
    [
      'a list without the default branch',
      ({ url }) => (url.includes('/branches') ? { status: 200, body: [{ name: 'ex-1' }] } : undefined),
    ],
    ['an entry without a name', ({ url }) => (url.includes('page=3') ? { status: 200, body: [{}] } : undefined)],
    [
      'a next page on another host',
      ({ url }) =>
        url.includes('/branches')
          ? {
              status: 200,
              headers: { Link: '<http://127.0.0.1:1/x?page=2>; rel="next"' },
              body: [{ name: 'main' }],
            }
          : undefined,
    ],
    ['a repository that is 404', ({ url }) => (url.endsWith('/acme/todo') ? { status: 404 } : undefined)],
    ['an empty repository answer', ({ url }) => (url.endsWith('/acme/todo') ? { status: 200 } : undefined)],
    [
      'a used up rate limit',
      () => ({ status: 403, headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '2147480000' } }),
    ],
    [
      'a secondary rate limit',
      () => ({
        status: 403,
        headers: { 'Retry-After': '60' },
        body: { message: 'You have exceeded a secondary rate limit' },
      }),
    ],
    ['a revoked token', () => ({ status: 401 })],
  ])('calls %s no list', async (_what, fault) => {
    github.setFault(fault);

    expect(await list(byToken())).toEqual({ kind: 'unknown', why: expect.any(String) });
  });

  it('waits out a short rate limit', async () => {
    let isLimited = true;
    github.setFault(({ url }) => {
      if (!isLimited || !url.includes('/git/')) return undefined;
      isLimited = false;
      return {
        status: 429,
        headers: { 'Retry-After': '1' },
        body: { message: 'You have exceeded a secondary rate limit' },
      };
    });

    expect(await createBranches(byToken()).read(REPOSITORY, 'ex-1')).toEqual({ ref: 200, exact: true });
  });

  it.each(['acme/old', 'other/todo'])('follows a repository that was renamed or transferred from %s', async (name) => {
    const branches = createBranches(byToken());

    expect(await branches.list({ fullName: name })).toMatchObject({ kind: 'list', repository: REPOSITORY });
    expect(await branches.read({ id: 42, fullName: name }, 'ex-1')).toEqual({ ref: 200, exact: true });
  });

  it('asks as an App with one installation token for many calls', async () => {
    const client = byApp();
    for (const ref of ['ex-1', 'ex-2', 'ex-3']) {
      expect(await createBranches(client).read(REPOSITORY, ref)).toEqual({ ref: 200, exact: true });
    }
    expect(github.calls.filter(({ url }) => url.endsWith('/access_tokens'))).toHaveLength(1);
  });

  it.each<[string, () => void, RegExp]>([
    ['suspended', () => (app.isSuspended = true), /gave the App no token \(403\).*not suspended/],
    ['uninstalled', () => (app.installationId = '71'), /gave the App no token \(404\)/],
    ['of another key', () => (app.id = '8'), /gave the App no token \(401\)/],
    ['without the repository', () => (app.withoutRepositories = [42]), /the repository: GitHub answered 404/],
  ])('never takes the answers to an App that is %s for those of a branch that is gone', async (_what, spoil, why) => {
    spoil();
    const branches = createBranches(byApp());

    const answer = await branches.read(REPOSITORY, 'ex-1');
    expect(answer.why).toMatch(why);
    expect(answer.repository?.status).not.toBe(200);
    expect(await branches.list(REPOSITORY)).toMatchObject({ kind: 'unknown', why: expect.stringMatching(why) });
  });

  it('says that a private key is none, without showing it', async () => {
    const answer = await createBranches(byApp('-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----')).read(
      REPOSITORY,
      'ex-1',
    );

    expect(answer).toEqual({ why: expect.stringContaining('GITHUB_APP_PRIVATE_KEY') });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });
});
