import type { TokenCredential } from '@azure/core-auth';
import { ProvisionerError } from '../errors.ts';

/** How to reach Azure Resource Manager. */
export interface ArmAccess {
  /** Public Azure when left out. */
  endpoint?: string;
  /** A stand-in on this machine, over plain http: no token is asked for or sent. */
  loopback: boolean;
  /** Needed unless `loopback`. */
  credential?: TokenCredential;
}

const PUBLIC_AZURE = 'https://management.azure.com';
/** As the SDKs name it. */
const TOKEN_POLICY = 'bearerTokenAuthenticationPolicy';
const NO_CREDENTIAL: TokenCredential = { getToken: async () => null };

interface Pipeline {
  removePolicy(options: { name: string }): unknown;
}

export interface ArmClientOptions {
  endpoint: string;
  /** Where the older generation of SDKs looks for the token's scope, and the newer one. */
  credentialScopes: string;
  credentials: { scopes: string[] };
  allowInsecureConnection: boolean;
  retryOptions: { maxRetries: number };
}

/** Options for any ARM client: the endpoint, the scope that belongs to it, and no retries but the caller's own. */
export function armClientOptions(arm: ArmAccess): ArmClientOptions {
  const endpoint = (arm.endpoint ?? PUBLIC_AZURE).replace(/\/+$/, '');
  const scope = `${endpoint}/.default`;
  return {
    endpoint,
    credentialScopes: scope,
    credentials: { scopes: [scope] },
    allowInsecureConnection: arm.loopback,
    retryOptions: { maxRetries: 0 },
  };
}

/** The credential to construct a client with; one that gives no token where none is wanted. */
export function armCredential(arm: ArmAccess): TokenCredential {
  return arm.loopback ? NO_CREDENTIAL : (arm.credential ?? NO_CREDENTIAL);
}

/** Takes the token out of a loopback client's requests, which the SDK would else refuse to send over plain http. */
export function withoutToken<C extends { pipeline: Pipeline }>(client: C, arm: ArmAccess): C {
  if (arm.loopback) client.pipeline.removePolicy({ name: TOKEN_POLICY });
  return client;
}

export interface ArmId {
  subscription: string;
  resourceGroup: string;
  name: string;
}

const SHAPE = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/([^/]+\/[^/]+)\/([^/]+)\/?$/i;

/** Takes the ARM id of a resource apart; throws `settings` where it is not one of the given type. */
export function parseArmId(id: string, type: string): ArmId {
  const [, subscription, resourceGroup, found, name] = SHAPE.exec(id) ?? [];
  if (subscription && resourceGroup && name && found?.toLowerCase() === type.toLowerCase())
    return { subscription, resourceGroup, name };
  throw new ProvisionerError('settings', `${id} is not the ARM id of a ${type}`);
}

export function parseIdentityId(id: string): ArmId {
  return parseArmId(id, 'Microsoft.ManagedIdentity/userAssignedIdentities');
}

/** The last segment of an ARM id. */
export function nameOfIdentity(identityId: string): string {
  return identityId.slice(identityId.lastIndexOf('/') + 1);
}

/** ARM compares ids without case. */
export function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/**
 * Throws if an answer claims success but is not JSON, as a proxy's page is. The SDK would take it for a credential that was
 * written, or for an empty list, and a credential that no list shows would never be removed.
 */
export function checkAnswer(answer: { status: number; bodyAsText?: string | null | undefined }): void {
  const { status, bodyAsText: text } = answer;
  if (status >= 300 || text === undefined || text === null || text === '') return;
  try {
    JSON.parse(text);
  } catch {
    const object = 'Azure Resource Manager';
    throw new ProvisionerError('unavailable', `${object}: the answer ${status} is not JSON`, { object });
  }
}
