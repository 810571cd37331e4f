import type { VerifyToken } from '../intake/workflow/workflow-claims.ts';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';

export interface TokenVerifierOptions {
  /** The address of GITHUB_OIDC_ISSUER, character for character as the tokens state it. */
  issuer: string;
  audience: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Of one call to the issuer, in ms. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
/** Clocks of GitHub's runners, the issuer and this host differ by less. */
const LEEWAY_S = 60;
/** An unknown key id fetches the keys again at most this often, whoever sends made-up ids. */
const RENEW_MS = 60_000;
/** GitHub's key set has some 10 KB. */
const MAX_BYTES = 256 * 1024;

/**
 * Verifies the OIDC tokens of GitHub Actions against the keys that the issuer publishes; an issuer that can't be reached
 * never means yes. https://docs.github.com/actions/reference/security/oidc
 */
export function createTokenVerifier(options: TokenVerifierOptions): VerifyToken {
  const { issuer, audience, now } = options;
  let keys: Promise<JWTVerifyGetKey> | undefined;
  return async (token) => {
    const { errors, jwtVerify } = await import('../sdk/jose.ts');
    try {
      keys ??= findKeys(options);
      const found = await keys.catch((thrown: unknown) => {
        keys = undefined;
        throw thrown;
      });
      const { payload } = await jwtVerify<JWTPayload>(token, found, {
        algorithms: ['RS256'],
        issuer,
        audience,
        clockTolerance: LEEWAY_S,
        currentDate: new Date(now()),
        requiredClaims: ['exp', 'iat'],
      });
      return { kind: 'verified', claims: payload };
    } catch (thrown) {
      if (thrown instanceof errors.JWTExpired) return { kind: 'invalid', reason: 'the token has expired' };
      if (thrown instanceof errors.JWTClaimValidationFailed)
        return { kind: 'invalid', reason: toClaimReason(thrown.claim) };
      const known = thrown instanceof errors.JOSEError ? REASONS[thrown.code] : undefined;
      if (known !== undefined) return { kind: 'invalid', reason: known };
      return { kind: 'unavailable', why: 'the keys of the token issuer could not be read' };
    }
  };
}

/** By jose's error codes; its messages may quote the token. */
const REASONS: Record<string, string> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'the token is not signed with RS256',
  ERR_JOSE_NOT_SUPPORTED: 'the token asks for what is not supported',
  ERR_JWKS_NO_MATCHING_KEY: 'the token is signed by a key that its issuer does not publish',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'the token names no key, and its issuer publishes several',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'the signature of the token does not hold',
  ERR_JWS_INVALID: 'the token is malformed',
  ERR_JWT_INVALID: 'the token is malformed',
};

function toClaimReason(claim: string): string {
  if (claim === 'aud') return 'the token is for another audience than CI_AUDIENCE';
  if (claim === 'iss') return 'the token is of another issuer than GITHUB_OIDC_ISSUER';
  if (claim === 'nbf') return 'the token is not valid yet';
  return `the claim ${claim} of the token is missing or wrong`;
}

/** The key set that the issuer's discovery document names. */
async function findKeys({ issuer, timeoutMs = TIMEOUT_MS }: TokenVerifierOptions): Promise<JWTVerifyGetKey> {
  const { createRemoteJWKSet, customFetch } = await import('../sdk/jose.ts');
  const address = `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`;
  const discovery = (await (
    await fetchBounded(address, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
  ).json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (discovery.issuer !== issuer || typeof discovery.jwks_uri !== 'string')
    throw new Error('the discovery document is of another issuer');
  const keys = new URL(discovery.jwks_uri);
  // an issuer on https must not send us to keys on plain http
  if (keys.protocol !== 'https:' && keys.protocol !== new URL(issuer).protocol)
    throw new Error('the key set is not on https');
  return createRemoteJWKSet(keys, {
    timeoutDuration: timeoutMs,
    cooldownDuration: RENEW_MS,
    [customFetch]: fetchBounded,
  });
}

/** A fetch that reads no more than a key set can hold. */
async function fetchBounded(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, init);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error('the answer is too large for a key set');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: answer.status });
}
