import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type JSONWebKeySet, type JWTPayload } from 'jose';
import { startAzure, type AzureStandIn } from '../../../../local/azure/start.ts';

const ID =
  '/subscriptions/sub-1/resourceGroups/group/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1';
const ISSUER = 'https://oidc.example/a/';
const AUDIENCE = 'api://AzureADTokenExchange';
const SUBJECT = 'system:serviceaccount:feature-x:postgres-service-account';
const CREDENTIAL = { name: 'x', issuer: ISSUER, subject: SUBJECT, audiences: [AUDIENCE] };

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
let key: Key;
let otherKey: Key;
let keys: JSONWebKeySet;
let azure: AzureStandIn;

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  key = pair.privateKey;
  otherKey = (await generateKeyPair('RS256')).privateKey;
  keys = { keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'RS256' }] };
});

afterEach(() => azure.close());

async function start(): Promise<void> {
  azure = await startAzure({
    identities: [{ id: ID, clientId: 'client-1', tenantId: 'tenant-1' }],
    signingKeys: async (issuer) => (issuer === ISSUER ? keys : undefined),
  });
}

function sign(claims: JWTPayload = {}, by = key): Promise<string> {
  const all = { iss: ISSUER, sub: SUBJECT, aud: [AUDIENCE], exp: Math.floor(Date.now() / 1000) + 600, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'RS256' }).sign(by);
}

async function trade(form: Record<string, string> = {}, tenant = 'tenant-1') {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'client-1',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: form['client_assertion'] ?? (await sign()),
    scope: 'https://vault.azure.net/.default',
    ...form,
  });
  const response = await fetch(`${azure.url}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body });
  const answer = (await response.json()) as { access_token?: string; error?: string; error_description?: string };
  return { status: response.status, ...answer };
}

describe('the token endpoint', () => {
  it('trades the token of a service account that a credential names', async () => {
    await start();
    azure.hold(ID, CREDENTIAL);

    expect(await trade()).toMatchObject({ status: 200, access_token: expect.stringMatching(/^\S{20,}$/) });
    expect(azure.tokenRequests).toEqual([{ at: expect.any(Number), clientId: 'client-1', subject: SUBJECT }]);
  });

  it.each([
    ['another subject', { sub: 'system:serviceaccount:feature-y:other' }, 700213, 'feature-y:other'],
    ['another issuer', { iss: 'https://oidc.example/b/' }, 700211, 'https://oidc.example/b/'],
    ['another audience', { aud: ['https://kubernetes.default.svc'] }, 700212, 'https://kubernetes.default.svc'],
    ['an expired token', { exp: 1 }, 700024, 'valid time range'],
  ])('refuses %s in the words of Entra', async (_, claims, code, words) => {
    await start();
    azure.hold(ID, CREDENTIAL);

    const { status, error, error_description } = await trade({ client_assertion: await sign(claims) });

    expect([status, error]).toEqual([401, 'invalid_client']);
    expect(error_description).toMatch(`AADSTS${code}: `);
    expect(error_description).toMatch(words);
  });

  it.each([
    ['a token that somebody else signed', async () => ({ client_assertion: await sign({}, otherKey) }), 700027],
    ['what is no token', async () => ({ client_assertion: 'x' }), 50027],
    ['another application', async () => ({ client_id: 'client-2' }), 700016],
    ['another grant', async () => ({ grant_type: 'password' }), 70003],
    ['no assertion', async () => ({ client_assertion_type: 'x' }), 7000216],
  ])('refuses %s', async (_, form, code) => {
    await start();
    azure.hold(ID, CREDENTIAL);

    const answer = await trade(await form());

    expect(answer.access_token).toBeUndefined();
    expect(answer.error_description).toMatch(`AADSTS${code}: `);
  });

  it('knows no other tenant', async () => {
    await start();

    expect((await trade({}, 'tenant-2')).error_description).toMatch('AADSTS90002: ');
  });

  it('learns of a written credential after the delay, and forgets a removed one at once', async () => {
    await start();
    azure.setPropagation(60_000);
    const { issuer, subject, audiences } = CREDENTIAL;
    const url = `${azure.url}${ID}/federatedIdentityCredentials/x-1?api-version=2024-11-30`;
    const put = { method: 'PUT', body: JSON.stringify({ properties: { issuer, subject, audiences } }) };
    expect((await fetch(url, put)).status).toBe(201);

    expect((await trade()).error_description).toMatch('AADSTS700211: ');
    azure.setPropagation(0);
    expect((await trade()).status).toBe(200);
    await fetch(url, { method: 'DELETE' });
    expect((await trade()).status).toBe(401);
  });
});
