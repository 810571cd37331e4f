import { describe, expect, test } from '@jest/globals';
import { answerMirror, type MirrorCall, type MirrorRoute } from '../../../lib/page/mirror.ts';
import { findPerson, type SignInCall } from '../../../lib/page/sign-in.ts';

type Claim = Record<string, unknown> | null | string;
const MICROSOFT = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
const XMLSOAP = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims';

const encode = (principal: unknown) => Buffer.from(JSON.stringify(principal)).toString('base64');
const principalOf = (...claims: Claim[]) => encode({ auth_typ: 'aad', claims });
const reader = { typ: 'roles', val: 'Reader' };
const operator = { typ: 'roles', val: 'Operator' };

function callBy(
  principal: string | undefined,
  more: Partial<SignInCall> & { headers?: Record<string, string> } = {},
): SignInCall {
  const { headers = {}, ...rest } = more;
  const all: Record<string, string | undefined> = { 'x-ms-client-principal': principal, ...headers };
  return { method: 'GET', url: 'https://page.example.com/api/ui-api/x', header: (name) => all[name], ...rest };
}
const find = (...claims: Claim[]) => findPerson({ signIn: 'entra' }, callBy(principalOf(...claims)));
const person = (name: string, role = 'Reader') => ({ kind: 'person', name, role });
const no = (status: number, code: string, message: string) => ({ kind: 'no', status, code, message });

describe('the name of a person', () => {
  const claims = [
    { typ: 'preferred_username', val: 'first' },
    { typ: `${XMLSOAP}/upn`, val: 'second' },
    { typ: `${XMLSOAP}/emailaddress`, val: 'third' },
    { typ: 'name', val: 'fourth' },
  ];
  test.each([
    [0, 'first'],
    [1, 'second'],
    [2, 'third'],
    [3, 'fourth'],
    [4, 'a signed-in person'],
  ])('comes from the claim that says most, whatever their order: %p', (from, name) => {
    expect(find(reader, ...claims.slice(from).toReversed())).toEqual(person(name));
  });

  test('is none that is blank, nor longer than a line', () => {
    expect(find(reader, { typ: 'preferred_username', val: '' }, { typ: 'name', val: 'octocat' })).toEqual(
      person('octocat'),
    );
    expect(find(reader, { typ: 'name', val: `${'x'.repeat(100)}y` })).toEqual(person('x'.repeat(100)));
  });
});

describe('the role of a person', () => {
  test.each<[string, Claim[], string | undefined]>([
    ['in the claim of Entra', [reader], 'Reader'],
    ['in the claim that older settings map it to', [{ typ: MICROSOFT, val: 'Operator' }], 'Operator'],
    ['the wider one of two', [reader, operator], 'Operator'],
    ['beside others', [{ typ: 'roles', val: 'Visitor' }, reader], 'Reader'],
    ['in no other claim', [{ typ: 'groups', val: 'Operator' }], undefined],
    ['written otherwise', [{ typ: 'roles', val: 'operator' }], undefined],
    [
      'in what is no claim',
      [null, 'roles', { typ: 'roles' }, { val: 'Reader' }, { typ: 'roles', val: 5 }, { typ: 5, val: 'Reader' }],
      undefined,
    ],
    ['beside what is no claim', [null, { typ: 'roles', val: 5 }, reader], 'Reader'],
  ])('is found %s', (_what, claims, role) => {
    expect(find(...claims)).toEqual(
      role === undefined
        ? no(403, 'no-role', 'this takes the app role Reader or Operator')
        : person('a signed-in person', role),
    );
  });
});

describe('a principal', () => {
  const NOBODY = no(401, 'not-signed-in', 'nobody has signed in');
  /** A principal whose header has so many bytes. */
  const ofLength = (length: number) => {
    const bare = JSON.stringify({ auth_typ: 'aad', claims: [reader] });
    return Buffer.from(bare.padEnd((length / 4) * 3)).toString('base64');
  };
  test.each<[string, string | undefined, object]>([
    ['that is not there', undefined, NOBODY],
    ['that is empty', '', NOBODY],
    ['of 64 KiB', ofLength(65_536), person('a signed-in person')],
    ['of more than 64 KiB', ofLength(65_540), NOBODY],
    ['that is no JSON', 'eA==', NOBODY],
    ['that is null', encode(null), NOBODY],
    ['of another provider', encode({ auth_typ: 'github', claims: [reader] }), NOBODY],
    ['without claims', encode({ auth_typ: 'aad' }), NOBODY],
  ])('%s is believed as far as it says who asks', (_what, principal, found) => {
    expect(findPerson({ signIn: 'entra' }, callBy(principal))).toEqual(found);
  });

  test('counts for nothing where sign-in is off', () => {
    expect(findPerson({ signIn: 'off' }, callBy(principalOf(operator)))).toEqual(
      no(401, 'sign-in-off', 'sign-in is not turned on: use function keys'),
    );
  });
});

describe('a write', () => {
  const MISSING = no(403, 'cross-site', 'the header x-requested-with is missing');
  const OTHER = no(403, 'cross-site', 'the header Origin is missing or of another site');
  const own = { 'x-requested-with': 'fetch', origin: 'https://page.example.com' };
  const write = (headers: Record<string, string>, more: { hostname?: string; claims?: Claim[]; url?: string } = {}) => {
    const { hostname, claims = [operator], url = 'https://page.example.com/api/ui-api/x' } = more;
    return findPerson(
      { signIn: 'entra', ...(hostname !== undefined && { hostname }) },
      callBy(principalOf(...claims), { method: 'POST', url, headers }),
    );
  };
  const OPERATOR = person('a signed-in person', 'Operator');

  test.each<[string, ReturnType<typeof write>, object]>([
    ['from the page', write(own), OPERATOR],
    ['by a Reader', write(own, { claims: [reader] }), no(403, 'not-operator', 'this takes the app role Operator')],
    ['without x-requested-with', write({ origin: own.origin }), MISSING],
    ['with an empty x-requested-with', write({ ...own, 'x-requested-with': '' }), MISSING],
    ['without Origin', write({ 'x-requested-with': 'fetch' }), OTHER],
    ['from another port', write({ ...own, origin: 'https://page.example.com:8443' }), OTHER],
    ['over http', write({ ...own, origin: 'http://page.example.com' }), OTHER],
    [
      'from the app’s other host',
      write({ ...own, origin: 'https://App.example.net' }, { hostname: 'APP.example.net' }),
      OPERATOR,
    ],
    [
      'from a host that the app has not',
      write({ ...own, origin: 'https://app.example.net' }, { hostname: 'other.example.net' }),
      OTHER,
    ],
  ])('%s', (_what, found, expected) => {
    expect(found).toEqual(expected);
  });
});

describe('the mirror', () => {
  async function ask(call: Partial<MirrorCall>, claims: Claim[] = [reader]) {
    const told: unknown[] = [];
    const route = (method: 'GET' | 'POST', pattern: RegExp): MirrorRoute => ({
      method,
      pattern,
      answer: async ({ person: who, name, path, requestId }) => {
        told.push({ method, who, name, path, requestId });
        return { status: 299, body: {} };
      },
    });
    const headers = { 'x-requested-with': 'fetch', origin: 'https://page.example.com' };
    const answer = await answerMirror(
      {
        settings: () => ({ signIn: 'entra' }),
        routes: [route('POST', /^environments$/), route('GET', /^environments(?:\/([a-z]+))?$/)],
      },
      {
        ...callBy(principalOf(...claims), { headers }),
        path: 'environments',
        query: new URLSearchParams(),
        body: async () => new Uint8Array(),
        requestId: 'call-1',
        ...call,
      },
    );
    return { answer, told };
  }
  const NOT_FOUND = {
    status: 404,
    body: { outcome: 'error', error: { code: 'not-found', message: 'there is no such address' }, requestId: 'call-1' },
  };

  test('says who asks, to a GET alone', async () => {
    expect(await ask({ path: 'me' })).toEqual({
      answer: { status: 200, body: { name: 'a signed-in person', role: 'Reader' } },
      told: [],
    });
    expect(await ask({ path: 'me', method: 'POST' }, [operator])).toEqual({ answer: NOT_FOUND, told: [] });
  });

  test('goes by method and path, and hands the person and the name on', async () => {
    const who = { kind: 'person', name: 'a signed-in person', role: 'Reader' };
    const GET = { method: 'GET', who, requestId: 'call-1' };
    expect((await ask({})).told).toEqual([{ ...GET, name: '', path: 'environments' }]);
    expect(await ask({ path: 'environments/x' })).toEqual({
      answer: { status: 299, body: {} },
      told: [{ ...GET, name: 'x', path: 'environments/x' }],
    });
    expect(await ask({ path: 'environments/x', method: 'POST' }, [operator])).toEqual({ answer: NOT_FOUND, told: [] });
  });

  test('says to nobody else what there is', async () => {
    expect(await ask({}, [])).toEqual({
      answer: {
        status: 403,
        body: {
          outcome: 'error',
          error: { code: 'no-role', message: 'this takes the app role Reader or Operator' },
          requestId: 'call-1',
        },
      },
      told: [],
    });
  });
});
