import { randomBytes, randomUUID } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, errors, jwtVerify, type JSONWebKeySet } from 'jose';
import type { Answer, HeldCredential } from './credentials.ts';
import type { StandInIdentity } from './options.ts';

/** One trade of a service account's token for one of Azure's. */
export interface TokenRequest {
  at: number;
  clientId: string;
  subject?: string;
  /** Of the refusal, such as AADSTS700213; absent where a token was given. */
  code?: string;
}

export interface TokenEndpoint {
  answer(tenant: string, form: URLSearchParams): Promise<Answer>;
  requests: TokenRequest[];
  setPropagation(ms: number): void;
}

interface TokenOptions {
  identities: readonly StandInIdentity[];
  signingKeys?: ((issuer: string) => Promise<JSONWebKeySet | undefined>) | undefined;
  credentials(identityId: string): HeldCredential[];
  writtenAt(credential: HeldCredential): number;
}

interface Refusal {
  error: 'invalid_client' | 'invalid_request' | 'unauthorized_client';
  code: number;
  words: string;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PATH = /^\/([^/?]+)\/oauth2\/v2\.0\/token$/;

/** The tenant whose token endpoint a request is for. */
export function tenantOf(method: string, target: string): string | undefined {
  return method === 'POST' ? PATH.exec(new URL(target, 'http://localhost').pathname)?.[1] : undefined;
}

/**
 * Entra's client-credentials grant with a federated credential: issuer, subject, audience and signature of the
 * assertion must fit a credential that Entra has learned of by then.
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
 */
export function createTokenEndpoint(options: TokenOptions): TokenEndpoint {
  const requests: TokenRequest[] = [];
  let propagationMs = 0;

  async function judge(tenant: string, form: URLSearchParams): Promise<Refusal | undefined> {
    if (form.get('grant_type') !== 'client_credentials')
      return refusal('invalid_request', 70003, `The app requested an unsupported grant type.`);
    const clientId = form.get('client_id') ?? '';
    const inTenant = options.identities.filter(({ tenantId }) => tenantId === tenant);
    if (inTenant.length === 0) return refusal('invalid_request', 90002, `Tenant '${tenant}' not found.`);
    const identity = inTenant.find((each) => each.clientId === clientId);
    if (identity === undefined)
      return refusal(
        'unauthorized_client',
        700016,
        `Application with identifier '${clientId}' was not found in the directory '${tenant}'.`,
      );
    const assertion = form.get('client_assertion') ?? '';
    if (form.get('client_assertion_type') !== ASSERTION_TYPE || assertion === '')
      return refusal(
        'invalid_client',
        7000216,
        `'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.`,
      );
    return judgeAssertion(identity, assertion);
  }

  async function judgeAssertion(identity: StandInIdentity, assertion: string): Promise<Refusal | undefined> {
    const stated = readClaims(assertion);
    if (stated === undefined) return refusal('invalid_client', 50027, 'JWT token is invalid or malformed.');
    const { issuer, subject, audiences } = stated;
    const known = options
      .credentials(identity.id)
      .filter((credential) => options.writtenAt(credential) + propagationMs <= Date.now());
    const ofIssuer = known.filter((credential) => credential.issuer === issuer);
    if (ofIssuer.length === 0) return unmatched(700211, 'issuer', issuer);
    const ofSubject = ofIssuer.filter((credential) => credential.subject === subject);
    if (ofSubject.length === 0) return unmatched(700213, 'subject', subject);
    const ofAudience = ofSubject.some((credential) => credential.audiences.some((each) => audiences.includes(each)));
    if (!ofAudience) return unmatched(700212, 'audience', audiences.join(','));
    return verifySignature(issuer, assertion);
  }

  async function verifySignature(issuer: string, assertion: string): Promise<Refusal | undefined> {
    const keys = await options.signingKeys?.(issuer);
    if (keys === undefined) return refusal('invalid_client', 50166, 'Request to External OIDC endpoint failed.');
    try {
      await jwtVerify(assertion, createLocalJWKSet(keys), { issuer });
      return undefined;
    } catch (error) {
      if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed)
        return refusal('invalid_client', 700024, 'Client assertion is not within its valid time range.');
      return refusal('invalid_client', 700027, 'Client assertion failed signature validation.');
    }
  }

  return {
    requests,
    setPropagation: (ms) => void (propagationMs = ms),
    async answer(tenant, form) {
      const refused = await judge(tenant, form);
      const subject = readClaims(form.get('client_assertion') ?? '')?.subject;
      requests.push({
        at: Date.now(),
        clientId: form.get('client_id') ?? '',
        ...(subject !== undefined && { subject }),
        ...(refused !== undefined && { code: `AADSTS${refused.code}` }),
      });
      if (refused !== undefined) return toAnswer(refused);
      const token = randomBytes(24).toString('base64url');
      return {
        status: 200,
        body: { token_type: 'Bearer', expires_in: 3_599, ext_expires_in: 3_599, access_token: token },
      };
    },
  };
}

function readClaims(assertion: string): { issuer: string; subject: string; audiences: string[] } | undefined {
  try {
    const { iss = '', sub = '', aud = [] } = decodeJwt(assertion);
    return { issuer: iss, subject: sub, audiences: [aud].flat() };
  } catch {
    return undefined;
  }
}

function refusal(error: Refusal['error'], code: number, words: string): Refusal {
  return { error, code, words };
}

function unmatched(code: number, what: string, value: string): Refusal {
  const words = `No matching federated identity record found for presented assertion ${what} '${value}'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion.`;
  return refusal('invalid_client', code, words);
}

function toAnswer({ error, code, words }: Refusal): Answer {
  const trace = { trace_id: randomUUID(), correlation_id: randomUUID(), timestamp: new Date().toISOString() };
  const description = `AADSTS${code}: ${words} Trace ID: ${trace.trace_id} Correlation ID: ${trace.correlation_id} Timestamp: ${trace.timestamp}`;
  const body = { error, error_description: description, error_codes: [code], ...trace };
  return { status: error === 'invalid_client' ? 401 : 400, body };
}
