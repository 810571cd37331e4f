import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

export interface Client {
  id: string;
  secret: string;
  /** The one that is registered: it must fit character for character, as Entra wants it. */
  redirectUri: string;
}

export interface Issuer {
  url: string;
  port: number;
  close(): Promise<void>;
}

interface Grant {
  challenge: string;
  nonce: string;
}

/** An OpenID provider with one client, where whoever comes is signed in already. */
export async function startIssuer(client: Client, host: string): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'only', alg: 'RS256', use: 'sig' };
  const grants = new Map<string, Grant>();
  let url = '';

  const authorize = (asked: URLSearchParams): { status: number; location?: string } => {
    const redirect = asked.get('redirect_uri') ?? '';
    if (asked.get('client_id') !== client.id || redirect !== client.redirectUri) return { status: 400 };
    if (asked.get('code_challenge_method') !== 'S256') return { status: 400 };
    const code = randomUUID();
    grants.set(code, { challenge: asked.get('code_challenge') ?? '', nonce: asked.get('nonce') ?? '' });
    const back = new URL(redirect);
    back.search = new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString();
    return { status: 302, location: back.href };
  };

  const redeem = async (asked: URLSearchParams): Promise<object | undefined> => {
    const code = asked.get('code') ?? '';
    const grant = grants.get(code);
    grants.delete(code);
    const verifier = createHash('sha256')
      .update(asked.get('code_verifier') ?? '')
      .digest('base64url');
    const isClient = asked.get('client_id') === client.id && asked.get('client_secret') === client.secret;
    if (grant?.challenge !== verifier || !isClient || asked.get('redirect_uri') !== client.redirectUri)
      return undefined;
    const token = await new SignJWT({ preferred_username: 'ann@contoso.com', nonce: grant.nonce })
      .setProtectedHeader({ alg: 'RS256', kid: jwk.kid })
      .setIssuer(url)
      .setAudience(client.id)
      .setSubject('ann')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
    return { token_type: 'Bearer', access_token: 'for nothing', expires_in: 3600, id_token: token };
  };

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/.well-known/openid-configuration') {
      const endpoints = { authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
      json({ issuer: url, ...endpoints, jwks_uri: `${url}/keys` });
    } else if (pathname === '/keys') json({ keys: [jwk] });
    else if (pathname === '/authorize') {
      const { status, location } = authorize(searchParams);
      response.writeHead(status, location === undefined ? {} : { Location: location }).end();
    } else if (pathname === '/token') {
      void read(request).then(async (text) => {
        const tokens = await redeem(new URLSearchParams(text));
        json(tokens ?? { error: 'invalid_grant' }, tokens === undefined ? 400 : 200);
      });
    } else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  const { port } = server.address() as AddressInfo;
  url = `http://${host}:${port}`;
  return {
    url,
    port,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

async function read(request: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
