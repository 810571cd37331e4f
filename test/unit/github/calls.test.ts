import { generateKeyPairSync } from 'node:crypto';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type GitHub, createGitHub } from '../../../lib/github/client.ts';
import { hideSecrets } from '../../../lib/secrets.ts';
import { type GitHubStandIn, startGitHub } from '../../../local/github/start.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
let github: GitHubStandIn;
let client: GitHub;

const token = (more: { apiUrl?: string; timeoutMs?: number } = {}) =>
  // a busy machine must not make a timeout of what is asked for
  createGitHub({ credentials: { kind: 'token', token: 'good' }, apiUrl: github.url, timeoutMs: 60_000, ...more });

// a server for each test: the client waits between two writes to one
beforeEach(async () => {
  github = await startGitHub({
    repositories: [{ id: 42, fullName: 'acme/shop', defaultBranch: 'main', branches: ['main'] }],
    token: 'good',
    app: { id: '7', slug: 'app', installationId: '70', publicKey, deliveries: [] },
  });
  client = token();
});
afterEach(() => github.close());

describe('a call of GitHub', () => {
  it('is answered with its status and its data', async () => {
    github.setFault(() => ({ status: 200, body: { a: 1 } }));
    expect(await client.get('/user')).toStrictEqual({ status: 200, data: { a: 1 } });
    expect(github.calls).toMatchObject([{ method: 'GET', url: '/user', authorization: 'token good' }]);
    expect(github.calls[0]).not.toHaveProperty('ifNoneMatch');
  });

  it.each([
    ['PATCH', { b: 2 }],
    ['POST', { b: 2 }],
    ['DELETE', undefined],
  ] as const)('writes by %s what it is given, and no more', async (method, body) => {
    github.setFault(() => ({ status: 200, body: { a: 1 } }));
    expect(await client.send(method, '/user', body)).toStrictEqual({ status: 200, data: { a: 1 } });
    expect(github.calls.map((call) => [call.method, call.url, call.body])).toEqual([[method, '/user', body]]);
  });

  it.each([304, 400, 401, 403, 404, 409, 410, 422, 451])(
    'is sent once where the answer is %i, which is no better the next time',
    async (status) => {
      github.setFault(() => ({ status }));
      const answer = await client.get('/user');
      expect([answer.status, answer.data]).toEqual([status, undefined]);
      expect(answer.why === undefined).toBe(status === 304);
      expect(github.calls).toHaveLength(1);
      github.calls.length = 0;
      expect(await client.send('PATCH', '/user')).toStrictEqual(answer);
      expect(github.calls).toHaveLength(1);
    },
  );

  it('is sent once where it makes something, whose answer may be lost though it was made', async () => {
    github.setFault(() => ({ status: 502 }));
    expect(await client.send('POST', '/user')).toStrictEqual({
      ...{ status: 502, data: undefined, why: 'GitHub answered 502' },
    });
    expect(github.calls).toHaveLength(1);
  });

  it('is sent once more where a rate limit has ended, and no third time', async () => {
    const past = String(Math.floor(Date.now() / 1000) - 10);
    github.setFault(() => ({ status: 403, headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': past } }));
    expect((await client.get('/user')).status).toBe(403);
    expect(github.calls).toHaveLength(2);
  });

  it.each(['6', '60'])('is left to the requeued request where a rate limit ends in %s s', async (seconds) => {
    github.setFault(() => ({ status: 429, headers: { 'Retry-After': seconds }, body: { message: 'secondary rate' } }));
    expect((await client.get('/user')).status).toBe(429);
    expect(github.calls).toHaveLength(1);
  });

  it('goes to the address as it is configured, with slashes behind it or none', async () => {
    expect((await token({ apiUrl: `${github.url}//` }).get('/user')).status).toBe(200);
    expect(github.calls.map(({ url }) => url)).toEqual(['/user']);
  });

  it('has no status where no token can be made for it', async () => {
    const credentials = { kind: 'app', appId: '7', installationId: '70', privateKey: 'none' } as const;
    const app = createGitHub({ credentials, apiUrl: github.url });
    const why = 'no token for GitHub could be made: GITHUB_APP_PRIVATE_KEY must be the PEM file of the App';
    expect(await app.get('/user')).toStrictEqual({ data: undefined, why });
    expect(await app.send('POST', '/user')).toStrictEqual({ data: undefined, why });
    expect(await app.list('/user')).toStrictEqual({ kind: 'unknown', why });
    expect(github.calls).toEqual([]);
  });

  it('of an App has its token hidden in whatever is logged, and says where it got none', async () => {
    const credentials = { kind: 'app', appId: '7', installationId: '70', privateKey } as const;
    const app = createGitHub({ credentials, apiUrl: github.url });
    expect((await app.get('/repos/acme/shop')).status).toBe(200);
    const used = github.calls.find(({ url }) => url === '/repos/acme/shop')?.authorization?.replace(/^\w+ /, '') ?? '';
    expect(used).not.toBe('');
    expect(hideSecrets(used)).toBe('***');

    github.setFault(({ url }) => (url.endsWith('/access_tokens') ? { status: 404 } : undefined));
    const other = createGitHub({ credentials, apiUrl: github.url });
    expect(await other.get('/repos/acme/shop')).toStrictEqual({
      data: undefined,
      why: expect.stringMatching(/^GitHub gave the App no token \(404\)/) as unknown,
    });
  });

  it('has its deprecations and limits on nobody’s console', async () => {
    const said: unknown[] = [];
    const kept = { ...console };
    const say = (...words: unknown[]) => void said.push(words);
    Object.assign(console, { debug: say, info: say, log: say, warn: say, error: say });
    try {
      const headers = { deprecation: 'true', sunset: 'soon', Link: '<https://docs/x>; rel="deprecation"' };
      github.setFault(() => ({ status: 200, headers, body: {} }));
      await client.get('/user');
    } finally {
      Object.assign(console, kept);
    }
    expect(said).toEqual([]);
  });
});

describe('a list of GitHub', () => {
  const next = (path: string) => ({
    Link: `<${github.url}/first?page=0>; rel="prev", <${github.url}${path}>; rel="next"`,
  });

  it('is all of its pages, in order, until there is enough', async () => {
    github.setFault(({ url }) =>
      url === '/items'
        ? { status: 200, body: [1, 2], headers: next('/more?a=1') }
        : { status: 200, body: [3], headers: url === '/more?a=1' ? next('/end') : {} },
    );
    expect(await client.list('/items')).toStrictEqual({ kind: 'list', items: [1, 2, 3, 3] });
    expect(github.calls.map(({ url }) => url)).toEqual(['/items', '/more?a=1', '/end']);
    const seen: unknown[] = [];
    const enough = await client.list('/items', (page) => (seen.push(page), page.includes(3)));
    expect(enough).toStrictEqual({ kind: 'list', items: [1, 2, 3] });
    expect(seen).toEqual([[1, 2], [3]]);
  });

  it('costs nothing for a page that did not change, and is read again where it did', async () => {
    github.setFault(() => ({ status: 200, body: [1] }));
    await client.list('/items');
    expect(github.calls.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([undefined]);
    github.setFault(({ ifNoneMatch }) => ({ status: ifNoneMatch === undefined ? 500 : 304 }));
    expect(await client.list('/items')).toStrictEqual({ kind: 'list', items: [1] });
    github.setFault(() => ({ status: 200, body: [2] }));
    expect(await client.list('/items')).toStrictEqual({ kind: 'list', items: [2] });
  });

  it.each([
    [99, 'the last one', true],
    [100, 'the last one', false],
    [100, 'followed by another one', true],
  ])('asks whether a page of %i changed, and reads a full last one anew: %s', async (count, which, isAsked) => {
    const headers = which === 'the last one' ? {} : next('/end');
    github.setFault(({ url }) =>
      url === '/items' ? { status: 200, body: Array(count).fill(1), headers } : { status: 200, body: [] },
    );
    await client.list('/items');
    await client.list('/items');
    const asked = github.calls.filter(({ url }) => url === '/items').map(({ ifNoneMatch }) => ifNoneMatch);
    expect(asked).toEqual([undefined, isAsked ? (expect.any(String) as unknown) : undefined]);
  });

  it.each<[string, { status: number; body?: unknown; headers?: Record<string, string> }, string]>([
    ['nothing changed, of what was never read', { status: 304 }, 'GitHub answered 304'],
    ['no content', { status: 204 }, 'GitHub answered 204'],
    ['a refusal', { status: 404 }, 'GitHub answered 404'],
    ['no list', { status: 200, body: { items: [] } }, 'GitHub answered with something that is no list'],
    [
      'a next page elsewhere',
      { status: 200, body: [], headers: { Link: '<https://api.github.example/x>; rel="next"' } },
      'GitHub named a next page on another host',
    ],
  ])('is none where GitHub answers with %s', async (_what, answer, why) => {
    github.setFault(() => answer);
    expect(await client.list('/items')).toStrictEqual({ kind: 'unknown', why });
  });

  it('never takes our token to a host whose name begins as ours', async () => {
    github.setFault(() => ({ status: 200, body: [], headers: { Link: `<${github.url}0/x>; rel="next"` } }));
    const why = 'GitHub named a next page on another host';
    expect(await client.list('/items')).toStrictEqual({ kind: 'unknown', why });
    expect(github.calls).toHaveLength(1);
  });

  it('may take longer for a page than another call may', async () => {
    github.setFault(() => new Promise((resolve) => setTimeout(resolve, 150, { status: 200, body: [1] })));
    expect(await token({ timeoutMs: 100 }).list('/items')).toStrictEqual({ kind: 'list', items: [1] });
  });
});

describe('a list of a GitHub that tags no page', () => {
  let server: Server;
  const asked: (string | undefined)[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.headers['if-none-match']);
      response.writeHead(200, { 'content-type': 'application/json' }).end('[1]');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('is read whole each time', async () => {
    const untagged = token({ apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    for (const times of [1, 2]) {
      expect(await untagged.list('/items')).toStrictEqual({ kind: 'list', items: [1] });
      expect(asked).toEqual(Array(times).fill(undefined));
    }
  });
});
