import type { TokenCredential } from '@azure/core-auth';
import { type ErrorCode, ProvisionerError } from '../errors.ts';
import { keepSecret, keepToken } from '../secrets.ts';

/** The SDK passes no timeout on to the token endpoint, which may never answer. */
const TIMEOUT_MS = 6_000;

interface Thrown {
  name?: string;
  statusCode?: number;
}

/** An identity of the app's own; without a client id, whichever the machine or the developer has. */
export async function credentialOf(clientId: string | undefined): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('../sdk/azure-identity.ts');
  if (clientId === undefined) return withSafeErrors(new DefaultAzureCredential());
  return withSafeErrors(new ManagedIdentityCredential({ clientId }), { clientId });
}

/**
 * The app's own credential, whose tokens are noted as secrets and whose failures have a code: the SDK quotes the token
 * endpoint's answer at length, whatever that holds.
 */
export function withSafeErrors(
  credential: TokenCredential,
  { clientId, timeoutMs = TIMEOUT_MS }: { clientId?: string; timeoutMs?: number } = {},
): TokenCredential {
  // App Service's own key to its token endpoint
  keepSecret(process.env['IDENTITY_HEADER']);
  const object = `ManagedIdentity/${clientId ?? 'default'}`;
  return {
    async getToken(scopes, options) {
      try {
        const token = await within(timeoutMs, credential.getToken(scopes, options), options?.abortSignal);
        keepToken(token?.token);
        return token;
      } catch (cause) {
        const { name = 'Error', statusCode } = cause as Thrown;
        if (name === 'AbortError') throw cause;
        throw new ProvisionerError(codeOf(statusCode), `no token for the app's identity could be had: ${name}`, {
          object,
          fix: 'assign the identity to the app and name its client id in the settings; on a laptop, az login',
          cause,
        });
      }
    },
  };
}

/** An answer after the timeout, or after the caller has given up, is dropped; the SDK may cache it for the next caller. */
async function within<T>(
  timeoutMs: number,
  work: Promise<T>,
  abort: { aborted: boolean; addEventListener(type: 'abort', listener: () => void): void } | undefined,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(named('TimeoutError')), timeoutMs);
  abort?.addEventListener('abort', () => late.reject(named('AbortError')));
  if (abort?.aborted === true) late.reject(named('AbortError'));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    late.promise.catch(() => undefined);
  }
}

function named(name: string): Error {
  return Object.assign(new Error('no token in time'), { name });
}

/** Only an answer of Entra ID's tells a refusal from an endpoint that fails. */
function codeOf(status: number | undefined): ErrorCode {
  return status !== undefined && status >= 400 && status < 500 && status !== 429 ? 'not-permitted' : 'unavailable';
}
