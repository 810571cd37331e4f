import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CryptoKey, CompactSign, type JWTPayload, SignJWT, exportJWK, generateKeyPair } from 'jose';
import { createTokenVerifier } from '../../../lib/github/workflow-token.ts';

const AUDIENCE = 'feature-branch-provisioner';
/** Long ago: the verifier's clock is the one that it is given. */
const NOW_S = 1_600_000_000;
const UNREADABLE = { kind: 'unavailable', why: 'the keys of the token issuer could not be read' };

interface Page {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

let server: Server;
let issuer: string;
let key: CryptoKey;
let jwk: object;
/** What the issuer answers, by path. */
let pages: Record<string, Page>;

beforeAll(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true });
  key = pair.privateKey;
  jwk = { ...(await exportJWK(pair.publicKey)), kid: 'one', use: 'sig', alg: 'RS256' };
  server = createServer((request, response) => {
    const { status = 200, headers = {}, body = '' } = pages[request.url ?? ''] ?? { status: 404 };
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  pages = { '/.well-known/openid-configuration': discovery(), '/keys': { body: JSON.stringify({ keys: [jwk] }) } };
});

const discovery = (more: object = {}): Page => ({
  body: JSON.stringify({ issuer, jwks_uri: `${issuer}/keys`, ...more }),
});
const CLAIMS = { iat: NOW_S, exp: NOW_S + 300, repository: 'acme/shop' };
const sign = (claims: JWTPayload, header: { kid?: string } = { kid: 'one' }) =>
  new SignJWT({ iss: issuer, aud: AUDIENCE, ...claims }).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);
const verify = (token: string, stated = issuer) =>
  createTokenVerifier({ issuer: stated, audience: AUDIENCE, now: () => NOW_S * 1_000, timeoutMs: 30_000 })(token);
const verifyClaims = async (claims: JWTPayload) => verify(await sign(claims));
const invalid = (reason: string) => ({ kind: 'invalid', reason });

describe('a token', () => {
  it('is verified with all of its claims', async () => {
    expect(await verifyClaims(CLAIMS)).toEqual({
      ...{ kind: 'verified', claims: { iss: issuer, aud: AUDIENCE, ...CLAIMS } },
    });
  });

  it.each<[string, JWTPayload, string | undefined]>([
    ['59 s beyond its end', { exp: NOW_S - 59 }, undefined],
    ['60 s beyond its end', { exp: NOW_S - 60 }, 'the token has expired'],
    ['60 s before its begin', { nbf: NOW_S + 60 }, undefined],
    ['61 s before its begin', { nbf: NOW_S + 61 }, 'the token is not valid yet'],
    ['without an end', { exp: undefined }, 'the claim exp of the token is missing or wrong'],
    ['without its time', { iat: undefined }, 'the claim iat of the token is missing or wrong'],
    ['for others', { aud: 'somebody-else' }, 'the token is for another audience than CI_AUDIENCE'],
    ['of others', { iss: 'https://issuer.example.test' }, 'the token is of another issuer than GITHUB_OIDC_ISSUER'],
  ])('%s is told by our clock, which may differ by a minute', async (_what, claims, reason) => {
    const given = await verifyClaims({ ...CLAIMS, ...claims });
    if (reason === undefined) expect(given.kind).toBe('verified');
    else expect(given).toStrictEqual(invalid(reason));
  });

  it.each<[string, () => Promise<string>, string]>([
    [
      'that asks for what nobody knows',
      async () => {
        const [, payload, signature] = (await sign(CLAIMS)).split('.');
        const header = { alg: 'RS256', kid: 'one', crit: ['x'], x: 1 };
        return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
      },
      'the token asks for what is not supported',
    ],
    [
      'of an unknown key',
      () => sign(CLAIMS, { kid: 'two' }),
      'the token is signed by a key that its issuer does not publish',
    ],
    [
      'that was changed',
      async () => {
        const [header, , signature] = (await sign(CLAIMS)).split('.');
        return `${header}.${Buffer.from(JSON.stringify(CLAIMS)).toString('base64url')}.${signature}`;
      },
      'the signature of the token does not hold',
    ],
    ['that is none', async () => 'a.b.c', 'the token is malformed'],
    [
      'whose claims are none',
      () => new CompactSign(Buffer.from('text')).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key),
      'the token is malformed',
    ],
  ])('%s is refused in words of ours', async (_what, make, reason) => {
    expect(await verify(await make())).toStrictEqual(invalid(reason));
  });

  it('that names no key is refused where there are several', async () => {
    pages['/keys'] = { body: JSON.stringify({ keys: [jwk, { ...jwk, kid: 'two' }] }) };
    const reason = 'the token names no key, and its issuer publishes several';
    expect(await verify(await sign(CLAIMS, {}))).toStrictEqual(invalid(reason));
  });
});

describe('the keys of an issuer', () => {
  const KIB = 1024;
  const padded = (page: Page, size: number): Page => ({ body: (page.body ?? '').padEnd(size) });

  it.each<[string, () => void]>([
    [
      'are of another issuer',
      () => (pages['/.well-known/openid-configuration'] = discovery({ issuer: `${issuer}/x` })),
    ],
    ['have no address', () => (pages['/.well-known/openid-configuration'] = discovery({ jwks_uri: 7 }))],
    [
      'are on no web',
      () => (pages['/.well-known/openid-configuration'] = discovery({ jwks_uri: 'ftp://127.0.0.1/keys' })),
    ],
    [
      'are found by a redirect alone',
      () => {
        pages['/moved'] = discovery();
        pages['/.well-known/openid-configuration'] = { status: 302, headers: { location: '/moved' } };
      },
    ],
    ['are not there', () => (pages['/.well-known/openid-configuration'] = { status: 204 })],
    ['come with a failure', () => (pages['/keys'] = { ...pages['/keys'], status: 500 })],
    [
      'are too large, and so is the way to them',
      () => (pages['/.well-known/openid-configuration'] = padded(discovery(), 256 * KIB + 1)),
    ],
    ['are too large', () => (pages['/keys'] = padded(pages['/keys'] ?? {}, 256 * KIB + 1))],
  ])('let nobody in where they %s', async (_what, spoil) => {
    spoil();
    expect(await verifyClaims(CLAIMS)).toStrictEqual(UNREADABLE);
  });

  it('may have a quarter of a mebibyte', async () => {
    pages['/.well-known/openid-configuration'] = padded(discovery(), 256 * KIB);
    pages['/keys'] = padded(pages['/keys'] ?? {}, 256 * KIB);
    expect((await verifyClaims(CLAIMS)).kind).toBe('verified');
  });

  it('are found below the issuer’s address, which may end with a slash', async () => {
    pages['/.well-known/openid-configuration'] = discovery({ issuer: `${issuer}/` });
    expect((await verify(await sign({ ...CLAIMS, iss: `${issuer}/` }), `${issuer}/`)).kind).toBe('verified');
  });
});
