import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, type JWTPayload, SignJWT, exportJWK, generateKeyPair } from 'jose';

/** An answer of the test's own to a request for the discovery document or the keys; `hang` never answers. */
export type TokenServiceFault = { status: number; body: string } | 'hang' | undefined;

export interface TokenService {
  /** For GITHUB_OIDC_ISSUER; its discovery document and keys are real. */
  issuer: string;
  /** What a runner gives its job as ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN. */
  requestUrl: string;
  requestToken: string;
  /** Paths of the requests that came in. */
  calls: string[];
  /** The claims of the job that asks for a token over HTTP. */
  claims: JWTPayload;
  /** A token for these claims, signed by the newest key. */
  sign(claims: JWTPayload, options?: { issuedAt?: number; lifeS?: number; notBefore?: number }): Promise<string>;
  /** Signs by a new key from now on, and publishes it beside the old one. */
  rotate(options?: { published?: boolean }): Promise<void>;
  setFault(hook: ((path: string) => TokenServiceFault) | undefined): void;
  close(): Promise<void>;
}

const LIFE_S = 300;
const AUDIENCE = 'feature-branch-provisioner';

/** Serves what GitHub's token service does for Actions: tokens for a job, the discovery document and the published keys. */
export async function startTokenService(): Promise<TokenService> {
  const published: object[] = [];
  const calls: string[] = [];
  const requestToken = randomUUID();
  let key: { id: string; privateKey: CryptoKey };
  let hook: ((path: string) => TokenServiceFault) | undefined;

  async function rotate(options: { published?: boolean } = {}): Promise<void> {
    const pair = await generateKeyPair('RS256', { extractable: true });
    key = { id: randomUUID(), privateKey: pair.privateKey };
    const jwk = await exportJWK(pair.publicKey);
    if (options.published !== false) published.push({ ...jwk, kid: key.id, use: 'sig', alg: 'RS256' });
  }
  await rotate();

  const service: TokenService = {
    issuer: '',
    requestUrl: '',
    requestToken,
    calls,
    claims: {},
    rotate,
    setFault: (next) => void (hook = next),
    async sign(claims, { issuedAt = Math.floor(Date.now() / 1000), lifeS = LIFE_S, notBefore } = {}) {
      return new SignJWT({ iss: service.issuer, aud: AUDIENCE, ...claims })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.id })
        .setIssuedAt(issuedAt)
        .setNotBefore(notBefore ?? issuedAt)
        .setExpirationTime(issuedAt + lifeS)
        .setJti(randomUUID())
        .sign(key.privateKey);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    calls.push(url.pathname);
    const fault = hook?.(url.pathname);
    if (fault === 'hang') return;
    if (fault !== undefined) {
      response.writeHead(fault.status).end(fault.body);
      return;
    }
    void answer(url, { response, authorization: request.headers.authorization });
  });

  async function answer(
    url: URL,
    call: { response: ServerResponse; authorization: string | undefined },
  ): Promise<void> {
    const send = (status: number, body: object) =>
      call.response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/.well-known/openid-configuration')
      return void send(200, {
        issuer: service.issuer,
        jwks_uri: `${service.issuer}/.well-known/jwks`,
        id_token_signing_alg_values_supported: ['RS256'],
      });
    if (url.pathname === '/.well-known/jwks') return void send(200, { keys: published });
    if (url.pathname !== '/token') return void send(404, { message: 'Not Found' });
    if (call.authorization?.toLowerCase() !== `bearer ${requestToken}`)
      return void send(401, { message: 'Unauthorized' });
    const audience = url.searchParams.get('audience') ?? AUDIENCE;
    send(200, { count: 1, value: await service.sign({ ...service.claims, aud: audience }) });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  service.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  service.requestUrl = `${service.issuer}/token?api-version=2.0`;
  return service;
}
