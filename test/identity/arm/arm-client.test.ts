import { describe, expect, it } from '@jest/globals';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { type ArmAccess, armClientOptions, armCredential, withoutToken } from '../../../lib/azure/arm-client.ts';
import { startAzure } from '../../../local/azure/start.ts';
import { identity } from '../world.ts';

/** Which scopes a client asks tokens for, and what it sends: the request itself is answered here. */
async function ask(arm: Omit<ArmAccess, 'credential'>) {
  const scopes: string[] = [];
  const getToken = async (scope: string | string[]) => {
    scopes.push(...[scope].flat());
    return { token: 'secret', expiresOnTimestamp: Date.now() + 3_600_000 };
  };
  const access = { ...arm, credential: { getToken } };
  const client = withoutToken(
    new ManagedServiceIdentityClient(armCredential(access), 'sub-1', armClientOptions(access)),
    access,
  );
  let sent = '';
  client.pipeline.addPolicy(
    {
      name: 'answer',
      async sendRequest(request) {
        sent = request.url;
        return { request, status: 200, headers: request.headers, bodyAsText: '{}' };
      },
    },
    { afterPhase: 'Sign' },
  );
  await client.userAssignedIdentities.get('group', 'pool-1');
  return { scopes, origin: new URL(sent).origin };
}

describe('armClientOptions', () => {
  it.each([
    [undefined, 'https://management.azure.com'],
    ['https://management.usgovcloudapi.net', 'https://management.usgovcloudapi.net'],
    ['https://management.chinacloudapi.cn/', 'https://management.chinacloudapi.cn'],
  ])('asks for a token of the cloud that is called: %s', async (endpoint, origin) => {
    expect(await ask({ loopback: false, ...(endpoint && { endpoint }) })).toEqual({
      scopes: [`${origin}/.default`],
      origin,
    });
  });

  it('neither asks for a token nor sends one to a stand-in', async () => {
    const azure = await startAzure({ identities: [identity('pool-1')] });
    const { scopes } = await ask({ endpoint: azure.url, loopback: true });
    const access = {
      endpoint: azure.url,
      loopback: true,
      credential: { getToken: () => Promise.reject(new Error('asked')) },
    };
    const client = withoutToken(
      new ManagedServiceIdentityClient(armCredential(access), 'sub-1', armClientOptions(access)),
      access,
    );
    await client.userAssignedIdentities.get('group', 'pool-1');
    await azure.close();

    expect(scopes).toEqual([]);
    expect(azure.calls).toMatchObject([{ authorized: false, status: 200 }]);
  });

  it('leaves retries to us', async () => {
    const azure = await startAzure({ identities: [identity('pool-1')] });
    azure.setFault(() => ({ status: 503, headers: { 'Retry-After': '1' }, body: {} }));
    const access = { endpoint: azure.url, loopback: true };
    const client = withoutToken(
      new ManagedServiceIdentityClient(armCredential(access), 'sub-1', armClientOptions(access)),
      access,
    );

    await expect(client.userAssignedIdentities.get('group', 'pool-1')).rejects.toMatchObject({ statusCode: 503 });
    await azure.close();
    expect(azure.calls).toHaveLength(1);
  });
});
