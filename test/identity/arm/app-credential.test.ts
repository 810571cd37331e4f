import { describe, expect, it } from '@jest/globals';
import { withSafeErrors } from '../../../lib/azure/token-credential.ts';

const silent = { getToken: () => new Promise<never>(() => undefined) };

describe("the app's own credential", () => {
  it('gives up where the token endpoint never answers, so that nobody waits for good', async () => {
    const credential = withSafeErrors(silent, { clientId: 'one', timeoutMs: 20 });

    await expect(credential.getToken('scope')).rejects.toMatchObject({
      code: 'unavailable',
      object: 'ManagedIdentity/one',
    });
  });

  it('gives up when its caller does, though the SDK goes on', async () => {
    const credential = withSafeErrors(silent, { timeoutMs: 60_000 });
    const abortSignal = AbortSignal.timeout(20);

    await expect(credential.getToken('scope', { abortSignal })).rejects.toMatchObject({ name: 'AbortError' });
    await expect(credential.getToken('scope', { abortSignal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
