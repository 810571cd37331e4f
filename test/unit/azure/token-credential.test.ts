import { afterEach, describe, expect, it } from '@jest/globals';
import { credentialOf, withSafeErrors } from '../../../lib/azure/token-credential.ts';
import { hideSecrets } from '../../../lib/secrets.ts';

const failing = (more: object) => ({
  getToken: () => Promise.reject(Object.assign(new Error('the words of the endpoint'), more)),
});
const ask = (credential: Parameters<typeof withSafeErrors>[0], options = {}) =>
  withSafeErrors(credential, options)
    .getToken('scope')
    .catch((thrown: unknown) => thrown);

describe('the app’s own credential', () => {
  afterEach(() => void delete process.env['IDENTITY_HEADER']);

  it('gives the token, asked for as its caller asks, and hides it from then on', async () => {
    const asked: unknown[][] = [];
    const token = { token: 'planted-token-of-the-app', expiresOnTimestamp: 1 };
    const credential = withSafeErrors({ getToken: async (...given: unknown[]) => (asked.push(given), token) });
    const options = { tenantId: 't' };
    expect(await credential.getToken('scope', options)).toBe(token);
    expect(asked).toEqual([['scope', options]]);
    expect(hideSecrets('it said planted-token-of-the-app')).toBe('it said ***');
    expect(await ask({ getToken: async () => null })).toBeNull();
  });

  it('hides the key by which App Service gives tokens', () => {
    process.env['IDENTITY_HEADER'] = 'planted-identity-header';
    withSafeErrors(failing({}));
    expect(hideSecrets('it said planted-identity-header')).toBe('it said ***');
  });

  it.each<[number | undefined, string]>([
    [undefined, 'unavailable'],
    [399, 'unavailable'],
    [400, 'not-permitted'],
    [401, 'not-permitted'],
    [499, 'not-permitted'],
    [429, 'unavailable'],
    [500, 'unavailable'],
  ])('fails after a %s of the endpoint as %s', async (statusCode, code) => {
    expect(await ask(failing({ name: 'AuthenticationError', statusCode }), { clientId: 'one' })).toMatchObject({
      code,
      object: 'ManagedIdentity/one',
      message: "no token for the app's identity could be had: AuthenticationError",
      fix: 'assign the identity to the app and name its client id in the settings; on a laptop, az login',
      cause: expect.any(Error) as unknown,
    });
  });

  it('names no identity where it has none of its own, nor a name that nobody gave', async () => {
    expect(
      await ask({ getToken: () => Promise.reject(Object.assign(new Error('x'), { name: undefined })) }),
    ).toMatchObject({
      object: 'ManagedIdentity/default',
      message: "no token for the app's identity could be had: Error",
    });
  });

  it('is given up by its caller with the caller’s own error', async () => {
    expect(await ask(failing({ name: 'AbortError' }))).toMatchObject({
      name: 'AbortError',
      message: 'the words of the endpoint',
    });
  });

  it.each([undefined, '00000000-0000-4000-8000-000000000001'])(
    'is made for %s without asking for a token',
    async (id) => {
      expect(await credentialOf(id)).toEqual({ getToken: expect.any(Function) as unknown });
    },
  );
});
