import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTokenVerifier } from '../../../lib/github/workflow-token.ts';
import { type TokenService, startTokenService } from '../../../local/github/token-service.ts';

const AUDIENCE = 'feature-branch-provisioner';
const CLAIMS = { repository: 'acme/shop', repository_id: '7' };

describe('A workflow’s token', () => {
  let service: TokenService;
  let at: number;

  beforeEach(async () => {
    service = await startTokenService();
    at = Date.now();
  });
  afterEach(() => service.close());

  const verifier = (issuer = service.issuer) =>
    createTokenVerifier({ issuer, audience: AUDIENCE, now: () => at, timeoutMs: 500 });
  const seconds = (offset: number) => Math.floor(at / 1000) + offset;
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('is verified by the keys that its issuer publishes, and its claims are given', async () => {
    const answer = await verifier()(await service.sign(CLAIMS));
    expect(answer).toMatchObject({ kind: 'verified', claims: CLAIMS });
  });

  it.each<[string, string, () => Promise<string>]>([
    ['expired', 'the token has expired', () => service.sign(CLAIMS, { issuedAt: seconds(-600), lifeS: 500 })],
    ['not valid yet', 'not valid yet', () => service.sign(CLAIMS, { notBefore: seconds(120) })],
    ['for another audience', 'another audience', () => service.sign({ ...CLAIMS, aud: 'somebody-else' })],
    ['of another issuer', 'another issuer', () => service.sign({ ...CLAIMS, iss: 'https://issuer.example.test' })],
    [
      'unsigned',
      'not signed with RS256',
      async () => `${encode({ alg: 'none' })}.${encode({ ...CLAIMS, aud: AUDIENCE, iss: service.issuer })}.`,
    ],
    [
      'signed with HS256 by the public key',
      'not signed with RS256',
      async () => {
        const keys = (await (await fetch(`${service.issuer}/.well-known/jwks`)).json()) as { keys: { n: string }[] };
        const text = `${encode({ alg: 'HS256', kid: (keys.keys[0] as { kid?: string } | undefined)?.kid })}.${encode(CLAIMS)}`;
        return `${text}.${createHmac('sha256', keys.keys[0]?.n ?? '')
          .update(text)
          .digest('base64url')}`;
      },
    ],
    [
      'signed by a key that is not published',
      'does not publish',
      async () => {
        await service.rotate({ published: false });
        return service.sign(CLAIMS);
      },
    ],
    [
      'changed after it was signed',
      'signature',
      async () => {
        const [header, , signature] = (await service.sign(CLAIMS)).split('.');
        const other = encode({
          ...CLAIMS,
          repository_id: '8',
          aud: AUDIENCE,
          iss: service.issuer,
          exp: seconds(60),
          iat: seconds(0),
        });
        return `${header}.${other}.${signature}`;
      },
    ],
    ['no token at all', 'malformed', async () => 'a.b.c'],
  ])('is invalid where it is %s', async (_, reason, make) => {
    expect(await verifier()(await make())).toEqual({ kind: 'invalid', reason: expect.stringContaining(reason) });
  });

  it('holds for a minute beyond its end, since clocks differ', async () => {
    const token = await service.sign(CLAIMS, { issuedAt: seconds(-330), lifeS: 300 });
    expect((await verifier()(token)).kind).toBe('verified');
  });

  it('is verified by a key that was published after the keys were read, once a minute at most', async () => {
    const verify = verifier();
    await verify(await service.sign(CLAIMS));
    await service.rotate();
    // the keys were just read: an unknown key id does not fetch them again yet
    expect((await verify(await service.sign(CLAIMS))).kind).toBe('invalid');
    expect(service.calls.filter((path) => path.endsWith('/jwks'))).toHaveLength(1);
    expect((await verifier()(await service.sign(CLAIMS))).kind).toBe('verified');
  });

  it.each<[string, Parameters<TokenService['setFault']>[0]]>([
    ['hangs', () => 'hang'],
    ['answers 500', () => ({ status: 500, body: '{}' })],
    ['answers rubbish', () => ({ status: 200, body: '<html>' })],
    ['answers half a megabyte', () => ({ status: 200, body: ' '.repeat(512 * 1024) })],
    [
      'serves the discovery document and no keys',
      (path) => (path.endsWith('/jwks') ? { status: 200, body: '{}' } : undefined),
    ],
    [
      'names another issuer',
      (path) =>
        path.endsWith('/jwks')
          ? undefined
          : {
              status: 200,
              body: '{"issuer":"https://issuer.example.test","jwks_uri":"https://issuer.example.test/jwks"}',
            },
    ],
  ])('is never taken while the issuer %s, and is verified once it answers again', async (_, fault) => {
    const verify = verifier();
    const token = await service.sign(CLAIMS);
    service.setFault(fault);
    expect((await verify(token)).kind).toBe('unavailable');
    service.setFault(undefined);
    expect((await verify(token)).kind).toBe('verified');
  });

  it('is verified two hundred times at once with one read of the keys', async () => {
    const verify = verifier();
    const tokens = await Promise.all(Array.from({ length: 200 }, () => service.sign(CLAIMS)));
    const answers = await Promise.all(tokens.map((token) => verify(token)));
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['verified']));
    expect(service.calls).toEqual(['/.well-known/openid-configuration', '/.well-known/jwks']);
  });
});
