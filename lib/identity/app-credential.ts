import type { TokenCredential } from '@azure/core-auth';
import { ProvisionerError, type ErrorCode } from '../errors.ts';
import { keepSecret } from '../secrets.ts';

interface Thrown {
  name?: string;
  statusCode?: number;
}

/**
 * The app's own credential, whose tokens are noted as secrets and whose failures have a code: the SDK quotes the token
 * endpoint's answer at length, whatever that holds.
 */
export function withSafeErrors(credential: TokenCredential, clientId?: string): TokenCredential {
  // App Service's own key to its token endpoint
  keepSecret(process.env['IDENTITY_HEADER']);
  const object = `ManagedIdentity/${clientId ?? 'default'}`;
  return {
    async getToken(scopes, options) {
      try {
        const token = await credential.getToken(scopes, options);
        keepSecret(token?.token);
        return token;
      } catch (cause) {
        const { name = 'Error', statusCode } = cause as Thrown;
        if (name === 'AbortError') throw cause;
        throw new ProvisionerError(codeOf(statusCode), `no token for the app's identity could be had: ${name}`, {
          object,
          mend: 'assign the identity to the app and name its client id in the settings; on a laptop, az login',
          cause,
        });
      }
    },
  };
}

/** Only an answer of Entra ID's tells a refusal from an endpoint that fails. */
function codeOf(status: number | undefined): ErrorCode {
  return status !== undefined && status >= 400 && status < 500 && status !== 429 ? 'not-permitted' : 'unavailable';
}
