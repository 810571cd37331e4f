import { describe, expect, test } from '@jest/globals';
import { readPageSettings } from '../../../lib/config.ts';
import { answerMirror as untoldAnswerMirror, type MirrorCall, type MirrorRoute } from '../../../lib/page/mirror.ts';
import { keepTold } from '../../support/keep-told.ts';

const answerMirror = keepTold(untoldAnswerMirror);

const ON = { WEBSITE_AUTH_ENABLED: 'True', PAGE_SIGN_IN: 'entra', WEBSITE_HOSTNAME: 'app.azurewebsites.net' };

function principal(roles: string[], more: object = {}): string {
  const claims = [
    { typ: 'preferred_username', val: 'octocat@example.com' },
    ...roles.map((val) => ({ typ: 'roles', val })),
  ];
  return Buffer.from(JSON.stringify({ auth_typ: 'aad', claims, ...more })).toString('base64');
}

const OPERATOR = { 'x-ms-client-principal': principal(['Operator']) };
const READER = { 'x-ms-client-principal': principal(['Reader']) };
const SAME_SITE = { 'x-requested-with': 'fetch', origin: 'https://page.example.com' };

async function ask(options: {
  env?: Record<string, string>;
  method?: string;
  path?: string;
  headers?: Record<string, string>;
}) {
  const { env = ON, method = 'GET', path = 'environments', headers = {} } = options;
  const reached: string[] = [];
  const route = (of: 'GET' | 'POST', pattern: RegExp): MirrorRoute => ({
    method: of,
    pattern,
    answer: async ({ person, name }) => {
      reached.push(`${person.name} ${name}`.trim());
      return { status: 200, body: {} };
    },
  });
  const call: MirrorCall = {
    method,
    path,
    url: 'https://page.example.com/api/ui-api/x',
    query: new URLSearchParams(),
    header: (name) => headers[name],
    body: async () => new Uint8Array(),
    requestId: 'call-1',
  };
  const routes = [route('GET', /^environments(?:\/([a-z-]+))?$/), route('POST', /^provision$/)];
  const { status, body } = await answerMirror({ settings: () => readPageSettings(env), routes }, call);
  return { status, code: (body['error'] as { code?: string } | undefined)?.code, body, reached };
}

describe('a principal counts only where App Service put it there', () => {
  test.each<[string, Record<string, string>]>([
    ['authentication is off', { PAGE_SIGN_IN: 'entra' }],
    ['authentication is said to be off', { PAGE_SIGN_IN: 'entra', WEBSITE_AUTH_ENABLED: 'False' }],
    ['PAGE_SIGN_IN is not entra', { WEBSITE_AUTH_ENABLED: 'True' }],
    ['nothing is set', {}],
  ])('not where %s', async (_, env) => {
    for (const method of ['GET', 'POST']) {
      const { status, code, reached } = await ask({
        env,
        method,
        path: 'provision',
        headers: { ...OPERATOR, ...SAME_SITE },
      });
      expect({ status, code, reached }).toEqual({ status: 401, code: 'sign-in-off', reached: [] });
    }
  });

  test.each<[string, string]>([
    ['none', ''],
    ['one that is not base64 of JSON', 'Operator'],
    ['one of another provider', principal(['Operator'], { auth_typ: 'github' })],
    ['one without claims', principal([], { claims: 'Operator' })],
    ['null', Buffer.from('null').toString('base64')],
  ])('not %s', async (_, header) => {
    const { status, code, reached } = await ask({ headers: { 'x-ms-client-principal': header } });
    expect({ status, code, reached }).toEqual({ status: 401, code: 'not-signed-in', reached: [] });
  });
});

describe('who has signed in', () => {
  test('is told who he is', async () => {
    expect(await ask({ path: 'me', headers: READER })).toMatchObject({
      status: 200,
      body: { name: 'octocat@example.com', role: 'Reader' },
    });
  });

  test('reads as a Reader, and the name goes along', async () => {
    expect(await ask({ path: 'environments/my-branch', headers: READER })).toMatchObject({
      status: 200,
      reached: ['octocat@example.com my-branch'],
    });
  });

  test('without a role sees nothing', async () => {
    const headers = { 'x-ms-client-principal': principal(['Visitor']) };
    expect(await ask({ headers })).toMatchObject({ status: 403, code: 'no-role', reached: [] });
  });

  test('writes as an Operator from the page itself', async () => {
    const own = { method: 'POST', path: 'provision', headers: { ...OPERATOR, ...SAME_SITE } };
    expect(await ask(own)).toMatchObject({ status: 200, reached: ['octocat@example.com'] });
    const byHostname = { ...own, headers: { ...own.headers, origin: 'https://app.azurewebsites.net' } };
    expect(await ask(byHostname)).toMatchObject({ status: 200 });
  });

  test.each<[string, Record<string, string>, string]>([
    ['a Reader', { ...READER, ...SAME_SITE }, 'not-operator'],
    ['no Origin', { ...OPERATOR, 'x-requested-with': 'fetch' }, 'cross-site'],
    ['another origin', { ...OPERATOR, ...SAME_SITE, origin: 'https://evil.example.com' }, 'cross-site'],
    ['the same host over http', { ...OPERATOR, ...SAME_SITE, origin: 'http://page.example.com' }, 'cross-site'],
    ['the null origin', { ...OPERATOR, ...SAME_SITE, origin: 'null' }, 'cross-site'],
    [
      'a host that begins like ours',
      { ...OPERATOR, ...SAME_SITE, origin: 'https://page.example.com.evil.test' },
      'cross-site',
    ],
    ['no x-requested-with', { ...OPERATOR, origin: SAME_SITE.origin }, 'cross-site'],
  ])('does not write with %s', async (_, headers, code) => {
    const answer = await ask({ method: 'POST', path: 'provision', headers });
    expect(answer).toMatchObject({ status: 403, code, reached: [] });
  });

  test.each(['', 'webhook', 'environments/../provision', 'environments/x/y'])('finds nothing at %p', async (path) => {
    expect(await ask({ path, headers: READER })).toMatchObject({ status: 404, reached: [] });
  });
});
